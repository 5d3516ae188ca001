"""How a run ends: what its events say of stages, checks and failures, and what a person is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.messages import FailedCheck, Messages, error_lines, every_line, warning_lines
from pipelines.progress import RunDisplay
from vernacular.config.schema import Language
from vernacular.core.project import chosen_model
from vernacular.core.terminal import say

if TYPE_CHECKING:
    from dagster import DagsterEvent

FAILED_CHECK = "DagsterAssetCheckFailedError"
STOPPED, INTERRUPTED = "stopped; run the same command again to resume", 130


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        code: the exit code.
        errors: a line for each, in order.
        checks: the red ones.
        keys: stage -> artifact that Dagster was told of.
        libraries: lines that libraries wrote.
        ran: whether Dagster was started.
    """

    code: int = 0
    errors: list[str] = field(default_factory=list)
    checks: list[FailedCheck] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    libraries: Messages = field(default_factory=Messages)
    ran: bool = False


def explain(event: DagsterEvent) -> tuple[int, str] | None:
    """Exit code and line for a failed step; None where a failure further up explains it."""
    from dagster._core.execution.plan.objects import ErrorSource

    data = event.step_failure_data
    if data.error_source == ErrorSource.INTERRUPT:
        return INTERRUPTED, STOPPED
    if data.user_failure_data is not None and data.user_failure_data.description:
        return 2, f"error: {data.user_failure_data.description}"
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is not None and error.cls_name == FAILED_CHECK:
        return None  # the failed check itself has said so
    message = " ".join(error.message.split()) if error is not None else "no reason given"
    where = (event.step_key or "").replace("__", " ", 1).replace("__", "/")
    return 2, f"error: {where}: {message}. This is a fault of the program; --debug or the run in the UI shows where"


class Follower:
    """Takes the events of a run: shows how far it is, and notes how it ends.

    Args:
        language: that is run.
        names: of the stages that are run.
        display: shows them.
        outcome: where it is noted.
    """

    def __init__(self, language: Language, names: list[str], display: RunDisplay, outcome: Outcome) -> None:
        self._slug, self._display, self._outcome = language.slug, display, outcome
        self._stage_of = {"__".join([language.slug, *name.split("/")]): name for name in names}

    def __call__(self, event: DagsterEvent) -> None:
        """Take one event."""
        stage = self._stage_of.get(event.step_key or "", "")
        if event.event_type_value == "STEP_START":
            self._display.begin(stage)
        elif event.event_type_value == "ASSET_MATERIALIZATION":
            self._made(event, stage)
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            self._checked(event, stage)
        elif event.is_step_failure and (found := explain(event)) is not None:
            self._fail(*found)
        elif "blocked by limit for pool" in (event.message or ""):
            self._display.notice(f"waits for another run that trains ({event.step_key})")

    def _made(self, event: DagsterEvent, stage: str) -> None:
        metadata = event.step_materialization_data.materialization.metadata
        self._outcome.keys[stage] = str(metadata["key"].value)
        seconds = metadata["seconds"].value
        self._display.end(stage, float(seconds) if isinstance(seconds, int | float) and not metadata["reused"].value
                          else None)

    def _checked(self, event: DagsterEvent, stage: str) -> None:
        check = event.asset_check_evaluation_data
        if not check.passed:
            stop = bool(check.blocking) and check.severity.value == "ERROR"
            failed = FailedCheck(stage, check.check_name, check.description or "", stop)
            self._outcome.checks.append(failed)
            for line in error_lines([failed], self._slug):
                self._fail(1, line)

    def _fail(self, code: int, line: str) -> None:
        self._outcome.code = max(self._outcome.code, code)
        if line not in self._outcome.errors:
            self._outcome.errors.append(line)


def say_outcome(outcome: Outcome, language: Language, log: Path, *, debug: bool) -> None:
    """Write errors to standard error, each on a line, and then what else a person is to look at.

    Args:
        outcome: of the run.
        language: that was run.
        log: what holds everything that was written.
        debug: every warning on a line, with its reason.
    """
    lines = [*outcome.errors]
    if outcome.code == INTERRUPTED:  # what was red or was said on the way comes again with the next run
        pass
    elif debug:
        lines += every_line((check for check in outcome.checks if not check.blocking), language.slug)
    else:
        model = next(iter(language.models_to_run(chosen_model(language.code))), None)
        where = "`make ui`" if model is None else f"vernacular report {language.cli_args(model)} --full"
        lines += warning_lines(outcome.checks, where) + outcome.libraries.lines(str(log))
    for line in lines:
        say(line, err=True)
    if outcome.code == 2 and outcome.ran and not debug:
        say(f"{language.code}: everything that was written: {log}")
