"""Downstream tasks, LoRA-fine-tuned on base, control and adapted with the same budget and the same seeds.

``items`` derives labelled items from the splits, ``finetune`` trains one, ``floors`` gives what a simple method
reaches, ``scoring`` the metrics and intervals, ``predictor`` loads a fine-tuned model, ``stage`` is the stage.
"""

from __future__ import annotations

from functools import partial

from vernacular.artifacts import Report
from vernacular.config.schema import Language, Model
from vernacular.corpus.words import words as words_of
from vernacular.models import fingerprints
from vernacular.stages import GateSpec, Stage, Work

__all__ = ["stages", "words_of"]


def _run(work: Work, name: str, model: Model, task: str) -> Report:
    from vernacular.tasks.stage import run
    return run(work, name, model, task)


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """A stage ``task/<task>_<name>`` for each task of the folder."""
    def settings(language: Language, task: str) -> dict[str, object]:
        return {"task": language.tasks[task].model_dump(mode="json"), "lora": model.lora.model_dump(mode="json"),
                "base": model.base.model_dump(mode="json"), "objective": model.objective}

    gates = (
        GateSpec("every_seed_alive", "No seed ended at or below the majority floor on every arm.", False),
        GateSpec("adapted_beats_base", "The adapted model scores above the base by more than the interval.", False))
    return [Stage(
        name=f"task/{task}_{name}", version="1", seed=model.seed, heavy=True, kinds=("pytorch", "peft"), gates=gates,
        inputs=("corpus/splits", f"tokenizer/{name}", f"model/{name}", f"model/{name}_control"),
        run=partial(_run, name=name, model=model, task=task), settings=partial(settings, task=task),
        outside=lambda language, root: fingerprints(model.base, language),
        description=f"`{task}`: {about.description or about.kind}") for task, about in language.tasks.items()]
