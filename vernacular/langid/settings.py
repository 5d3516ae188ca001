"""The slice of settings that ``corpus/identifier`` reads."""

from __future__ import annotations

from vernacular.config.cleaning import Identification, Orthography
from vernacular.config.schema import Language
from vernacular.config.sources import Source
from vernacular.config.strict import Strict


class IdentifierSettings(Strict):
    """The slice that ``corpus/identifier`` reads."""

    code: str
    script: str
    neighbours: list[str]
    identification: Identification
    orthography: Orthography
    quantile: float
    trusted: list[Source]


def identifier_settings(language: Language) -> IdentifierSettings:
    """What ``corpus/identifier`` reads of the settings."""
    trusted = [source for source in language.sources if source.trusted]
    return IdentifierSettings(code=language.code, script=language.script, neighbours=language.neighbours,
                              identification=language.identification, trusted=trusted,
                              orthography=language.cleaning.orthography, quantile=language.cleaning.quantile)
