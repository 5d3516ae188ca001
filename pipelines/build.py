"""Languages to one code location: every usable folder a graph and a job, every broken one an asset that says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import AssetsDefinition, AssetSpec, Definitions, SourceAsset, in_process_executor
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.broken import build_config_error
from pipelines.language import build_graph
from pipelines.launchers import launcher_for
from pipelines.registry import scan
from pipelines.resources import StoreResource
from pipelines.upkeep import build_upkeep
from vernacular.errors import Problem
from vernacular.project import Project, find_project


def build_definitions(project: Project | None = None, resources: Mapping[str, Any] | None = None) -> Definitions:
    """The definitions of all languages of a project.

    Args:
        project: its folders; the one around the current folder if not given.
        resources: replace the default ones by name: ``store``, ``launcher``.
    """
    project = project or find_project()
    registry = scan(project.languages)
    assets: list[AssetsDefinition | SourceAsset | AssetSpec] = []
    jobs: list[UnresolvedAssetJobDefinition] = []
    problems = dict(registry.problems)
    for slug, language in registry.languages.items():
        try:
            graph = build_graph(language)
        except Problem as problem:
            problems[slug] = problem
        except Exception as error:  # one folder must never take the others down, whatever it brings to light
            problems[slug] = Problem(f"its graph cannot be built ({type(error).__name__}: {error})",
                                     where=language.code, fix=f"`vernacular check {language.code} --debug` shows where")
        else:
            assets += graph.assets
            jobs.append(graph.job)
    assets += [build_config_error(slug, problem) for slug, problem in problems.items()]
    root = str(project.artifacts)
    return Definitions(
        assets=assets, jobs=jobs, sensors=[build_upkeep(project)], executor=in_process_executor,
        resources={"store": StoreResource(root=root),
                   "launcher": launcher_for(root, str(project.languages)), **(resources or {})})
