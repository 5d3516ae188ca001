"""Declares the stage ``speech/clean``."""

from __future__ import annotations

from vernacular.config.schema import Language
from vernacular.core.entry_point import EntryPoint
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.speech.cleaning.settings import SpeechCleanSettings
from vernacular.speech.cleaning.stage_results import SpeechCleanResult

GATES = (GateSpec("speech_left", "At least one utterance is left.", True),
         GateSpec("speech_losses", "No rule drops more than a tenth of the speech or transcripts of a source.", False))


def stages(language: Language) -> list[Stage]:
    """The stage that cleans the recordings of ``language``."""
    return [Stage(
        name="speech/clean", version="1", inputs=("speech/recordings",), settings=_settings,
        run=EntryPoint("vernacular.speech.cleaning.stage:run"), result=SpeechCleanResult, gates=GATES,
        description="Utterances without silence at their ends, noise, clipped sound, wrong transcripts and copies of "
                    "the same recording. `rejects.parquet` has each dropped recording or transcript with rule, "
                    "reason and value.")]


def _settings(language: Language) -> SpeechCleanSettings:
    assert language.speech is not None
    return SpeechCleanSettings(cleaning=language.speech.cleaning, orthography=language.cleaning.orthography,
                               script=language.script, script_share=language.cleaning.script_share)
