"""Declares the stage ``speech/recordings``."""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue

from vernacular.config.schema import Language
from vernacular.core.entry_point import EntryPoint
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.speech.recordings.stage_results import RecordingsResult


def stages(language: Language) -> list[Stage]:
    """The stage that reads the recordings of ``language``."""
    return [Stage(
        name="speech/recordings", version="1", inputs=(), settings=_settings, outside=_outside,
        run=EntryPoint("vernacular.speech.recordings.stage:run"), result=RecordingsResult, includes_licenses=True,
        gates=(GateSpec("recordings_readable", "Every recording of every source can be read.", False),
               GateSpec("some_speech", "There is at least one utterance.", True)),
        description="Every utterance of every source, mono at 16 kHz, with its ledger row: source, speaker's "
                    "pseudonym, licence, consent, uses. What was withdrawn is not among them; `rejects.parquet` says "
                    "why a file could not be read.")]


def _settings(language: Language) -> dict[str, JsonValue]:
    assert language.speech is not None
    speech = language.speech.model_dump(mode="json", include={"sources", "speakers"})
    return {**speech, "limits": language.limits.model_dump(mode="json")}


def _outside(language: Language, root: Path) -> dict[str, str]:
    return {}
