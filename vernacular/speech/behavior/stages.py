"""Declares the stage ``speech/behaviour_<model>``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import JsonValue

from vernacular.config.schema import Language
from vernacular.config.speech import SpeechModel
from vernacular.core.entry_point import EntryPoint
from vernacular.modeling.base_files import fingerprints
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.behavior.table import (
    CHANGED,
    MARKS,
    MOST_FOREIGN,
    MOST_INVENTED,
    MOST_MARKLESS,
    NOTHING,
    SCRIPT,
)
from vernacular.speech.transcription.stages import SPEECH


def stages(language: Language, name: str, model: SpeechModel) -> list[Stage]:
    """The stage that tests the speech model ``name``."""
    pretrained = (f"speech/pretrained_{name}",) if model.pretraining is not None else ()
    return [Stage(
        name=f"speech/behaviour_{name}", version="1", inputs=(*SPEECH, *pretrained, f"speech/transcription_{name}"),
        run=EntryPoint("vernacular.speech.behavior.stage:run", name=name, model=model), result=SpeechBehaviorResult,
        settings=partial(_settings, model=model), outside=partial(_outside, model=model), gates=_gates(), heavy=True,
        kinds=("huggingface", "python"),
        description=f"What `{name}` writes for silence, noise and music, for speech at another speed, volume, in a "
                    "room, by telephone and with another voice; and the gaps between groups of speakers.")]


def _gates() -> tuple[GateSpec, ...]:
    invented = [GateSpec(name, f"For {what} nothing is written, with at most {MOST_INVENTED:.0%} exceptions.", False)
                for name, what in NOTHING.items()]
    changed = [GateSpec(name, f"For {what}, at most {threshold:.0%} of the utterances have clearly more errors.", False)
               for name, (what, threshold) in CHANGED.items()]
    return (*invented, *changed,
            GateSpec(MARKS, f"Tones and other marks are written, with at most {MOST_MARKLESS:.0%} exceptions.", False),
            GateSpec(SCRIPT, f"At most {MOST_FOREIGN:.0%} of the transcripts have a letter of another script.", False))


def _settings(language: Language, model: SpeechModel) -> dict[str, JsonValue]:
    assert language.speech is not None
    return {"behaviour": language.speech.behaviour.model_dump(mode="json"), "script": language.script,
            "model": model.model_dump(mode="json", exclude={"enabled", "checkpoint_minutes"})}


def _outside(language: Language, root: Path, model: SpeechModel) -> dict[str, str]:
    return fingerprints(model.base, language)
