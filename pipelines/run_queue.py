"""The queue of runs, as ``dagster.yaml`` names it: Dagster's own, where what a person starts goes first.

It learns of each run what language it is of. The limit of one run of a language at a time counts the tag ``language``:
a run of a language's job has it, one that a person starts from the lineage, or of the job ``rebuild`` in the Launchpad,
has none.
"""

from __future__ import annotations

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, QueuedRunCoordinator, RunsFilter, SubmitRunContext

from assets.dagster_internals import PRIORITY_TAG, SCHEDULE_NAME_TAG, SENSOR_NAME_TAG
from assets.stopped import GAVE_WAY
from pipelines.partial_load import slugs_of

FIRST = "10"  # Dagster's priority of what a person starts, in the queue and before the pool; without a tag it is 0
UPKEEP = "upkeep"  # the sensor whose runs give way
GOING_ON = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]


class LanguageQueue(QueuedRunCoordinator):
    """Dagster's queue; a run that is of one language alone waits in it under that language's tag."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Tag the run and queue it; one of several languages has no tag, and waits for none of them.

        What a person starts goes before what waits; and a run of ``upkeep`` that is going on for the same language is
        stopped for it. That loses little, since it goes on where it was stopped, and the sensor asks for it again.
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
                except Exception as error:  # the new run is queued already, and waits for that one as others do
                    self._instance.report_engine_event(f"it could not be stopped for the run {run.run_id}: {error}",
                                                       other)
        return submitted


def by_person(run: DagsterRun) -> bool:
    """Whether a person started the run, and no sensor or schedule."""
    return not {SENSOR_NAME_TAG, SCHEDULE_NAME_TAG} & set(run.tags)


def runs_of_upkeep(instance: DagsterInstance, slug: str) -> list[DagsterRun]:
    """The runs that the sensor ``upkeep`` started for the language and that are going on."""
    return list(instance.get_runs(RunsFilter(statuses=GOING_ON, tags={"language": slug, SENSOR_NAME_TAG: UPKEEP})))
