"""Declares the stages ``speech/pretrained_<model>``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import JsonValue

from vernacular.config.schema import Language
from vernacular.config.speech import SpeechModel
from vernacular.core.entry_point import EntryPoint
from vernacular.modeling.base_files import fingerprints
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.speech.pretraining.stage_results import SpeechPretrainingResult


def stages(language: Language, only_model: str | None = None) -> list[Stage]:
    """Return the stage of each model of speech that has ``pretraining``; arguments as in ``speech.stages``."""
    assert language.speech is not None
    return [_stage(language, name, model) for name, model in language.speech.models_to_run(only_model).items()
            if model.pretraining is not None]


def _stage(language: Language, name: str, model: SpeechModel) -> Stage:
    assert model.pretraining is not None
    return Stage(
        name=f"speech/pretrained_{name}", version="1",
        inputs=("speech/recordings", "speech/clean", "speech/splits"),
        run=EntryPoint("vernacular.speech.pretraining.stage:run", name=name, model=model),
        result=SpeechPretrainingResult, seed=model.pretraining.seed, heavy=True, kinds=("pytorch", "transformers"),
        settings=partial(_settings, model=model), outside=partial(_outside, model=model),
        gates=(GateSpec("speech_learned", "The held-out loss of the base's own objective fell, or nothing was "
                                          "trained.", False),),
        description=f"`{name}` pretrained on speech of {language.name}, transcribed or not, with the objective of "
                    "its family. With too little speech, or without a gain on held-out speech, the base stays as "
                    "it is.")


def _settings(language: Language, model: SpeechModel) -> dict[str, JsonValue]:
    assert model.pretraining is not None
    return {"base": model.base.model_dump(mode="json"),
            "pretraining": model.pretraining.model_dump(mode="json", exclude={"checkpoint_minutes"})}


def _outside(language: Language, root: Path, model: SpeechModel) -> dict[str, str]:
    return fingerprints(model.base, language)
