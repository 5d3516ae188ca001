"""The stage ``release/<name>``, declared."""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue

from vernacular.config.schema import Language, Model
from vernacular.config.stage_names import release_inputs
from vernacular.config.statement import statement_of
from vernacular.core.entry_point import EntryPoint
from vernacular.core.store import digest_of_listed
from vernacular.pipeline.stage import Stage
from vernacular.release.gates import CHAT_SPEC, SPECS
from vernacular.release.stage_results import ReleaseResult
from vernacular.release.waivers import versions


def stages(language: Language, name: str, model: Model) -> list[Stage]:
    """The stage ``release/<name>``."""
    def settings(language: Language) -> dict[str, JsonValue]:
        about = model.model_dump(mode="json", by_alias=True)
        if model.instruct is None:
            del about["instruct"]
        return {"language": language.model_dump(mode="json", by_alias=True, include={
                    "code": True, "name": True, "autonym": True, "script": True, "owner": True, "sources": True,
                    "cleaning": {"private_data"}}),
                "tasks": {task: [found.description, *([found.data.licence, found.data.url] if found.data else []),
                                 *([found.tower.model_dump(mode="json")] if found.tower else [])]
                          for task, found in language.tasks_of(name).items()},
                "model": about}

    def outside(language: Language, root: Path) -> dict[str, str]:
        file = statement_of(language.folder)
        written = {"statement": digest_of_listed([(file.path, file)])} if file.exists() else {}
        return written | versions(language.folder)

    return [Stage(
        name=f"release/{name}", version="16", inputs=tuple(release_inputs(language, name)),
        run=EntryPoint("vernacular.release.bundle:run", name=name, model=model), result=ReleaseResult,
        settings=settings,
        outside=outside, kinds=("huggingface", "python"),
        gates=SPECS if model.instruct is None else (*SPECS, CHAT_SPEC),
        heavy=True, depends_on_reports=True, includes_licenses=True,
        description=f"`{name}` for {language.name}: model, tokenizer, a model for each task, model card, data "
                    "statement, every number, the list of documents that training drew from, and a signature.")]
