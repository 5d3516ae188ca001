"""The overview over all languages: where its rows come from, and the sensor that has it made anew.

It is of no language: its run has no tag ``language``, and builds none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import (
    AssetsDefinition,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from assets.overview import KEY, build_overview
from pipelines.registry import everything, scan
from pipelines.shards import ALL
from vernacular.artifacts import Store, digest_of
from vernacular.config.load import folders_of
from vernacular.project import Project

EVERY_SECONDS = 600  # a run makes a dozen artifacts within an hour, and each would ask for an overview


def build_asset(project: Project) -> AssetsDefinition:
    """The asset, over the languages of all code locations."""
    def rows(store: Store) -> list[dict[str, Any]]:
        from vernacular.release.overview import overview  # what it imports, loading the location need not wait for

        registry = scan(project.languages, project.artifacts, everything, ALL)
        return overview(registry.languages.values(), registry.problems, store)

    return build_overview(rows)


def build_sensor(project: Project) -> SensorDefinition:
    """The sensor ``overview``: off until a person turns it on."""
    @sensor(name="overview", asset_selection=[KEY], minimum_interval_seconds=EVERY_SECONDS,
            default_status=DefaultSensorStatus.STOPPED,
            description="Has the overview over all languages made anew when an artifact, and so a number, a gate or a "
                        "release, has changed.")
    def overview(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        state = digest_of(sorted(pointers(project)))
        if state == context.cursor:
            return SkipReason("no artifact has changed")
        context.update_cursor(state)
        return RunRequest()

    return overview


def pointers(project: Project) -> Iterator[tuple[str, str]]:
    """What is current of every stage of every language folder; nothing is read but names and pointers."""
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
        return []  # there are no artifacts yet
