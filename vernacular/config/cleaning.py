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
        "the one apostrophe between letters; the others become it. Empty: they stay as they are"))
    homoglyphs: bool = Field(True, description="letters of another script inside a word of this one become their twins")
    replace: dict[str, str] = Field(default_factory=dict, description="further characters or sequences and what they "
                                                                       "become; applied in this order")


class SourceMix(Strict):
    """The most that one kind of text should make up of what is kept; more is reported at a gate that warns."""

    religious: Share = Field(0.3, description="share of words from scripture and other religious text")
    encyclopedic: Share = Field(0.6, description="share of words from Wikipedia and the like")
    one_host: Share = Field(0.5, description="share of words from one web host")


class Cleaning(Strict):
    """Thresholds of the cleaning rules; each rule keeps what it drops, with the reason."""

    orthography: Orthography = Field(default_factory=Orthography)
    script_share: Share = Field(0.6, description="least share of a line's letters in the language's script; sentences "
                                                 "with Latin names are common in all scripts")
    min_words: int = Field(1, ge=1, description="shorter lines are dropped")
    max_repeats: Share = Field(0.5, description="most that one word, or runs of three words that stood before, may "
                                                "take up of a line of 8 words or more")
    quantile: Annotated[float, Field(ge=0, le=0.1)] = Field(0.002, description=(
        "lines whose measures (symbols, digits, capitals, word lengths, repetition) lie beyond this quantile of the "
        "seed's, with a margin, are dropped; 0 switches the learned thresholds off"))
    boilerplate_share: Share = Field(0.2, description=(
        "a line that opens or closes more than this share of a host's or file's documents (10 or more) is boilerplate"))
    reject_languages: list[str] = Field(default_factory=lambda: ["eng", "fra", "por"], description=(
        "ISO 639-3 codes; a line in doubt that a rejecter gives to one of these is dropped"))
    reject_distance: Share = Field(0.25, description="least lead of a rejected language over the next")
    near_duplicate: Share = Field(0.75, description="least Jaccard similarity of near-duplicate texts")
    private_data: bool = Field(True, description="mask e-mail addresses, phone numbers, IP addresses, bank accounts "
                                                 "and cards, and what private_patterns say; names stay")
    private_patterns: dict[Name, PrivateExpression] = Field(default_factory=dict, description=(
        "further private data by kind, as regular expressions of RE2: national ids, say; with a group (...), what it "
        "matches is masked"))
    mix: SourceMix = Field(default_factory=SourceMix)


class Identification(Strict):
    """How text in the language is told from other text: a classifier learned from a seed known to be in it."""

    seed: str = Field("seed.txt", description="file of the folder with lines known to be in the language; where it is "
                                              "absent, trusted sources serve")
    seed_lines: int = Field(5000, ge=100, description="most lines of the seed to learn from")
    contrast: dict[str, list[Source]] = Field(default_factory=dict, description=(
        "text in other languages to tell this one from: language code -> sources"))
    document_share: Share = Field(0.5, description="a document with less than this share of its words in lines of the "
                                                   "language is dropped whole")
    rounds: int = Field(0, ge=0, le=5, description="rounds of self-training on the documents; 0 leaves the seed alone")
    rejecters: list[Literal["lingua", "pycld2", "glotlid"]] = Field(["lingua"], description=(
        "further identifiers that are asked about lines in doubt, and only to drop them"))


class Poisoning(Strict):
    """How much a source may change before its new documents wait for a person (`vernacular accept`)."""

    least_documents: int = Field(20, ge=1, description="sources with fewer new documents are not judged")
    language_drop: Share = Field(0.2, description="most the share of lines in the language may fall")
    vocabulary_change: Share = Field(0.42, description="most the words may change (Jensen-Shannon distance, 0 to 1)")
    duplicate_rise: Share = Field(0.2, description="most the share of repeated lines may rise")
    trigger_share: Share = Field(0.05, description="most documents that may share a phrase that was not there before")
