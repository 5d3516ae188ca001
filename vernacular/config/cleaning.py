"""Settings of cleaning, identification and source drift: thresholds and their meaning."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vernacular.config.expressions import PrivateExpression
from vernacular.config.sources import Source
from vernacular.config.strict import Name, Share, Strict


class Orthography(Strict):
    """How spelling is unified. Changes are logged, so that they can be undone."""

    apostrophe: Literal["", "'", "\u2019", "\u02bc"] = Field("", description=(
        "The apostrophe used between letters; all others are replaced by it. Set it if texts mix several; empty "
        "changes nothing."), examples=["'"])
    homoglyphs: bool = Field(True, description=(
        "Replace letters of another script inside a word by their look-alikes, such as a Cyrillic a in a Latin "
        "word. Disable it for a language written in two scripts."))
    replace: dict[str, str] = Field(default_factory=dict, description=(
        "Further characters or sequences and their replacements, applied in this order."), examples=[{"sh": "\u0283"}])


class SourceMix(Strict):
    """The largest share that one kind of text should have in the cleaned text; more triggers a warning gate."""

    religious: Share = Field(0.3, examples=[0.6], description=(
        "Largest share of words from religious text."))
    encyclopedic: Share = Field(0.6, examples=[0.3], description=(
        "Largest share of words from Wikipedia and similar sites."))
    one_host: Share = Field(0.5, examples=[0.8], description=(
        "Largest share of words from one web host."))


class Cleaning(Strict):
    """Thresholds of the cleaning rules; each rule stores what it drops, with the reason."""

    orthography: Orthography = Field(default_factory=Orthography, description=(
        "How spelling is unified."))
    script_share: Share = Field(0.6, examples=[0.5], description=(
        "Drop a line if a smaller share of its letters is in the language's script. Latin names are common in all "
        "scripts, so keep it well below 1."))
    min_words: int = Field(1, ge=1, examples=[3], description=(
        "Drop lines with fewer words. Raise it to 3 or 4 to drop headings and menus."))
    max_repeats: Share = Field(0.5, examples=[0.7], description=(
        "Drop a line of 8 words or more if one word, or repeated runs of three words, make up more than this "
        "share of it."))
    quantile: Annotated[float, Field(ge=0, le=0.1)] = Field(0.002, examples=[0], description=(
        "Drop lines unlike the seed: symbols, digits, capitals, word lengths or repetition beyond this quantile "
        "of the seed, with a margin. Raise it if `thresholds` drops good lines; 0 disables the rule "
        "(docs/reference/cleaning-rules.md)."))
    boilerplate_share: Share = Field(0.2, examples=[0.1], description=(
        "Drop a line as boilerplate if it begins or ends more than this share of a host's or file's documents (10 "
        "or more)."))
    reject_languages: list[str] = Field(default_factory=lambda: ["eng", "fra", "por"], description=(
        "ISO 639-3 codes of languages that occur in the sources. A doubtful line that a `rejecter` identifies as "
        "one of these is dropped."), examples=[["eng", "swa"]])
    reject_distance: Share = Field(0.25, examples=[0.4], description=(
        "Drop a line only if lingua's probability for such a language leads by this much. Raise it if good lines "
        "are dropped."))
    mixed_lines: Literal["keep", "list", "cut", "drop"] = Field("keep", examples=["cut"], description=(
        "What happens to lines with a part in one of `reject_languages`, such as an English sentence inside a line: "
        "`keep` does not look for them, `list` lists the parts in changes.parquet, `cut` also removes them, `drop` "
        "drops the line. All but `keep` need a seed, and cleaning takes a third longer."))
    mixed_words: int = Field(5, ge=3, examples=[8], description=(
        "Fewest words of such a part that is cut, or for which a line is dropped."))
    mixed_share: Share = Field(0.3, examples=[0.5], description=(
        "Drop a line (`mixed_lines: drop`) if at least this share of its words is in such parts."))
    near_duplicate: Share = Field(0.75, examples=[0.9], description=(
        "Texts with this Jaccard similarity or more are duplicates; the first is kept. Raise it to keep more."))
    private_data: bool = Field(True, description=(
        "Mask e-mail addresses, phone numbers, IP addresses, bank accounts, cards, and matches of "
        "`private_patterns`. Names are kept."))
    private_patterns: dict[Name, PrivateExpression] = Field(default_factory=dict, description=(
        "Further private data, such as national ids: a kind and a regular expression (RE2). If it has a group "
        "(...), only the group is masked."), examples=[{"national_id": r"(?:^|\W)([A-Z]{2}\d{8})(?:\W|$)"}])
    mix: SourceMix = Field(default_factory=SourceMix, description="When a gate warns of one-sided text.")


class Identification(Strict):
    """How text in the language is identified: a classifier trained on a seed known to be in the language."""

    seed: str = Field("seed.txt", description=(
        "File of the folder with lines that a speaker knows to be in the language. Without it, sources with "
        "`trusted: true` are used (docs/explanation/language-identification.md)."), examples=["known-good.txt"])
    seed_lines: int = Field(5000, ge=100, examples=[20000], description=(
        "Most seed lines used for training. A larger seed is sampled."))
    contrast: dict[str, list[Source]] = Field(default_factory=dict, description=(
        "Text in other languages as negatives: an ISO 639-3 code, and entries with the keys of `sources`. Use it "
        "for a closely related language whose text you have; an empty list means none for that language."),
        examples=[{"sna": [{"name": "shona", "kind": "files", "files": "shona.txt", "licence": "CC-BY-4.0",
                            "consent": "public-licence", "register": "news"}]}])
    fetch_contrast: bool = Field(False, examples=[True], description=(
        "Fetch text for entries of `neighbours` of which none is at hand: the Declaration of Human Rights (with npm), "
        "or FineWeb-2 (from the Hugging Face hub). Without it, only `contrast` and the seeds of other folders are "
        "used, and what was fetched before."))
    document_share: Share = Field(0.5, examples=[0.3], description=(
        "If a smaller share of a document's words is in lines of the language, only lines that are surely in it "
        "(probability of .9) are kept. Lower it for texts with many quotations in other languages."))
    decide_by: Literal["auto", "line", "document"] = Field("auto", examples=["document"], description=(
        "Whether a line is judged mostly by itself or its document is judged as a whole. `auto`: by document if lines "
        "do not separate the language from one of its neighbors (docs/explanation/language-identification.md)."))
    rounds: int = Field(0, ge=0, le=5, examples=[1], description=(
        "Rounds of self-training, in which lines that are clearly in the language join the seed. 1 loses fewer "
        "good lines, but then every new document triggers a full cleaning (docs/experiments/planted-noise.md)."))
    members: list[Literal["pycld2", "heliport", "lingua", "glotlid"]] = Field(["pycld2"], description=(
        "External identifiers that vote with the classifier; the weight of their votes is measured on the seed. "
        "`heliport` and `glotlid` must be installed, `lingua` is slow "
        "(docs/explanation/language-identification.md). `[]`: the classifier decides alone."),
        examples=[["pycld2", "heliport"]])
    precision: float = Field(0.97, ge=0.5, le=0.999, examples=[0.99], description=(
        "Share of accepted lines that should be in the language beside a near relative. A higher one loses more "
        "good lines. Used only with `members`."))
    rejecters: list[Literal["lingua", "pycld2", "glotlid"]] = Field(["lingua"], description=(
        "Further identifiers, which check doubtful lines and may only drop them. `glotlid` knows more languages and "
        "must be installed (docs/reference/cleaning-rules.md)."), examples=[["lingua", "glotlid"]])


class Poisoning(Strict):
    """How much a source may change before its new documents are quarantined (`vernacular accept`)."""

    least_documents: int = Field(20, ge=1, examples=[50], description=(
        "Do not check a source with fewer new documents."))
    language_drop: Share = Field(0.2, examples=[0.3], description=(
        "Largest drop of the share of lines in the language, compared with earlier documents of the source."))
    vocabulary_change: Share = Field(0.42, examples=[0.6], description=(
        "Largest distance of the words from earlier documents (Jensen-Shannon distance, 0 to 1). Raise it for a "
        "source with changing topics."))
    duplicate_rise: Share = Field(0.2, examples=[0.3], description=(
        "Largest rise of the share of repeated lines, compared with earlier documents."))
    trigger_share: Share = Field(0.05, examples=[0.1], description=(
        "Largest share of the new documents that may contain a phrase absent from earlier ones: such a phrase may "
        "have been planted."))
