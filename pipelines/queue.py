"""The queue of runs, as ``dagster.yaml`` names it: Dagster's own, which learns of each run what language it is of.

The limit of one run of a language at a time counts the tag ``language``. A run of a language's job has it, one that a
person starts from the lineage, or of the job ``rebuild`` in the Launchpad, has none.
"""

from __future__ import annotations

from dagster import DagsterRun, QueuedRunCoordinator
from dagster._core.run_coordinator import SubmitRunContext

from pipelines.needed import slugs_of


class LanguageQueue(QueuedRunCoordinator):
    """Dagster's queue; a run that is of one language alone waits in it under that language's tag."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Tag the run and queue it; one of several languages has no tag, and waits for none of them."""
        run = context.dagster_run
        slugs = slugs_of(run) or set()
        if "language" not in run.tags and len(slugs) == 1:
            self._instance.add_run_tags(run.run_id, {"language": slugs.pop()})
        return super().submit_run(context)
