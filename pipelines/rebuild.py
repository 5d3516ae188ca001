"""Verify corpora by rebuilding them: one job for all languages, and the schedule that rotates through them.

A run handles one language and has its tag, so that nothing else works on it. It fails if a document
differs, and records the result with the language's splits.
"""

# No `from __future__ import annotations` here: Dagster rejects the type of `context` as a string.
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from dagster import (
    AssetObservation,
    Config,
    DefaultScheduleStatus,
    Failure,
    JobDefinition,
    MetadataValue,
    OpExecutionContext,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    in_process_executor,
    job,
    op,
    schedule,
)

from assets.factory import say
from assets.metadata import table
from assets.naming import failure, stage_key
from pipelines.code_locations import Shard
from pipelines.language import REBUILD
from pipelines.refresh_sensor import CAUSE
from pipelines.registry import everything, scan
from vernacular.config.load import find_language
from vernacular.core import clock
from vernacular.core.errors import Problem, as_problem
from vernacular.core.project import Project
from vernacular.core.store import Store
from vernacular.corpus.verify import Outcome, outcome_of, rebuild
from vernacular.pipeline.graph_summary import Outline

SPLITS, OP = "corpus/splits", "compare"
DAY = 86_400.0
NIGHTS = 28  # period in which each language has its turn


class Chosen(Config):
    """The selected language: the name of its folder."""

    code: str


def build_job(project: Project) -> JobDefinition:
    """Return the job ``rebuild``: recomputes the corpus of one language and compares."""
    @op(name=OP, required_resource_keys={"store"})
    def compare(context: OpExecutionContext, config: Chosen) -> None:
        try:
            language = find_language(project.languages, config.code)
            outcome = rebuild(language, context.resources.store.open(), say)
        except (Problem, OSError, sqlite3.OperationalError) as error:
            raise failure(as_problem(error, config.code)) from None
        context.log_event(AssetObservation(
            asset_key=stage_key(language, SPLITS), description=outcome.line(), metadata={
                "documents": outcome.documents, "documents that differ": outcome.differing}))
        if outcome.differing:
            raise Failure(f"{language.code}: {outcome.line()}. docs/how-to/keep-up-to-date.md explains what to do",
                          metadata={"first": MetadataValue.md(table(outcome.first))}, allow_retries=False)

    @job(name=REBUILD, executor_def=in_process_executor,
         description="Recomputes the documents, the cleaned text and the splits of a language without caches, and "
                     "compares them with the current ones. Fails if one differs.")
    def job_of_rebuild() -> None:
        compare()

    return job_of_rebuild


def build_schedule(project: Project, shard: Shard, of: JobDefinition) -> ScheduleDefinition:
    """Return the nightly schedule ``rebuild`` of the languages in ``shard``, off by default."""
    @schedule(name=REBUILD, job=of, cron_schedule="30 0 * * *", default_status=DefaultScheduleStatus.STOPPED,
              description="Rebuilds and compares corpora that were not verified for `refresh: {rebuild_days: 28}` "
                          "days, a twenty-eighth of the languages per night, of those with `automatic: true`.")
    def nightly(context: ScheduleEvaluationContext) -> Iterator[RunRequest | SkipReason]:
        now = clock.now()
        found, night = list(due(project, shard, now)), datetime.fromtimestamp(now, UTC).date().isoformat()
        for outline, key in found:
            yield RunRequest(run_key=f"{REBUILD}:{outline.code}:{key}:{night}",
                             run_config={"ops": {OP: {"config": {"code": outline.code}}}},
                             tags={"language": outline.slug, CAUSE: "not verified since the last change of its "
                                                                    "corpus"})
        if not found:
            yield SkipReason("every corpus is verified, not automatic, or not made yet")

    return nightly


def due(project: Project, shard: Shard, now: float) -> Iterator[tuple[Outline, str]]:
    """Yield the languages to verify, with the key of their splits, longest waiting first."""
    languages = scan(project.languages, everything, shard).languages.values()
    store, waiting = Store(project.artifacts), []
    for outline in languages:
        pointer = store.home(outline.code, SPLITS) / "current"
        if not outline.rebuild_days or not pointer.is_file():
            continue
        key = pointer.read_text(encoding="utf-8").strip()
        try:
            last = outcome_of(store, outline.code)
        except Problem:  # its run fails with this problem; the others continue
            last = Outcome()
        unchanged = last.key == key and not last.differing
        if not unchanged and (not last.done or clock.over(last.done, outline.rebuild_days * DAY, now)):
            waiting.append((0.0 if clock.ahead(last.tried, now) else last.tried, outline.code, outline, key))
    for _, _, outline, key in sorted(waiting, key=lambda each: each[:2])[:-(-len(languages) // NIGHTS)]:
        yield outline, key
