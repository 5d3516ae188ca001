"""A run that is stopped: who stopped it, in a sentence, where Dagster would show a Python traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dagster import AssetExecutionContext, DagsterExecutionInterruptedError, DagsterInstance, DagsterRunStatus

from assets.dagster_internals import DagsterUserCodeProcessError, SerializableErrorInfo

STARTED_BY = {"started_by": "cli"}  # tag of the runs of the command line, which a person stops with Ctrl-C
GAVE_WAY = "vernacular/gave_way_to"  # tag of a run of `upkeep` that was stopped for this run of a person
RESUME = "Running again goes on where it was stopped"


class Stopped(DagsterExecutionInterruptedError, DagsterUserCodeProcessError):
    """An interrupt that says who asked for it.

    Dagster takes it for an interrupt, by its first base; and it shows the message alone, without a traceback, since by
    its second base it stands for an error that another process has told.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason, user_code_process_error_infos=[SerializableErrorInfo(reason, [], "Stopped")])


@contextmanager
def stops_explained(context: AssetExecutionContext) -> Iterator[None]:
    """Raise ``Stopped`` in place of what a signal raises in the body.

    Raises:
        Stopped: the run is interrupted.
    """
    try:
        yield
    except (KeyboardInterrupt, DagsterExecutionInterruptedError):
        raise Stopped(reason_of(context.instance, context.run.run_id)) from None


def reason_of(instance: DagsterInstance, run_id: str) -> str:
    """Who stopped a run that is being stopped, and what to do."""
    run = instance.get_run_by_id(run_id)
    if run is not None and GAVE_WAY in run.tags:
        return (f"stopped, to give way to the run {run.tags[GAVE_WAY][:8]} that a person started. "
                "The sensor `upkeep` goes on with this one after it")
    if run is not None and (run.status in (DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED)
                            or STARTED_BY.items() <= run.tags.items()):
        return f"stopped by a person. {RESUME}"
    return f"stopped from outside: the UI or this machine was shut down. {RESUME}"
