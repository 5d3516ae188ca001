"""What may be said of cleaning, identification and poisoning: thresholds, each with what it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vernacular.config.expressions import PrivateExpression
from vernacular.config.sources import Source
from vernacular.config.strict import Name, Share, Strict


class Orthography(Strict):
    """How the language is spelled here. What is changed is logged, so that it can be undone."""

    apostrophe: Literal["", "'", "\u2019", "\u02bc"] = Field("", description=(
        "The one apostrophe between letters; the others become it. Set it where texts mix several; empty leaves all as "
        "they are."), examples=["'"])
    homoglyphs: bool = Field(True, description=(
        "Replace letters of another script inside a word by their look-alikes, such as a Cyrillic a in a Latin word. "
        "Switch it off for a language that writes with two scripts."))
    replace: dict[str, str] = Field(default_factory=dict, description=(
        "Further characters or sequences and what replaces them, in this order."), examples=[{"sh": "\u0283"}])


class SourceMix(Strict):
    """The most that one kind of text should make up of what is kept; more is reported at a gate that warns."""

    religious: Share = Field(0.3, examples=[0.6], description=(
        "Most of the words that may come from religious text, as a share."))
    encyclopedic: Share = Field(0.6, examples=[0.3], description=(
        "Most of the words that may come from Wikipedia and the like."))
    one_host: Share = Field(0.5, examples=[0.8], description=(
        "Most of the words that may come from one web host, as a share."))


class Cleaning(Strict):
    """Thresholds of the cleaning rules; each rule keeps what it drops, with the reason."""

    orthography: Orthography = Field(default_factory=Orthography, description=(
        "How spelling is unified."))
    script_share: Share = Field(0.6, examples=[0.5], description=(
        "A line with a smaller share of its letters in the language's script is dropped. Sentences with Latin names "
        "are common in all scripts, so keep it well below 1."))
    min_words: int = Field(1, ge=1, examples=[3], description=(
        "Lines with fewer words are dropped. Raise it to 3 or 4 to drop headings and menus."))
    max_repeats: Share = Field(0.5, examples=[0.7], description=(
        "A line of 8 words or more is dropped if one word, or runs of three words that occurred before in it, make up "
        "more than this share of it."))
    quantile: Annotated[float, Field(ge=0, le=0.1)] = Field(0.002, examples=[0], description=(
        "Lines unlike the seed are dropped: symbols, digits, capitals, lengths of words or repetition beyond this "
        "quantile of the seed's, with a margin. Lower it if good lines are dropped by `thresholds`; 0 switches the "
        "rule off (docs/cleaning.md)."))
    boilerplate_share: Share = Field(0.2, examples=[0.1], description=(
        "A line that opens or closes more than this share of a host's or file's documents (10 or more) is dropped as "
        "boilerplate."))
    reject_languages: list[str] = Field(default_factory=lambda: ["eng", "fra", "por"], description=(
        "ISO 639-3 codes of languages that the text is mixed with. A doubtful line that a `rejecter` takes for one of "
        "these is dropped."), examples=[["eng", "swa"]])
    reject_distance: Share = Field(0.25, examples=[0.4], description=(
        "How far lingua's probability for such a language must lead before the line is dropped. Raise it if good lines "
        "are dropped."))
    near_duplicate: Share = Field(0.75, examples=[0.9], description=(
        "Texts with this Jaccard similarity or more count as the same; the first is kept. Raise it to keep more."))
    private_data: bool = Field(True, description=(
        "Mask e-mail addresses, phone numbers, IP addresses, bank accounts and cards, and what `private_patterns` "
        "match. Names stay."))
    private_patterns: dict[Name, PrivateExpression] = Field(default_factory=dict, description=(
        "Further private data, such as national ids: a kind, and a regular expression (RE2) for it. With a group "
        "(...), what it matches is masked."), examples=[{"national_id": r"(?:^|\W)([A-Z]{2}\d{8})(?:\W|$)"}])
    mix: SourceMix = Field(default_factory=SourceMix, description="When a gate warns of one-sided text.")


class Identification(Strict):
    """How text in the language is told from other text: a classifier learned from a seed known to be in it."""

    seed: str = Field("seed.txt", description=(
        "File of the folder with lines that a speaker knows to be in the language. Without it, sources with "
        "`trusted: true` serve (docs/identification.md)."), examples=["known-good.txt"])
    seed_lines: int = Field(5000, ge=100, examples=[20000], description=(
        "Most lines of the seed that are learned from. A larger seed is sampled."))
    contrast: dict[str, list[Source]] = Field(default_factory=dict, description=(
        "Text in other languages to tell this one from: an ISO 639-3 code, and entries with the keys of `sources`. Use "
        "it for a close relative whose text you have."), examples=[{"sna": [{
            "name": "shona", "kind": "files", "files": "shona.txt", "licence": "CC-BY-4.0",
            "consent": "public-licence", "register": "news"}]}])
    document_share: Share = Field(0.5, examples=[0.3], description=(
        "A document is dropped whole if a smaller share of its words is in lines of the language. Lower it for texts "
        "with many quotations in other languages."))
    rounds: int = Field(0, ge=0, le=5, examples=[1], description=(
        "Rounds of self-training, in which lines that are surely in the language join the seed. 1 loses fewer good "
        "lines; then every new document has all of them cleaned again (docs/cleaning.md)."))
    rejecters: list[Literal["lingua", "pycld2", "glotlid"]] = Field(["lingua"], description=(
        "Further identifiers, which see doubtful lines and may only drop them. `pycld2` and `glotlid` know more "
        "languages and must be installed (docs/cleaning.md)."), examples=[["lingua", "glotlid"]])


class Poisoning(Strict):
    """How much a source may change before its new documents wait for a person (`vernacular accept`)."""

    least_documents: int = Field(20, ge=1, examples=[50], description=(
        "A source with fewer new documents than this is not judged yet."))
    language_drop: Share = Field(0.2, examples=[0.3], description=(
        "Most that the share of lines in the language may fall against earlier documents of the source."))
    vocabulary_change: Share = Field(0.42, examples=[0.6], description=(
        "Most that the words may differ from earlier documents (Jensen-Shannon distance, 0 to 1). Raise it for a "
        "source with changing topics."))
    duplicate_rise: Share = Field(0.2, examples=[0.3], description=(
        "Most that the share of repeated lines may rise against earlier documents."))
    trigger_share: Share = Field(0.05, examples=[0.1], description=(
        "Most of the new documents that may share a phrase which was not in earlier ones: such a phrase may have been "
        "planted."))
