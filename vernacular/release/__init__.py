"""From results to something one can answer for: the model card, the data statement, the bundle, publishing, the report.

This module holds the stage; ``summary`` gathers the numbers, ``card`` and ``statement`` write, ``bundle`` puts the
folder together, ``publish`` uploads it or says why not, ``report`` prints it, ``try_page`` lets a person type text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vernacular.artifacts import Report, digest_of_files
from vernacular.config.schema import Language, Model
from vernacular.release.summary import stage_names
from vernacular.stages import GateSpec, Stage, Work

GATES = (
    GateSpec("licences_verified", "The licence of every source and of the base is known.", False),
    GateSpec("consent_known", "Every source says on what basis its text may be used.", False),
    GateSpec("adapted_not_worse_than_control", "The extended tokenizer does no harm against the same training without "
             "it.", False),
    GateSpec("no_contamination", "Training text shares no line with held-out text.", False),
    GateSpec("behaviour", "Every behavioural test keeps its threshold.", False),
    GateSpec("publishable", "Every gate of the release is green. A red one stops publishing, not the local build.",
             False),
)


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """The stage ``release/<name>``."""
    def run(work: Work) -> Report:
        from vernacular.release.bundle import run as bundle
        return bundle(work, name, model)

    def settings(language: Language) -> dict[str, Any]:
        return {"language": language.model_dump(mode="json", by_alias=True, include={
                    "code", "name", "autonym", "script", "owner", "sources"}),
                "tasks": {task: found.description for task, found in language.tasks_of(name).items()},
                "model": model.model_dump(mode="json", by_alias=True)}

    def outside(language: Language, root: Path) -> dict[str, str]:
        path = language.folder / "statement.md"
        return {"statement": digest_of_files(language.folder, [path])} if path.is_file() else {}

    return [Stage(
        name=f"release/{name}", version="2", inputs=tuple(stage_names(language, name)), run=run, settings=settings,
        outside=outside, gates=GATES, kinds=("huggingface", "python"),
        description=f"`{name}` for {language.name}: model, tokenizer, adapters, model card, data statement, every "
                    "number, and the list of documents it was trained on.")]
