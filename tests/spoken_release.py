"""A language folder with speech alone, trained and released in seconds: tones for letters, a tiny base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.speech.transcription.spoken import write_base, write_language
from vernacular.config.schema import Language
from vernacular.core.report import Report
from vernacular.core.store import Store
from vernacular.pipeline.stage import Stage, StageContext, run_stage
from vernacular.speech.behavior.stages import stages as behavior_stages
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.recordings.stage import write_speakers
from vernacular.speech.release.stages import stages as release_stages
from vernacular.speech.transcription import sounds
from vernacular.speech.transcription.stages import SPEECH
from vernacular.speech.transcription.stages import stages as transcription_stages
from vernacular.speech.utterance import read_utterances, write_utterances

MODEL = "tiny"
SETTINGS: dict[str, Any] = {
    "sources": [{"name": "made", "kind": "audio", "licence": "CC0-1.0", "consent": "contributor",
                 "uses": ["training", "release"], "transcripts": {"kind": "none"}}],
    "models": {MODEL: {"base": {"path": "base", "licence": "MIT"}, "steps": 30, "batch_seconds": 8,
                       "learning_rate": 0.01}}, "behaviour": {"cases": 1}}
UNTRANSCRIBED = 3


def _recordings(work: StageContext[Any]) -> Report:
    write_language(work.out, 40)
    utterances = read_utterances(work.out)
    write_utterances(work.out, [replace(one, text="" if 0 < number <= UNTRANSCRIBED else one.text)
                                for number, one in enumerate(utterances)])
    write_speakers(work.out, utterances, Speakers.of(work.language))
    return Report()


def make_release(place: Path, settings: dict[str, Any] = SETTINGS) -> tuple[Store, Language]:
    """Run all stages of a made-up language in ``place``."""
    folder = place / "languages" / "qaa"
    if not folder.exists():  # else another worker made it: the stages are up to date
        write_base(folder / "base")
    language = Language(code="qaa", folder=folder, name="Made", script="Latn", speech=settings)
    store = Store(place / "artifacts")
    given: list[Stage[Any]] = [Stage(name=name, version="1", inputs=(), settings=lambda _: {}, run=_recordings,
                                     description="") for name in SPEECH]
    for stage in given:
        run_stage(stage, language, store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sounds, "_NOISES", 4)  # which take most of the time
        run_model(store, language)
    return store, language


def run_model(store: Store, language: Language) -> None:
    """Run training and release, as far as they are not there."""
    assert language.speech is not None
    model = language.speech.models[MODEL]
    for stage in (*transcription_stages(language, MODEL, model), *behavior_stages(language, MODEL, model),
                  *release_stages(language, MODEL, model)):
        run_stage(stage, language, store)
