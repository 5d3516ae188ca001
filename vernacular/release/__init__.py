"""From results to something one can answer for: the model card, the data statement, the bundle, publishing, the report.

This module holds the stage. ``summary`` gathers the numbers, ``gates`` and ``waivers`` say whether it may be
published, ``card`` and ``statement`` write, ``bundle`` puts the folder together, ``export`` writes its models, and
``loads`` asks them by the calls of transformers and Sentence Transformers, in a process of its own (``ecosystem``).
``attestation`` signs it with the key of ``signing_key``, ``verification`` checks it, ``publish`` uploads it or says why
not, ``report`` prints it, ``page`` makes a page of it, ``try_page`` lets a person type text, ``trust`` says how far
answers can be trusted, ``marks`` keeps what that person thinks of the answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vernacular.config.schema import Language, Model
from vernacular.config.statement import statement_of
from vernacular.core.store import Report, digest_of_listed
from vernacular.pipeline.stage import Stage, Work
from vernacular.release.gates import SPECS
from vernacular.release.results import stage_names
from vernacular.release.waivers import versions


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """The stage ``release/<name>``."""
    def run(work: Work) -> Report:
        from vernacular.release.bundle import run as bundle
        return bundle(work, stage, name, model)

    def settings(language: Language) -> dict[str, Any]:
        return {"language": language.model_dump(mode="json", by_alias=True, include={
                    "code": True, "name": True, "autonym": True, "script": True, "owner": True, "sources": True,
                    "cleaning": {"private_data"}}),
                "tasks": {task: [found.description, *([found.data.licence, found.data.url] if found.data else [])]
                          for task, found in language.tasks_of(name).items()},
                "model": model.model_dump(mode="json", by_alias=True)}

    def outside(language: Language, root: Path) -> dict[str, str]:
        file = statement_of(language.folder)
        written = {"statement": digest_of_listed([(file.path, file)])} if file.exists() else {}
        return written | versions(language.folder)

    stage = Stage(
        name=f"release/{name}", version="14", inputs=tuple(stage_names(language, name)), run=run, settings=settings,
        outside=outside, gates=SPECS, kinds=("huggingface", "python"),
        heavy=True, tells=True, rights=True,
        description=f"`{name}` for {language.name}: model, tokenizer, a model for each task, model card, data "
                    "statement, every number, the list of documents that training drew from, and a signature.")
    return [stage]
