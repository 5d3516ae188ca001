"""Declares the stages ``task/<task>_<name>``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import JsonValue

from vernacular.alignment.pairs import references_version
from vernacular.config.schema import Language, Model
from vernacular.config.stage_names import SPLITS, model_stages
from vernacular.config.stage_settings import clean_settings
from vernacular.core.entry_point import EntryPoint
from vernacular.corpus.side_texts import versions
from vernacular.datasets.labeled import transfer_version, version_of
from vernacular.modeling.base_files import fingerprint, fingerprints
from vernacular.pipeline.stage import GateSpec, Stage
from vernacular.tasks.stage_results import TaskResult


def _outside(language: Language, root: Path, model: Model, task: str) -> dict[str, str]:
    digests = {"data": version_of(language, task, root), "transfer": transfer_version(language, task, root)}
    translations: dict[str, str] = {}
    if language.tasks[task].reads_translations and model.alignment is not None:
        translations = {**versions(model.alignment.beside, language, root),
                        **references_version(language, model.alignment, root)}
    tower = language.tasks[task].tower
    if tower is not None:
        translations["tower"] = fingerprint(tower, language)
    return {**fingerprints(model.base, language), **{name: digest for name, digest in digests.items() if digest},
            **translations}


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """Return a stage ``task/<task>_<name>`` for each task of the folder."""
    def settings(language: Language, task: str) -> dict[str, JsonValue]:
        about = language.tasks[task].model_dump(mode="json", exclude={
            "description": True, "language": True, "data": {"licence", "url"},
            "transfer": {"data": {"licence", "url"}}})
        for key in ("transfer", "tower"):
            if getattr(language.tasks[task], key) is None:
                del about[key]
        if model.teaches(language.tasks[task]):
            about["teacher"] = True
        if language.tasks[task].reads_translations and model.alignment is not None:
            about["translations"] = [entry.model_dump(mode="json", by_alias=True)
                                     for entry in model.alignment.translations]
            about["cleaning"] = clean_settings(language).beside()
        return {"task": about, "lora": model.lora.model_dump(mode="json"),
                "base": model.base.model_dump(mode="json"), "objective": model.objective}

    gates = (
        GateSpec("every_seed_alive", "No seed of any variant, at any size, ended at or below the majority "
                                     "baseline.", False),
        GateSpec("adapted_beats_base", "The adapted model scores above the base by more than the interval.", False))
    return [Stage(
        name=f"task/{task}_{name}", version="15" if about.of_pictures else "13", seed=model.seed, heavy=True,
        kinds=("pytorch", "peft"), gates=gates,
        inputs=(SPLITS, *((f"alignment/{name}",) if model.teaches(about) else ()), *model_stages(name),
                *((f"instruct/{name}",) if about.of_chats else ())),
        run=EntryPoint("vernacular.tasks.stage:run", name=name, model=model, task_name=task), result=TaskResult,
        settings=partial(settings, task=task),
        outside=partial(_outside, model=model, task=task),
        description=f"`{task}`: {about.description or about.kind}") for task, about in language.tasks_of(name).items()]
