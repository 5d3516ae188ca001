"""The parts of the settings that the corpus stages read."""

from __future__ import annotations

from pydantic import JsonValue

from vernacular.config.cleaning import Cleaning, Identification, Orthography, Poisoning
from vernacular.config.schema import Language
from vernacular.config.sources import Source
from vernacular.config.strict import Strict


class CleanSettings(Strict):
    """Settings of ``corpus/clean``: thresholds and properties of the language."""

    code: str
    script: str
    neighbours: list[str]
    cleaning: Cleaning
    document_share: float
    rejecters: list[str]
    poisoning: Poisoning
    overlap_words: int
    decide_by: str = "auto"

    def beside(self) -> dict[str, JsonValue]:
        """The settings that affect which lines of texts beside the corpus are used for training."""
        return self.model_dump(mode="json", by_alias=True, include={
            "script": True, "overlap_words": True,
            "cleaning": {"orthography", "private_data", "private_patterns"}})


def clean_settings(language: Language) -> CleanSettings:
    """Return the settings of ``corpus/clean``."""
    return CleanSettings(code=language.code, script=language.script, neighbours=language.neighbours,
                         cleaning=language.cleaning, poisoning=language.poisoning,
                         document_share=language.identification.document_share,
                         decide_by=language.identification.decide_by,
                         overlap_words=language.splits.overlap_words,
                         rejecters=list(language.identification.rejecters))


class IdentifierSettings(Strict):
    """Settings of ``corpus/identifier``."""

    code: str
    script: str
    neighbours: list[str]
    identification: Identification
    orthography: Orthography
    quantile: float
    trusted: list[Source]


def identifier_settings(language: Language) -> IdentifierSettings:
    """Return the settings of ``corpus/identifier``."""
    trusted = [source for source in language.sources if source.trusted]
    return IdentifierSettings(code=language.code, script=language.script, neighbours=language.neighbours,
                              identification=language.identification, trusted=trusted,
                              orthography=language.cleaning.orthography, quantile=language.cleaning.quantile)
