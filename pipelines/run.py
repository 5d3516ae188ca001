"""``python -m pipelines.run CODE [--to STAGE] [--model NAME]``: one language through Dagster, here and now.

The run is an ordinary one of the code location and shows in the UI, on the instance in ``DAGSTER_HOME`` (the project's
folder if unset). Where everything is up to date already, Dagster is not started. The console shows how far the run is,
and at the end each error on a line and a summary of warnings; with ``--debug`` everything as it is written. Exit code 0
done, 1 a check failed, 2 something a person has to mend, 130 interrupted.
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
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines.dagster_home import use_home
from pipelines.expected import TimeLeft, seconds_before
from pipelines.messages import Messages
from pipelines.outcome import INTERRUPTED, STOPPED, Follower, Outcome, explain, say_outcome
from pipelines.output import Output, log_of
from pipelines.progress import RunDisplay, display_for
from pipelines.selection import stages_to_show, upstream
from pipelines.up_to_date import look, note_told
from vernacular.cleaning.losses import closing_lines
from vernacular.config.load import find_language
from vernacular.config.schema import Language
from vernacular.core.console import SafeConsole
from vernacular.core.errors import as_problem
from vernacular.core.project import Project, find_project
from vernacular.core.store import Store
from vernacular.core.terminal import guard_streams, say
from vernacular.pipeline.stage import Stage

if TYPE_CHECKING:
    from dagster import DagsterEvent

# The stages print what matters; Dagster's own log goes to the UI. The mirrored output must not lose its last lines.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
TAIL_SECONDS = "0.2"
CLEAN = "corpus/clean"


def run_dagster(language: Language, names: list[str], project: Project, take: Callable[[DagsterEvent], None], *,
                debug: bool) -> None:
    """Run the stages ``names`` of ``language`` and hand what Dagster tells of it to ``take``.

    Raises:
        KeyboardInterrupt: the run was stopped, which its history says.
    """
    use_home(project)
    os.environ.setdefault("DAGSTER_COMPUTE_LOG_TAIL_WAIT_AFTER_FINISH", TAIL_SECONDS)
    from dagster import AssetKey, DagsterInstance
    from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
    from dagster._core.execution.api import create_execution_plan, execute_run_iterator

    from assets.naming import stage_key
    from assets.stopped import STARTED_BY
    from pipelines.code_locations import location_of
    from pipelines.language import job_name
    from pipelines.partial_load import ONLY
    from pipelines.repair_history import mend
    from pipelines.run_locks import alive, code_location, job_origin

    selection: frozenset[AssetKey] = frozenset(stage_key(language, name) for name in names)
    location = location_of(language.code, project.home)
    with DagsterInstance.get() as instance:
        mend(instance)
        os.environ[ONLY] = language.code
        name = job_name(language.slug)
        if not code_location().get_definition().has_job(name):  # there are too many for a job each
            name = IMPLICIT_ASSET_JOB_NAME
        job = code_location().get_reconstructable_job(name).get_subset(asset_selection=selection)
        definition = job.get_definition()
        quiet = {} if debug else QUIET
        run = instance.create_run_for_job(
            definition, execution_plan=create_execution_plan(job, quiet), run_config=quiet, asset_selection=selection,
            tags={**definition.run_tags, **STARTED_BY, "language": language.slug},
            remote_job_origin=job_origin(definition.name, location), job_code_origin=job.get_python_origin())
        with alive(instance, run.run_id):
            try:
                for event in execute_run_iterator(job, run, instance):
                    take(event)
                    if event.is_step_failure and (found := explain(event)) is not None and found[0] == INTERRUPTED:
                        instance.report_run_canceling(run)
            except KeyboardInterrupt:
                instance.report_run_canceled(run)
                raise


@contextmanager
def shown(language: Language, names: list[str], store: Store, messages: Messages,
          display: Callable[[Console], RunDisplay]) -> Iterator[RunDisplay]:
    """A display on this process's output, which nothing else reaches: lines of libraries go into ``messages``."""
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
    """Run ``stages`` of ``language`` where one of them is not up to date.

    Raises:
        Problem: what is due on the network cannot be fetched, though nothing else is to do.
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
            run_dagster(language, names, project, Follower(language, names, display, outcome), debug=debug)
    except KeyboardInterrupt:
        outcome.code, outcome.errors = INTERRUPTED, [STOPPED]
    if outcome.keys:
        note_told(home, language.slug, outcome.keys)
    return outcome


def main(arguments: list[str] | None = None) -> int:
    """Run one language; returns the exit code."""
    parser = argparse.ArgumentParser(prog="vernacular run", description="Run a language's stages through Dagster.")
    parser.add_argument("code", help="name of the language folder")
    parser.add_argument("--to", metavar="STAGE", help="run no further than this stage")
    parser.add_argument("--model", metavar="NAME", help="this model alone, enabled or not")
    parser.add_argument("--debug", action="store_true", help="everything as it is written, and tracebacks")
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
