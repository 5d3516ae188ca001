"""Downstream tasks, fine-tuned on base, control and adapted with the same budget and the same seeds.

``kind`` is the one interface of a kind of task; ``token_classification``, ``sequence_classification``,
``sentence_pairs``, ``question_answering``, ``sentence_retrieval`` and ``generation`` are the kinds. A further kind is
one module and an entry in ``kind._CLASSES``, and in ``KindName`` and ``COLUMNS`` of ``vernacular.config.tasks``.

Items come from ``data`` (what people labelled: files and the hub) or ``derived`` (what the corpus says of itself).
``network`` is a body with a head, ``classifier`` the classifiers of transformers over it, ``heads`` where a head
starts, ``finetune`` the training loop. ``floors`` is what a simple method reaches, ``scoring`` sums, scores and
intervals. ``curve`` and ``stage`` go over arms, sizes and seeds, ``transfer`` learns from labels in another language,
``calibration`` fits a temperature, ``report`` says what came out, ``predictor`` loads a fine-tuned model.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from vernacular.config.schema import Language, Model
from vernacular.core.store import Report
from vernacular.corpus import clean_settings
from vernacular.modeling.base_models import fingerprints
from vernacular.pipeline.stage import GateSpec, Stage, Work
from vernacular.text.words import words as words_of

__all__ = ["stages", "words_of"]


def _run(work: Work, name: str, model: Model, task: str) -> Report:
    from vernacular.tasks.stage import run
    return run(work, name, model, task)


def _outside(language: Language, root: Path, model: Model, task: str) -> dict[str, str]:
    from vernacular.alignment.pairs import references_version
    from vernacular.datasets import transfer_version, version_of
    from vernacular.pretraining.data_mixture import versions
    digests = {"data": version_of(language, task, root), "transfer": transfer_version(language, task, root)}
    translations: dict[str, str] = {}
    if language.tasks[task].reads_translations and model.alignment is not None:
        translations = {**versions(model.alignment.beside, language, root),
                        **references_version(language, model.alignment, root)}
    return {**fingerprints(model.base, language), **{name: digest for name, digest in digests.items() if digest},
            **translations}


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """A stage ``task/<task>_<name>`` for each task of the folder."""
    def settings(language: Language, task: str) -> dict[str, object]:
        about = language.tasks[task].model_dump(mode="json", exclude={
            "description": True, "language": True, "data": {"licence", "url"},
            "transfer": {"data": {"licence", "url"}}})
        if language.tasks[task].transfer is None:
            del about["transfer"]
        if language.tasks[task].reads_translations and model.alignment is not None:
            about["translations"] = [entry.model_dump(mode="json", by_alias=True)
                                     for entry in model.alignment.translations]
            about["cleaning"] = clean_settings(language).beside()
        return {"task": about, "lora": model.lora.model_dump(mode="json"),
                "base": model.base.model_dump(mode="json"), "objective": model.objective}

    gates = (
        GateSpec("every_seed_alive", "No seed of any arm, at any size, ended at or below the majority floor.", False),
        GateSpec("adapted_beats_base", "The adapted model scores above the base by more than the interval.", False))
    return [Stage(
        name=f"task/{task}_{name}", version="12", seed=model.seed, heavy=True, kinds=("pytorch", "peft"), gates=gates,
        inputs=("corpus/splits", f"tokenizer/{name}", f"model/{name}", f"model/{name}_control"),
        run=partial(_run, name=name, model=model, task=task), settings=partial(settings, task=task),
        outside=partial(_outside, model=model, task=task),
        description=f"`{task}`: {about.description or about.kind}") for task, about in language.tasks_of(name).items()]
