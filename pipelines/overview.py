"""The overview of all languages: its rows, and the sensor that updates it.

The sensor records it without a run, which would take longer to start than the overview, wait behind
trainings, and appear in the list of runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from dagster import (
    AssetMaterialization,
    AssetsDefinition,
    DefaultSensorStatus,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from assets.overview import KEY, build_overview, overview_metadata
from pipelines.code_locations import ALL
from pipelines.refresh_sensor import EVERY_SECONDS
from pipelines.registry import everything, scan
from vernacular.config.load import folders_of
from vernacular.core import clock
from vernacular.core.errors import Problem
from vernacular.core.project import Project
from vernacular.core.store import Store, digest_of
from vernacular.reporting import status_table
from vernacular.reporting.model_status import ModelStatus

PAUSE = 30.0  # pause between updates as a multiple of their duration, for a thousand languages


def rows_of(project: Project, store: Store) -> list[ModelStatus]:
    """Return the rows of the overview, over the languages of all code locations."""
    registry = scan(project.languages, everything, ALL)
    return status_table.overview(registry.languages.values(), registry.problems, store)


def build_asset(project: Project) -> AssetsDefinition:
    """Return the asset."""
    return build_overview(partial(rows_of, project))


def build_sensor(project: Project, problems: Mapping[str, Problem]) -> SensorDefinition:
    """Return the sensor ``overview``, on by default."""
    broken = {slug: str(problem) for slug, problem in problems.items()}

    @sensor(name="overview", asset_selection=[KEY], minimum_interval_seconds=EVERY_SECONDS,
            default_status=DefaultSensorStatus.RUNNING,
            description="Updates the overview of all languages when an artifact, and thus a number, a gate or a "
                        "release, has changed.")
    def overview(context: SensorEvaluationContext) -> SensorResult:
        state = digest_of([sorted(pointers(project)), broken])
        last, made, took = (*(context.cursor or "").split(), "", "0", "0")[:3]
        if state == last:
            return SensorResult(skip_reason="no artifact has changed", cursor=context.cursor)
        if not clock.over(float(made), PAUSE * float(took), clock.now()):
            return SensorResult(skip_reason="updated recently", cursor=context.cursor)
        began = time.monotonic()
        shown = AssetMaterialization(KEY, metadata=overview_metadata(rows_of(project, Store(project.artifacts))))
        return SensorResult(asset_events=[shown], skip_reason="updated",
                            cursor=f"{state} {clock.now()} {time.monotonic() - began}")

    return overview


def pointers(project: Project) -> Iterator[tuple[str, str]]:
    """Yield the current artifact of every stage of every language; only names and pointers are read."""
    for folder in folders_of(project.languages):
        yield folder.name, ""
        for home in _folders(project.artifacts / folder.name):
            for stage in _folders(home):
                file = stage / ("outcome.json" if stage.name == "rebuilt" else "current")
                try:
                    yield str(stage), file.read_text(encoding="utf-8")
                except FileNotFoundError:
                    continue  # not made yet


def _folders(home: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(home) if not entry.name.startswith(".") and entry.is_dir()]
    except FileNotFoundError:
        return []  # no artifacts yet
