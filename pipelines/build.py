"""Build one code location from all languages: a graph and a job per valid folder, an error asset per broken one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dagster import AssetsDefinition, AssetSpec, Definitions, in_process_executor

from assets.factory import AssetFactory
from assets.sources import SourceFactory
from pipelines.broken import build_assets as build_broken
from pipelines.broken import build_sensor as build_broken_sensor
from pipelines.code_locations import ALL, Shard
from pipelines.language import Shelf, build_job
from pipelines.launchers import launcher_for
from pipelines.overview import build_asset, build_sensor
from pipelines.rebuild import build_job as build_rebuild
from pipelines.rebuild import build_schedule
from pipelines.refresh_sensor import build_upkeep
from pipelines.registry import everything, scan
from pipelines.resources import StoreResource
from vernacular.core.project import Project, find_project

MOST_JOBS = 200  # each job costs time per asset: with more languages, runs use the job of all assets


def build_definitions(project: Project | None = None, resources: Mapping[str, Any] | None = None,
                      wanted: Callable[[str], bool] = everything, shard: Shard = ALL) -> Definitions:
    """Return the definitions of a project's languages.

    Args:
        project: its folders; by default the one around the current folder.
        resources: replace the default ones by name: ``store``, ``launcher``.
        wanted: whether to include the language of a code.
        shard: the languages of this code location.
    """
    project = project or find_project()
    registry = scan(project.languages, wanted, shard)
    shelf = Shelf(project.languages)
    stages, sources = AssetFactory(shelf.find), SourceFactory(shelf.language)
    assets: list[AssetsDefinition | AssetSpec] = []
    for outline in registry.languages.values():
        assets += [sources.build(outline, source) for source in outline.sources]
        assets += [stages.build(outline, stage) for stage in outline.stages]
    assets += build_broken(project, registry.problems, shard)
    sensors = [build_upkeep(project, shard)]
    if registry.problems:
        sensors.append(build_broken_sensor(registry.problems))
    if shard.number == 1:  # only one code location has the overview
        assets.append(build_asset(project))
        sensors.append(build_sensor(project, registry.problems))
    root, rebuild = str(project.artifacts), build_rebuild(project)
    jobs = [build_job(outline) for outline in registry.languages.values()] if registry.folders <= MOST_JOBS else []
    return Definitions(
        assets=assets, sensors=sensors, schedules=[build_schedule(project, shard, rebuild)], jobs=[rebuild, *jobs],
        executor=in_process_executor,
        resources={"store": StoreResource(root=root),
                   "launcher": launcher_for(root, str(project.languages)), **(resources or {})})
