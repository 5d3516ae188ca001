"""``python -m pipelines.run CODE [--to STAGE] [--model NAME]``: one language through Dagster, here and now.

The run is an ordinary one of the code location and shows in the UI, on the instance in ``DAGSTER_HOME`` (the project's
folder if unset). The console gets the stages' own plain lines; exit code 0 done, 1 a check failed, 2 something a person
has to mend, 130 interrupted.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import time
from typing import TYPE_CHECKING

from pipelines.home import use_home
from vernacular.config.load import find_language
from vernacular.config.schema import Language
from vernacular.errors import Problem, as_problem
from vernacular.project import Project, find_project
from vernacular.stages import Stage

if TYPE_CHECKING:
    from dagster import DagsterEvent

# The stages print what matters; Dagster's own log goes to the UI. The mirrored output must not lose its last lines.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
TAIL_SECONDS = "0.2"
FAILED_CHECK = "DagsterAssetCheckFailedError"


def upstream(stages: dict[str, Stage], to: str | None, code: str) -> list[str]:
    """The names of the stages that lead to ``to``, itself included; all if it is None.

    Raises:
        Problem: there is no such stage.
    """
    if to is None:
        return list(stages)
    if to not in stages:
        near = difflib.get_close_matches(to, stages, n=1, cutoff=0.4)
        raise Problem(f"there is no stage '{to}'", where=f"{code} --to", fix=(
            f"Did you mean {near[0]}? " if near else "") + f"The stages are: {', '.join(stages)}")
    wanted, open_ends = {to}, [to]
    while open_ends:
        for name in stages[open_ends.pop()].inputs:
            if name in stages and name not in wanted:
                wanted.add(name)
                open_ends.append(name)
    return [name for name in stages if name in wanted]


def explain(event: DagsterEvent) -> tuple[int, str] | None:
    """Exit code and line for a failed step; None where a failure further up explains it."""
    from dagster._core.execution.plan.objects import ErrorSource

    data = event.step_failure_data
    if data.error_source == ErrorSource.INTERRUPT:
        return 130, "stopped; run the same command again to resume"
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


def execute(language: Language, names: list[str], project: Project, *, debug: bool) -> tuple[int, list[str]]:
    """Run the stages ``names`` of ``language``: the exit code, and what to say about failures."""
    use_home(project)
    os.environ.setdefault("DAGSTER_COMPUTE_LOG_TAIL_WAIT_AFTER_FINISH", TAIL_SECONDS)
    from dagster import AssetKey, DagsterInstance
    from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
    from dagster._core.execution.api import create_execution_plan, execute_run_iterator

    from assets.common import stage_key
    from assets.factory import say
    from pipelines.bookkeeping import STARTED_BY, alive, code_location, job_origin
    from pipelines.language import job_name
    from pipelines.mend import mend
    from pipelines.needed import ONLY
    from pipelines.shards import location_of

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
        code, said = 0, []
        with alive(instance, run.run_id):
            try:
                for event in execute_run_iterator(job, run, instance):
                    if event.is_step_failure and (found := explain(event)) is not None:
                        code = max(code, found[0])
                        said.append(found[1])
                        if found[0] == 130:
                            instance.report_run_canceling(run)
                    elif event.event_type_value == "ASSET_CHECK_EVALUATION":
                        check = event.asset_check_evaluation_data
                        if not check.passed:
                            stop = check.blocking and check.severity.value == "ERROR"
                            code = max(code, int(stop))
                            line = f"{'/'.join(check.asset_key.path)}: {check.check_name} failed: {check.description}"
                            said.append(f"{'error' if stop else 'warning'}: {line}")
                    elif "blocked by limit for pool" in (event.message or ""):
                        say(f"{language.code}: waits for another run that trains ({event.step_key})")
            except KeyboardInterrupt:
                instance.report_run_canceled(run)
                return 130, ["stopped; run the same command again to resume"]
        return code, list(dict.fromkeys(said))


def main(arguments: list[str] | None = None) -> int:
    """Run one language; returns the exit code."""
    parser = argparse.ArgumentParser(prog="vernacular run", description="Run a language's stages through Dagster.")
    parser.add_argument("code", help="name of the language folder")
    parser.add_argument("--to", metavar="STAGE", help="run no further than this stage")
    parser.add_argument("--model", metavar="NAME", help="this model alone, enabled or not")
    parser.add_argument("--debug", action="store_true", help="Dagster's own log, and tracebacks")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        project = find_project()
        language = find_language(project.languages, chosen.code)
        if chosen.model:
            os.environ["VERNACULAR_MODELS"] = f"{language.code}:{chosen.model}"
        from pipelines.language import stages_to_show

        names = upstream(stages_to_show(language)[0], chosen.to, language.code)
        code, said = execute(language, names, project, debug=chosen.debug)
    except KeyboardInterrupt:
        code, said = 130, ["stopped; run the same command again to resume"]
    except Exception as error:
        if chosen.debug:
            raise
        code, said = 2, [f"error: {as_problem(error, chosen.code)}"]
    for line in said:
        sys.stderr.write(line + "\n")
    if code == 0:
        sys.stdout.write(f"{chosen.code}: all {len(names)} stages are up to date, {time.monotonic() - started:.1f} s\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
