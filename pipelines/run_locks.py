"""Runs of the command line in Dagster's history: their place in the UI, and their end after a kill.

A killed run remains 'started' in the history and keeps its pool slot, which would block later runs
forever. So each run keeps a file lock while it is alive, and the next one ends those whose lock is
free.
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

LAUNCH_SECONDS = 600.0  # a run without its first resource after this time was killed
UNFINISHED = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED,
              DagsterRunStatus.CANCELING]


def code_location() -> ReconstructableRepository:
    """Return the code location, loaded in this process when its definition is needed."""
    return ReconstructableRepository(CodePointer.from_module(MODULE, "defs", working_directory=None))


def job_origin(job: str, location: Location) -> RemoteJobOrigin:
    """Return the origin of ``job`` in workspace.yaml, so that the UI treats the run as an ordinary one."""
    origin = location_origin_from_module_name(location.module, location.attribute, None, location.name)
    return RemoteJobOrigin(RemoteRepositoryOrigin(origin, SINGLETON_REPOSITORY_NAME), job)


def lock_of(instance: DagsterInstance, run_id: str) -> FileLock:
    """Return the lock of a live run, the same object within a process."""
    folder = Path(instance.storage_directory())
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f".running-{run_id}", is_singleton=True, thread_local=False)


@contextmanager
def alive(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """Keep the lock of a run; free its pool slots at the end."""
    lock = lock_of(instance, run_id)
    try:
        with lock:
            yield
    finally:
        if not lock.is_locked:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
            Path(lock.lock_file).unlink(missing_ok=True)


def end_dead_runs(instance: DagsterInstance) -> int:
    """Mark runs without a process as failed, and free their slots; return their number.

    A command-line run has its lock from the beginning, a run launched by Dagster from its first
    resource on, so it is given some time.
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
            if now is None or now.status not in UNFINISHED:  # it has ended since the list was read
                continue
            instance.report_run_failed(run, "The process of this run was killed. Running again resumes it.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended += 1
        finally:
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)
    return ended
