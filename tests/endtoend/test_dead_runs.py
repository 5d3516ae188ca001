"""Killed processes: runs that count as dead, and a webserver that comes back."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterInstance, DagsterRunStatus
from filelock import FileLock

from pipelines import run_locks as bookkeeping
from pipelines.run_locks import LAUNCH_SECONDS, STARTED_BY, end_dead_runs
from tests.endtoend.faults import small, wait_for
from tests.unit.pipelines.world import World
from vernacular.core import clock
from vernacular.corpus import ingest as documents


def test_a_run_killed_before_its_first_resource_does_not_block_its_language(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    small(world.project.languages)
    request, = world.tick().run_requests or ()
    job = world.definitions().resolve_implicit_global_asset_job_def()
    run = world.instance.create_run_for_job(job, tags=dict(request.tags), status=DagsterRunStatus.STARTING)
    started = time.time()
    monkeypatch.setattr(clock, "read", lambda: started + LAUNCH_SECONDS - 60)
    assert end_dead_runs(world.instance) == 0  # it may be on its way: a large code location takes long to load
    monkeypatch.setattr(clock, "read", lambda: started + LAUNCH_SECONDS + 60)
    again, = world.tick().run_requests or ()
    found = world.instance.get_run_by_id(run.run_id)
    assert found is not None and found.status == DagsterRunStatus.FAILURE
    assert world.run(again) and world.settle() == []


def test_a_run_that_ends_during_the_search_for_dead_runs_is_not_marked_as_dead(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    small(world.project.languages)
    request, = world.tick().run_requests or ()
    job = world.definitions().resolve_implicit_global_asset_job_def()
    run = world.instance.create_run_for_job(job, tags={**request.tags, **STARTED_BY}, status=DagsterRunStatus.STARTED)
    of_run = bookkeeping.lock_of

    def ends_meanwhile(instance: DagsterInstance, run_id: str) -> FileLock:
        instance.report_dagster_event(DagsterEvent(DagsterEventType.RUN_SUCCESS.value, run.job_name), run_id)
        return of_run(instance, run_id)

    monkeypatch.setattr(bookkeeping, "lock_of", ends_meanwhile)
    assert end_dead_runs(world.instance) == 0
    found = world.instance.get_run_by_id(run.run_id)
    assert found is not None and found.status == DagsterRunStatus.SUCCESS


@contextmanager
def webserver(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], dict[str, str]]]]:
    """Dagster's webserver on a history, and the runs that it shows: id -> status; killed with signal 9 in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER")}
    query = urllib.parse.urlencode({"query": "{runsOrError {... on Runs {results {runId status}}}}"})

    def runs() -> dict[str, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/graphql?{query}", timeout=60) as answer:
            return {run["runId"]: run["status"] for run in json.load(answer)["data"]["runsOrError"]["results"]}

    with subprocess.Popen([sys.executable, "-m", "dagster_webserver", "--empty-workspace", "-h", "127.0.0.1", "-p",
                           str(port)], env={**environment, "DAGSTER_HOME": str(home)}, cwd=home,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: answers(runs))
            yield process, runs
        finally:
            process.kill()


def answers(runs: Callable[[], dict[str, str]]) -> bool:
    try:
        return runs() is not None
    except OSError:
        return False


def test_a_killed_webserver_stops_no_run_and_shows_the_truth_when_it_is_back(
        world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(world.project.languages)
    home, write = Path(world.instance.root_directory), documents.write_tables

    def in_time(path: Path, schema: Any, tables: Any) -> int:  # the run is not to be over before the webserver is
        wait_for((tmp_path / "killed").exists)
        return write(path, schema, tables)

    monkeypatch.setattr(documents, "write_tables", in_time)
    request, = world.tick().run_requests or ()
    with webserver(home) as (process, runs):
        run = multiprocessing.get_context("fork").Process(target=world.run, args=(request,))
        run.start()
        wait_for(lambda: "STARTED" in runs().values())
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    (tmp_path / "killed").touch()
    run.join(180)
    assert run.exitcode == 0
    with webserver(home) as (_, runs):
        assert list(runs().values()) == ["SUCCESS"]
    assert world.settle() == []

