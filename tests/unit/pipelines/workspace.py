"""What Dagster's daemons work on: the real dagster.yaml, SQLite files, and a project's definitions in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterInstance

from tests.dagster_internals import (
    InProcessCodeLocationOrigin,
    InProcessWorkspaceLoadTarget,
    LoadableTargetOrigin,
    MockedRunLauncher,
    WorkspaceProcessContext,
    create_test_daemon_workspace_context,
)

LOCATION = "here"
CHECKOUT = Path(__file__).resolve().parents[3]


class Nowhere(MockedRunLauncher):
    """A launcher whose runs stay launched; a run that is to be stopped stays on its way to that."""

    def terminate(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id)
        assert run is not None
        self._instance.report_run_canceling(run)
        return True


@contextmanager
def workspace_in(home: Path, monkeypatch: pytest.MonkeyPatch, **other: Any) -> Iterator[WorkspaceProcessContext]:
    """The workspace of the language folders in ``home``; ``other`` settings replace those of dagster.yaml."""
    settings = yaml.safe_load((CHECKOUT / "dagster.yaml").read_text(encoding="utf-8"))
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings | other), encoding="utf-8")
    (home / "location.py").write_text(
        "from pipelines.build import build_definitions\n\ndefs = build_definitions()\n", encoding="utf-8")
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(home / "languages"))
    monkeypatch.setenv("VERNACULAR_ROOT", str(home / "artifacts"))
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(python_file=str(home / "location.py")),
                                         location_name=LOCATION)
    with (DagsterInstance.from_config(str(home)) as instance,
          create_test_daemon_workspace_context(InProcessWorkspaceLoadTarget([origin]), instance) as workspace):
        yield workspace
