"""What a run started by hand leaves in Dagster's history: its place in the UI, an end after a kill.

A run that is killed outright stays 'started' in the history and keeps its place in the pool, so that later runs would
wait for ever. Each run therefore holds a file lock while it lives, and the next one ends those whose lock is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from filelock import FileLock, Timeout

from assets.dagster_internals import (
    SINGLETON_REPOSITORY_NAME,
    CodePointer,
    ReconstructableRepository,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    location_origin_from_module_name,
)
from assets.stopped import STARTED_BY
from pipelines.code_locations import MODULE, Location
from vernacular.core import clock

LAUNCH_SECONDS = 600.0  # after which a run that has not come to its first resource was killed on the way
UNFINISHED = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED,
              DagsterRunStatus.CANCELING]


def code_location() -> ReconstructableRepository:
    """The code location, loaded in this process when its definition is first asked for."""
    return ReconstructableRepository(CodePointer.from_module(MODULE, "defs", working_directory=None))


def job_origin(job: str, location: Location) -> RemoteJobOrigin:
    """Where the UI finds ``job``: makes the run an ordinary one of a code location in workspace.yaml."""
    origin = location_origin_from_module_name(location.module, location.attribute, None, location.name)
    return RemoteJobOrigin(RemoteRepositoryOrigin(origin, SINGLETON_REPOSITORY_NAME), job)


def lock_of(instance: DagsterInstance, run_id: str) -> FileLock:
    """The lock that a live run holds; whoever asks again in the same process has it."""
    folder = Path(instance.storage_directory())
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f".running-{run_id}", is_singleton=True, thread_local=False)


@contextmanager
def alive(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the lock of a run; whatever becomes of the run, its places in pools are free afterwards."""
    lock = lock_of(instance, run_id)
    try:
        with lock:
            yield
    finally:
        if not lock.is_locked:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
            Path(lock.lock_file).unlink(missing_ok=True)


def end_dead_runs(instance: DagsterInstance) -> int:
    """Mark runs as failed whose process is gone, and free their places. Returns how many.

    A run of the command line holds its lock from the beginning, one that Dagster launched from its first resource on:
    it has a while to come to that.
    """
    ended = 0
    for record in instance.get_run_records(RunsFilter(statuses=UNFINISHED)):
        run, lock = record.dagster_run, lock_of(instance, record.dagster_run.run_id)
        launched = record.update_timestamp.replace(tzinfo=UTC).timestamp()
        if (not STARTED_BY.items() <= run.tags.items() and not Path(lock.lock_file).exists()
                and not clock.over(launched, LAUNCH_SECONDS, clock.now())):
            continue
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        try:
            now = instance.get_run_by_id(run.run_id)
            if now is None or now.status not in UNFINISHED:  # it has come to its end since the list was read
                continue
            instance.report_run_failed(run, "The process of this run was killed. Running again resumes it.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended += 1
        finally:
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)
    return ended
