"""Declares the stage ``tokenizer/<name>``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from vernacular.config.schema import Language, Model
from vernacular.core.entry_point import EntryPoint
from vernacular.modeling.base_files import fingerprints
from vernacular.pipeline.stage import GateSpec, Progress, Stage
from vernacular.tokenizer.base_language_text import fetch_retention, retention_versions
from vernacular.tokenizer.stage_results import TokenizerResult


def _outside(language: Language, root: Path, model: Model) -> dict[str, str]:
    return {**fingerprints(model.base, language), **retention_versions(model, language, root)}


def trimmed_by(language: Language, model: Model) -> Literal["letters", "text", "nothing"]:
    """Return how the base may be trimmed: as the folder says, else ``letters`` where all text it will read is known.

    Without retention text the base's languages would lose their letters, with labels of another
    language those of that one. A causal model writes in any script.
    """
    if model.vocabulary.trim is not None:
        return model.vocabulary.trim
    others = [*model.pretraining.related, *(task.transfer.data for task in language.tasks.values()
                                if task.transfer is not None and task.transfer.data is not None)]
    known = model.retention and (model.alignment is None or model.initialise == "translations") and not others
    return "letters" if model.objective == "masked" and known else "nothing"


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """Return the stage ``tokenizer/<name>``."""
    def fetch(language: Language, root: Path, progress: Progress) -> None:
        fetch_retention(model, language, root, progress)

    return [Stage(
        name=f"tokenizer/{name}", version="9",
        run=EntryPoint("vernacular.tokenizer.extend:run", name=name, model=model), result=TokenizerResult,
        seed=model.seed,
        inputs=("corpus/splits", *([f"alignment/{name}"] if model.initialise == "translations" else ())),
        settings=lambda language: {
            "base": model.base.model_dump(mode="json"),
            "vocabulary": {**model.vocabulary.model_dump(mode="json"), "initialise": model.initialise,
                           "trim": trimmed_by(language, model)},
            "objective": model.objective, "script": language.script,
            "retention": [source.model_dump(mode="json", by_alias=True) for source in model.retention]},
        outside=partial(_outside, model=model), prepare=fetch,
        kinds=("sentencepiece", "python"), heavy=True,
        gates=(GateSpec("old_ids_unchanged", "Every token of the base tokenizer, trimmed or "
                                             "not, keeps its id.", True),
               GateSpec("old_rows_untouched", "New rows come after the old ones, which do not change.", True),
               GateSpec("all_pieces_reachable", "The tokenizer can produce every new token.", True),
               GateSpec("reload_agrees", "The saved tokenizer segments like the measured one.", True),
               GateSpec("trim_exact", "If the base is trimmed, the text it was trimmed for is segmented as "
                                      "before, and the remaining rows do not change.", True),
               GateSpec("base_text_unchanged", "Text in the base's languages is segmented as before.", False)),
        description=f"Tokens of {language.name} added to the tokenizer of `{name}`, with their initial rows.")]
