"""Declares the stages ``model/<name>`` and ``model/<name>_control``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import JsonValue

from vernacular.config.schema import Language, Model
from vernacular.config.stage_settings import clean_settings
from vernacular.core.entry_point import EntryPoint
from vernacular.corpus.side_texts import fetch, versions
from vernacular.modeling.base_files import fingerprints
from vernacular.modeling.variants import Arm
from vernacular.pipeline.stage import GateSpec, Progress, Stage
from vernacular.pretraining.stage_results import PretrainingResult

TRAINED: tuple[tuple[Arm, str, str], ...] = (
    ("adapted", "", "the extended tokenizer"), ("control", "_control", "the original tokenizer"))


def _fetch(language: Language, root: Path, progress: Progress, model: Model) -> None:
    fetch(model.beside, language, root, progress)


def _outside(language: Language, root: Path, model: Model) -> dict[str, str]:
    return {**fingerprints(model.base, language), **versions(model.beside, language, root)}


def _settings(language: Language, model: Model) -> dict[str, JsonValue]:
    # Decontamination of text beside the corpus; the corpus itself is already clean.
    beside = clean_settings(language).beside() if model.beside else {}
    if model.alignment is not None:
        beside["alignment"] = model.alignment.settings()
    return {"base": model.base.model_dump(mode="json"), "objective": model.objective,
            "items": model.likelihood_items,
            "pretraining": model.pretraining.model_dump(mode="json", by_alias=True, exclude={
                "checkpoint_minutes", "stop_after_minutes", "accumulate", "recompute", "shard"}),
            "retention": [source.model_dump(mode="json", by_alias=True) for source in model.retention], **beside}


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """Return the stages ``model/<name>`` (extended tokenizer) and ``model/<name>_control`` (original tokenizer)."""
    made, aligned = [], [f"alignment/{name}"] if model.alignment is not None else []
    learned = [GateSpec("translations_learned", "Held-out sentences moved closer to their translations, and at "
                                                "least as many retrieve their own.", False)] if aligned else []
    for arm, suffix, words in TRAINED:
        made.append(Stage(
            name=f"model/{name}{suffix}", version="10", inputs=("corpus/splits", f"tokenizer/{name}", *aligned),
            run=EntryPoint("vernacular.pretraining.stage:run", name=name, model=model, arm=arm),
            result=PretrainingResult,
            seed=model.seed, heavy=True,
            kinds=("pytorch", "transformers"), settings=partial(_settings, model=model),
            outside=partial(_outside, model=model), prepare=partial(_fetch, model=model),
            gates=(GateSpec("learned", "The held-out negative log-likelihood fell during "
                                       "pretraining.", True), *learned),
            description=f"`{name}` pretrained on {language.name} text with {words}."))
    return made
