"""``python -m pipelines.run CODE [--to STAGE] [--model NAME]``: run one language through Dagster.

The run is an ordinary run of the code location, shown in the UI of the instance in ``DAGSTER_HOME``
(default: the project's folder). If everything is up to date, Dagster is not started. The console
shows progress, and at the end each error on a line and a summary of warnings; with ``--debug`` all
output. Exit code 0 success, 1 a check failed, 2 a problem for the user, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from pipelines.expected import TimeLeft, seconds_before
from pipelines.messages import Messages
from pipelines.outcome import INTERRUPTED, STOPPED, Outcome, say_outcome
from pipelines.output import Output, log_of
from pipelines.progress import RunDisplay, display_for
from pipelines.selection import stages_to_show, upstream
from pipelines.up_to_date import look, note_reported
from vernacular.cleaning.losses import closing_lines
from vernacular.config.load import find_language
from vernacular.config.schema import Language
from vernacular.core.console import SafeConsole
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import as_problem
from vernacular.core.project import Project, find_project
from vernacular.core.store import Store
from vernacular.core.terminal import guard_streams, say
from vernacular.pipeline.stage import Stage

CLEAN = "corpus/clean"
run_dagster: EntryPoint[None] = EntryPoint("pipelines.dagster_run:run_dagster")  # imports Dagster when called


@contextmanager
def shown(language: Language, names: list[str], store: Store, messages: Messages,
          display: Callable[[Console], RunDisplay]) -> Iterator[RunDisplay]:
    """Show progress on the captured output; lines of libraries go to ``messages``."""
    known = set(names)
    of_stage = re.compile(rf"(?:\(.*?\) )?{re.escape(language.code)} (\S+): (.*)", re.DOTALL)  # in brackets: by Ray

    def take(line: str) -> None:
        found = of_stage.fullmatch(line)
        if found is not None and found[1] in known:
            shown_on.say(found[1], found[2])
        else:
            messages.add(line)

    output = Output(take, log_of(store.root, language.code))
    console = SafeConsole(file=output.terminal, highlight=False, force_terminal=output.terminal.isatty())
    shown_on = display(console)
    try:
        with shown_on, output:
            yield shown_on
    finally:
        output.close()


def execute(language: Language, stages: Mapping[str, Stage], project: Project, *, debug: bool) -> Outcome:
    """Run ``stages`` of ``language`` unless all are up to date.

    Raises:
        Problem: due sources cannot be fetched and nothing else is to do.
    """
    store, names, outcome = Store(project.artifacts), list(stages), Outcome()
    home = Path(os.environ.get("DAGSTER_HOME") or project.home)

    def fetched(line: str) -> None:
        say(f"{language.code}: {line}")

    found = look(stages, language, store, home, fetched)
    if found.checks is not None:
        outcome.checks = list(found.checks)
        return outcome
    outcome.ran = True
    left = TimeLeft([name for name in names if name not in found.fresh],
                    seconds_before(store, language.code, names),
                    {name: model.pretraining.steps for name, model in language.models.items()
                     if model.pretraining.steps is not None})
    try:
        display_of = RunDisplay(language.code, names, left) if debug else shown(
            language, names, store, outcome.libraries, lambda console: display_for(console, language.code, names, left))
        with display_of as display:
            run_dagster(language, names, project, display, outcome, debug=debug)
    except KeyboardInterrupt:
        outcome.code, outcome.errors = INTERRUPTED, [STOPPED]
    if outcome.keys:
        note_reported(home, language.slug, outcome.keys)
    return outcome


def main(arguments: list[str] | None = None) -> int:
    """Run one language; return the exit code."""
    parser = argparse.ArgumentParser(prog="vernacular run", description="Run a language's stages through Dagster.")
    parser.add_argument("code", help="name of the language folder")
    parser.add_argument("--to", metavar="STAGE", help="stop after this stage")
    parser.add_argument("--model", metavar="NAME", help="only this model, enabled or not")
    parser.add_argument("--debug", action="store_true", help="show all output, and tracebacks")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        project = find_project()
        language = find_language(project.languages, chosen.code)
        if chosen.model:
            os.environ["VERNACULAR_MODELS"] = f"{language.code}:{chosen.model}"
        stages, _ = stages_to_show(language)
        names = upstream(stages, chosen.to, language.code)
        outcome = execute(language, {name: stages[name] for name in names}, project, debug=chosen.debug)
        say_outcome(outcome, language, log_of(project.artifacts, language.code), debug=chosen.debug)
        clean = Store(project.artifacts).current(language.code, CLEAN)
        if clean is not None and CLEAN in names and (CLEAN in outcome.keys or not outcome.ran):
            for line in closing_lines(clean):
                say(f"{chosen.code}: {line}")
    except KeyboardInterrupt:
        say(f"{STOPPED}", err=True)
        return INTERRUPTED
    except Exception as error:
        if chosen.debug:
            raise
        say(f"error: {as_problem(error, chosen.code)}", err=True)
        return 2
    if outcome.code == 0:
        say(f"{chosen.code}: all {len(names)} stages are up to date, {time.monotonic() - started:.1f} s")
    return outcome.code


if __name__ == "__main__":
    guard_streams()
    sys.exit(main())
