"""Stopped runs: show who stopped one in a sentence, instead of Dagster's Python traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dagster import AssetExecutionContext, DagsterExecutionInterruptedError, DagsterInstance, DagsterRunStatus

from assets.dagster_internals import DagsterUserCodeProcessError, SerializableErrorInfo
from vernacular.core.codes import Code

STARTED_BY = {"started_by": "cli"}  # tag of command-line runs, which a person stops with Ctrl-C
GAVE_WAY = "vernacular/gave_way_to"  # tag of an `upkeep` run that was stopped for this run of a person
RESUME = "Running again resumes where it stopped"


class Stopped(DagsterExecutionInterruptedError, DagsterUserCodeProcessError):
    """An interrupt that names who caused it.

    Dagster treats it as an interrupt, by its first base class, and shows its message without a
    traceback, since its second base class represents an error of another process.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason, user_code_process_error_infos=[SerializableErrorInfo(reason, [], "Stopped")])


@contextmanager
def stops_explained(context: AssetExecutionContext) -> Iterator[None]:
    """Convert a signal in the body to ``Stopped``.

    Raises:
        Stopped: the run is interrupted.
    """
    try:
        yield
    except (KeyboardInterrupt, DagsterExecutionInterruptedError):
        raise Stopped(reason_of(context.instance, context.run.run_id)) from None


def reason_of(instance: DagsterInstance, run_id: str) -> str:
    """Return who stopped a run, and what to do."""
    run = instance.get_run_by_id(run_id)
    if run is not None and GAVE_WAY in run.tags:
        return (f"stopped for the run {run.tags[GAVE_WAY][:8]} that a person started. The sensor `upkeep` "
                f"continues this one afterwards [{Code.STAGE_STOPPED}]")
    if run is not None and (run.status in (DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED)
                            or STARTED_BY.items() <= run.tags.items()):
        return f"stopped by a person. {RESUME} [{Code.STAGE_STOPPED}]"
    return f"stopped from outside: the UI or this machine was shut down. {RESUME} [{Code.STAGE_STOPPED}]"
