"""Run one language in this process: Dagster's run of its stages, and the display of its events."""

from __future__ import annotations

import os

from dagster import AssetKey, DagsterEvent, DagsterInstance

from assets.dagster_internals import (
    IMPLICIT_ASSET_JOB_NAME,
    ErrorSource,
    create_execution_plan,
    execute_run_iterator,
)
from assets.naming import stage_key
from assets.stopped import STARTED_BY
from pipelines.code_locations import location_of
from pipelines.dagster_home import use_home
from pipelines.language import job_name
from pipelines.messages import FailedCheck, every_line
from pipelines.outcome import INTERRUPTED, STOPPED, Outcome
from pipelines.partial_load import ONLY
from pipelines.progress import RunDisplay
from pipelines.repair_history import repair
from pipelines.run_locks import alive, code_location, job_origin
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.project import Project

# The stages print what matters; Dagster's own log goes to the UI. Mirrored output must keep its
# last lines.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
TAIL_SECONDS = "0.2"
FAILED_CHECK = "DagsterAssetCheckFailedError"


def explain(event: DagsterEvent) -> tuple[int, str] | None:
    """Return exit code and message of a failed step; None if an earlier failure caused it."""
    data = event.step_failure_data
    if data.error_source == ErrorSource.INTERRUPT:
        return INTERRUPTED, STOPPED
    if data.user_failure_data is not None and data.user_failure_data.description:
        return 2, f"error: {data.user_failure_data.description}"
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is not None and error.cls_name == FAILED_CHECK:
        return None  # the failed check was reported
    message = " ".join(error.message.split()) if error is not None else "no reason given"
    where = (event.step_key or "").replace("__", " ", 1).replace("__", "/")
    return 2, f"error: {where}: {message}. This is a bug; --debug or the run in the UI shows where [{Code.BUG}]"


class Follower:
    """Handles the events of a run: shows progress, and records the outcome."""

    def __init__(self, language: Language, names: list[str], display: RunDisplay, outcome: Outcome) -> None:
        self._slug, self._display, self._outcome = language.slug, display, outcome
        self._stage_of = {"__".join([language.slug, *name.split("/")]): name for name in names}

    def __call__(self, event: DagsterEvent) -> None:
        """Handle one event."""
        stage = self._stage_of.get(event.step_key or "", "")
        if event.event_type_value == "STEP_START":
            self._display.begin(stage)
        elif event.event_type_value == "ASSET_MATERIALIZATION":
            self._made(event, stage)
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            self._checked(event, stage)
        elif event.is_step_failure and (found := explain(event)) is not None:
            self._fail(*found)
        elif event.event_type_value == "PIPELINE_FAILURE" and not self._outcome.code:  # before or between steps
            error = getattr(event.event_specific_data, "error", None)
            message = " ".join(error.message.split()) if error is not None else "no reason given"
            self._fail(2, f"error: Dagster could not run: {message}. If dagster.yaml is of an earlier version, take "
                          f"the one that `vernacular init` writes into a new folder [{Code.CONFIG_FILE}]")
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
            if stop:
                self._fail(1, *every_line([failed], self._slug))

    def _fail(self, code: int, line: str) -> None:
        self._outcome.code = max(self._outcome.code, code)
        if line not in self._outcome.errors:
            self._outcome.errors.append(line)


def run_dagster(language: Language, names: list[str], project: Project, display: RunDisplay, outcome: Outcome, *,
                debug: bool) -> None:
    """Run the stages ``names`` of ``language``; show progress, and record the result in ``outcome``.

    Raises:
        KeyboardInterrupt: the run was stopped, as recorded in its history.
    """
    use_home(project)
    os.environ.setdefault("DAGSTER_COMPUTE_LOG_TAIL_WAIT_AFTER_FINISH", TAIL_SECONDS)
    take = Follower(language, names, display, outcome)
    selection: frozenset[AssetKey] = frozenset(stage_key(language, name) for name in names)
    location = location_of(language.code, project.home)
    with DagsterInstance.get() as instance:
        repair(instance)
        os.environ[ONLY] = language.code
        name = job_name(language.slug)
        if not code_location().get_definition().has_job(name):  # with many languages there is no job for each
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
