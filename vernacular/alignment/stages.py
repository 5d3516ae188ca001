"""Declares the stage ``alignment/<name>``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import JsonValue

from vernacular.alignment.pairs import references_version, scores_translations
from vernacular.config.schema import Language, Model
from vernacular.config.stage_settings import clean_settings
from vernacular.config.training import Alignment
from vernacular.core.entry_point import EntryPoint
from vernacular.corpus.side_texts import versions
from vernacular.modeling.base_files import fingerprint, fingerprints
from vernacular.pipeline.stage import Stage


def _outside(language: Language, root: Path, model: Model, asked: Alignment) -> dict[str, str]:
    teacher = {} if asked.teacher is None else {"teacher": fingerprint(asked.teacher, language)}
    return {**fingerprints(model.base, language), **teacher, **versions(asked.beside, language, root),
            **references_version(language, asked, root)}


def _settings(language: Language, model: Model, asked: Alignment) -> dict[str, JsonValue]:
    mine = asked.settings()
    del mine["weight"]  # it is specific to each training
    return {"base": model.base.model_dump(mode="json"), "alignment": mine, "steps": model.pretraining.steps,
            "scored": scores_translations(language), **clean_settings(language).beside()}


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """Return the stage ``alignment/<name>``; none without translations."""
    asked = model.alignment
    if asked is None:
        return []

    return [Stage(
        name=f"alignment/{name}", version="4", inputs=("corpus/splits",),
        run=EntryPoint("vernacular.alignment.stage:run", name=name, model=model, asked=asked),
        seed=model.seed, heavy=True,
        kinds=("pytorch", "transformers"), settings=partial(_settings, model=model, asked=asked),
        outside=partial(_outside, model=model, asked=asked),
        description=f"Sentences in {language.name} with their translations, which `{name}` learns from.")]
