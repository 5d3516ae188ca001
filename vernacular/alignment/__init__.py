"""Translations: pairs of sentences that say the same in the language and in a language of the base.

``keyed`` reads texts with the keys that name them, ``join`` joins two sides by key, ``pairs`` gives the pairs that may
be learned from, and those of held-out documents; ``learned`` is what the stage keeps of them, ``objective`` the loss
that pretraining adds, ``stage`` the stage.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from vernacular.config.schema import Language, Model
from vernacular.config.training import Alignment
from vernacular.core.store import Report
from vernacular.corpus import clean_settings
from vernacular.modeling.base_models import fingerprints
from vernacular.pipeline.stage import Stage, Work


def _outside(language: Language, root: Path, model: Model, asked: Alignment) -> dict[str, str]:
    from vernacular.alignment.pairs import references_version
    from vernacular.pretraining.data_mixture import versions
    return {**fingerprints(model.base, language), **versions(asked.beside, language, root),
            **references_version(language, asked, root)}


def _settings(language: Language, model: Model, asked: Alignment) -> dict[str, Any]:
    mine = asked.model_dump(mode="json", by_alias=True, exclude={"weight"})  # that is each training's
    return {"base": model.base.model_dump(mode="json"), "alignment": mine, "steps": model.pretraining.steps,
            **clean_settings(language).beside()}


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """The stage ``alignment/<name>``; none where the folder names no translations."""
    asked = model.alignment
    if asked is None:
        return []

    def run(work: Work) -> Report:
        from vernacular.alignment.stage import run as align
        return align(work, name, model, asked)

    return [Stage(
        name=f"alignment/{name}", version="3", inputs=("corpus/splits",), run=run, seed=model.seed, heavy=True,
        kinds=("pytorch", "transformers"), settings=partial(_settings, model=model, asked=asked),
        outside=partial(_outside, model=model, asked=asked),
        description=f"Sentences in {language.name} with their translations, which `{name}` learns from.")]
