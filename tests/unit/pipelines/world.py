"""A project of corpora, and the ticks of its sensor."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

from dagster import DagsterInstance, Definitions, RunRequest, SensorResult

from pipelines.build import build_definitions
from pipelines.refresh_sensor import Upkeep
from vernacular.core.project import Project


@dataclass
class World:
    """A project of corpora, an instance, and the ticks so far."""

    project: Project
    instance: DagsterInstance
    now: float = 1_000_000.0
    cursor: str | None = None
    fetches: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    upkeep: Upkeep = field(init=False)

    def __post_init__(self) -> None:
        self.upkeep = Upkeep(self.project, lambda: self.now, self._start)

    def _start(self, project: Project, code: str) -> subprocess.Popen[bytes]:
        self.fetches.append(code)
        return subprocess.Popen([sys.executable, "-c", ""])

    def definitions(self) -> Definitions:
        return build_definitions(self.project)

    def tick(self) -> SensorResult:
        keys = self.definitions().resolve_asset_graph().get_all_asset_keys()
        result = self.upkeep.tick(self.instance, self.cursor, keys, self.warnings.append)
        self.cursor = result.cursor
        for event in result.asset_events or ():
            self.instance.report_runless_asset_event(event)
        return result

    def run(self, request: RunRequest) -> bool:
        return self.definitions().resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance, asset_selection=list(request.asset_selection or ()), tags=dict(request.tags),
            raise_on_error=False).success

    def settle(self) -> list[RunRequest]:
        """Tick and run until nothing is requested any more."""
        done: list[RunRequest] = []
        while requests := self.tick().run_requests:
            for request in requests:
                self.run(request)
            done += requests
            assert len(done) < 20
        return done
