"""A sentence encoder learns from translations what texts of the language mean, before it is pretrained.

It tells texts apart by their mean states, and knows little of a language that it has not seen. Sentences with their
translations teach it: the state of each is brought to the one that the base gives its translation (Reimers and
Gurevych 2004.09813). Pretraining then starts from it and holds texts to its states (``pretraining.keep_states``).
``keyed`` reads texts with the keys that name them, ``join`` joins two sides by key, ``pairs`` gives the pairs that may
be learned from, and those of held-out documents; ``train`` teaches, ``stage`` is the stage.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from vernacular.artifacts import Report
from vernacular.config.schema import Alignment, Language, Model
from vernacular.corpus import clean_settings
from vernacular.models import fingerprints
from vernacular.stages import GateSpec, Stage, Work


def _outside(language: Language, root: Path, model: Model, asked: Alignment) -> dict[str, str]:
    from vernacular.alignment.pairs import references_version
    from vernacular.pretraining.texts import versions
    return {**fingerprints(model.base, language), **versions(asked.beside, language, root),
            **references_version(language, asked, root)}


def _settings(language: Language, model: Model, asked: Alignment) -> dict[str, Any]:
    mine = asked.model_dump(mode="json", by_alias=True, exclude={"passes_after"})  # these are each arm's
    return {"base": model.base.model_dump(mode="json"), "alignment": mine,
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
        name=f"alignment/{name}", version="2", inputs=("corpus/splits",), run=run, seed=model.seed, heavy=True,
        kinds=("pytorch", "transformers"), settings=partial(_settings, model=model, asked=asked),
        outside=partial(_outside, model=model, asked=asked),
        gates=(GateSpec("learned", "Sentences that were not learned from came nearer to their translations, nearer "
                                   "than these are to their mean, and no fewer find their own.", True),),
        description=f"`{name}` taught from translations what texts in {language.name} mean.")]
