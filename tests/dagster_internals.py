"""Every private part of Dagster that tests alone use: its daemons, one by one, and its clock.

No other module of the tests imports one; what the project itself uses is in ``assets.dagster_internals``.
"""

# ruff: noqa: F401  # for other modules

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.test_utils import MockedRunLauncher, create_test_daemon_workspace_context
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.freshness import FreshnessDaemon
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._serdes import ConfigurableClass, ConfigurableClassData


def set_clock(monkeypatch: pytest.MonkeyPatch, now: Callable[[], float]) -> None:
    """Have Dagster take ``now`` for the time, in seconds since 1970."""
    monkeypatch.setattr("dagster._time._mockable_get_current_timestamp", now)
    monkeypatch.setattr("dagster._time._mockable_get_current_datetime", lambda: datetime.fromtimestamp(now(), UTC))


def set_patience(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Have Dagster wait so long for a SQLite file of events that another process has locked, in place of 30 seconds."""
    monkeypatch.setattr("dagster._core.storage.event_log.sqlite.sqlite_event_log.SQLITE_BUSY_TIMEOUT_SECONDS", seconds)
