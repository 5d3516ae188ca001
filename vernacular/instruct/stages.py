"""Declares the stages ``instruct/<name>`` and ``chat/<task>_<name>``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from vernacular.config.schema import Language, Model
from vernacular.config.stage_names import SPLITS, chat_tasks, model_stages
from vernacular.core.entry_point import EntryPoint
from vernacular.instruct.gates import SPECS
from vernacular.instruct.stage_results import InstructResult
from vernacular.modeling.base_files import fingerprint, fingerprints
from vernacular.pipeline.stage import Stage
from vernacular.tokenizer.base_language_text import retention_versions


def _outside(language: Language, root: Path, model: Model) -> dict[str, str]:
    assert model.instruct is not None  # the stage exists only with one
    return {**fingerprints(model.base, language), "instruct": fingerprint(model.instruct.model, language),
            **retention_versions(model, language, root)}


def _settings(language: Language, name: str, model: Model) -> dict[str, JsonValue]:
    assert model.instruct is not None
    return {"base": model.base.model_dump(mode="json"), "instruct": model.instruct.model_dump(mode="json"),
            "items": model.likelihood_items, "replayed": model.pretraining.replay > 0,
            "chats": bool(chat_tasks(language, name)),
            "retention": [source.model_dump(mode="json", by_alias=True) for source in model.retention]}


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """Return the stages ``instruct/<name>`` and ``chat/<task>_<name>`` of a model with ``instruct``."""
    if model.instruct is None:
        return []
    about: dict[str, Any] = {
        "version": "1", "heavy": True, "seed": model.seed, "result": InstructResult, "gates": SPECS,
        "settings": partial(_settings, name=name, model=model), "outside": partial(_outside, model=model),
        "kinds": ("pytorch", "transformers")}
    read = (SPLITS, *model_stages(name))
    made = [Stage(
        name=f"instruct/{name}", inputs=read, run=EntryPoint("vernacular.instruct.stage:run", name=name, model=model),
        description=f"A model that answers: what training taught `{name}`, added to its instruction-tuned sibling, and "
                    "how that answers in chats before and after.", **about)]
    return made + [Stage(
        name=f"chat/{task}_{name}", inputs=(*read, f"instruct/{name}", f"task/{task}_{name}"),
        run=EntryPoint("vernacular.instruct.stage:run_tuned", name=name, model=model, task_name=task),
        description=f"The model that answers after it learned from the conversations of `{task}`, and how that answers "
                    "in chats, beside the instruct model.", **about) for task in chat_tasks(language, name)]
