"""The run queue in ``dagster.yaml``: Dagster's own, with runs started by a person first.

It tags runs with their language. The limit of one run per language counts the tag ``language``:
runs of a language's job have it; runs that a person starts from the lineage, or of the job
``rebuild`` in the Launchpad, do not.
"""

from __future__ import annotations

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, QueuedRunCoordinator, RunsFilter, SubmitRunContext

from assets.dagster_internals import PRIORITY_TAG, SCHEDULE_NAME_TAG, SENSOR_NAME_TAG
from assets.stopped import GAVE_WAY
from pipelines.partial_load import slugs_of

FIRST = "10"  # Dagster's priority of runs by a person, in the queue and the pool; the default is 0
UPKEEP = "upkeep"  # the sensor whose runs give way
GOING_ON = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]


class LanguageQueue(QueuedRunCoordinator):
    """Dagster's queue; a run of a single language gets that language's tag."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Tag the run and queue it; a run of several languages has no tag, and waits for none of them.

        Runs of a person take precedence over waiting ones, and an active run of ``upkeep`` for the
        same language is stopped for them. Little is lost, since it resumes when the sensor requests
        it again.
        """
        run, tags = context.dagster_run, dict[str, str]()
        slugs = slugs_of(run) or set()
        if "language" not in run.tags and len(slugs) == 1:
            tags["language"] = slugs.copy().pop()
        if by_person(run) and PRIORITY_TAG not in run.tags:
            tags[PRIORITY_TAG] = FIRST
        if tags:
            self._instance.add_run_tags(run.run_id, tags)
        submitted = super().submit_run(context)
        slug = tags.get("language", run.tags.get("language"))
        if by_person(run) and slug is not None:
            for other in runs_of_upkeep(self._instance, slug):
                self._instance.add_run_tags(other.run_id, {GAVE_WAY: run.run_id})
                try:
                    self.cancel_run(other.run_id)
                except Exception as error:  # the new run is queued already, and waits like others
                    self._instance.report_engine_event(f"it could not be stopped for the run {run.run_id}: {error}",
                                                       other)
        return submitted


def by_person(run: DagsterRun) -> bool:
    """Whether a person started the run, not a sensor or schedule."""
    return not {SENSOR_NAME_TAG, SCHEDULE_NAME_TAG} & set(run.tags)


def runs_of_upkeep(instance: DagsterInstance, slug: str) -> list[DagsterRun]:
    """Return the active runs that the sensor ``upkeep`` started for the language."""
    return list(instance.get_runs(RunsFilter(statuses=GOING_ON, tags={"language": slug, SENSOR_NAME_TAG: UPKEEP})))
