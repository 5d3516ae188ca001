"""The part of the settings that ``speech/clean`` reads."""

from __future__ import annotations

from vernacular.config.cleaning import Orthography
from vernacular.config.speech import SpeechCleaning
from vernacular.config.strict import Strict


class SpeechCleanSettings(Strict):
    """Settings of ``speech/clean``."""

    cleaning: SpeechCleaning
    orthography: Orthography
    script: str
    script_share: float
