"""Broken language folders: the assets that show them, and the sensor that records their failed checks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from dagster import (
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    DefaultSensorStatus,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from assets.config_error import build_check, build_config_error, key_of, red
from pipelines.code_locations import Shard
from pipelines.refresh_sensor import EVERY_SECONDS
from pipelines.registry import scan
from vernacular.config.codes import slug_of
from vernacular.core.errors import Problem
from vernacular.core.project import Project

LONGEST_SECONDS = 15  # users look at the lineage right after a reload


def build_assets(project: Project, problems: Mapping[str, Problem], shard: Shard) -> list[AssetsDefinition | AssetSpec]:
    """Return an asset and its check for every broken folder, by slug."""
    def problem_of(slug: str) -> Problem | None:
        found = scan(project.languages, lambda code: slug.startswith(slug_of(code)), shard)
        return found.problems.get(slug)

    built: list[AssetsDefinition | AssetSpec] = []
    for slug, problem in problems.items():
        built += [build_config_error(slug, problem), build_check(slug, lambda slug=slug: problem_of(slug))]
    return built


def build_sensor(problems: Mapping[str, Problem]) -> SensorDefinition:
    """Return the sensor ``broken_folders``, on by default: records a failed check per problem after a reload."""
    loaded = uuid.uuid4().hex

    @sensor(name="broken_folders", asset_selection=AssetSelection.assets(*map(key_of, problems)),
            minimum_interval_seconds=min(LONGEST_SECONDS, EVERY_SECONDS), default_status=DefaultSensorStatus.RUNNING,
            description="Marks language folders that cannot be loaded as failed in the lineage.")
    def broken_folders(context: SensorEvaluationContext) -> SensorResult:
        news = [red(slug, problem) for slug, problem in problems.items()] if context.cursor != loaded else []
        reason = SkipReason(f"broken folders: {', '.join(problems)}; their assets show what to do")
        return SensorResult(asset_events=news, cursor=loaded, skip_reason=reason)

    return broken_folders
