"""Continued self-supervised pretraining: with the extended tokenizer, and the control arm with the original one.

Both arms see the same text with the same number of steps (RECIPE 0). ``packing`` makes blocks, ``masking`` the masked
objective, ``objectives`` the losses, ``loop`` trains and resumes, ``budget`` turns minutes into steps, ``stage`` is
the stage.
"""

from __future__ import annotations

from functools import partial

from vernacular.arms import Arm
from vernacular.artifacts import Report
from vernacular.config.schema import Language, Model
from vernacular.models import fingerprints
from vernacular.stages import GateSpec, Stage, Work

TRAINED: tuple[tuple[Arm, str, str], ...] = (
    ("adapted", "", "the extended tokenizer"), ("control", "_control", "the original tokenizer"))


def _run(work: Work, name: str, model: Model, arm: Arm) -> Report:
    from vernacular.pretraining.stage import run
    return run(work, name, model, arm)


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """The stages ``model/<name>`` (extended tokenizer) and ``model/<name>_control`` (original tokenizer)."""
    made = []
    for arm, suffix, words in TRAINED:
        made.append(Stage(
            name=f"model/{name}{suffix}", version="1", inputs=("corpus/splits", f"tokenizer/{name}"),
            run=partial(_run, name=name, model=model, arm=arm), seed=model.seed, heavy=True,
            kinds=("pytorch", "transformers"),
            settings=lambda language: {
                "base": model.base.model_dump(mode="json"), "objective": model.objective,
                "pretraining": model.pretraining.model_dump(mode="json", exclude={"checkpoint_minutes"})},
            outside=lambda language, root: fingerprints(model.base, language),
            gates=(GateSpec("learned", "Held-out likelihood improved during pretraining.", True),),
            description=f"`{name}` pretrained on {language.name} text with {words}."))
    return made
