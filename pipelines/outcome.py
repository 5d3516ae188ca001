"""The outcome of a run, and its summary for the user."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pipelines.messages import FailedCheck, Messages, every_line, warning_lines
from vernacular.config.schema import Language
from vernacular.core.project import chosen_model
from vernacular.core.terminal import say

STOPPED, INTERRUPTED = "stopped; run the same command again to resume", 130


@dataclass
class Outcome:
    """The outcome of a run.

    Attributes:
        code: the exit code.
        errors: one line each, in order.
        checks: the failed ones.
        keys: stage -> artifact reported to Dagster.
        libraries: lines written by libraries.
        ran: whether Dagster was started.
    """

    code: int = 0
    errors: list[str] = field(default_factory=list)
    checks: list[FailedCheck] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    libraries: Messages = field(default_factory=Messages)
    ran: bool = False


def say_outcome(outcome: Outcome, language: Language, log: Path, *, debug: bool) -> None:
    """Write errors to standard error, one per line, followed by other notes for the user."""
    lines = [*outcome.errors]
    if outcome.code == INTERRUPTED:  # warnings are repeated by the next run
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
        say(f"{language.code}: complete output: {log}")
