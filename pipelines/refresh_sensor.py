"""The sensor that keeps all languages up to date: detects news, fetches sources, requests runs.

Staleness comes from the store (``vernacular.pipeline.staleness``), not from Dagster's history, so
that offline edits, deleted artifacts and killed runs are detected. One sensor serves all languages,
since a thousand schedules and conditions would be loaded and evaluated separately. Languages beyond
a tick's time limit are handled by the next tick.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from dagster import (
    AssetKey,
    AssetObservation,
    AssetSelection,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    EventLogEntry,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from assets.dagster_internals import DATA_VERSION_TAG
from assets.naming import PASSING, stage_key
from assets.stopped import GAVE_WAY
from pipelines.code_locations import ALL, Shard
from pipelines.language_snapshot import Look, Looks, look
from pipelines.run_locks import UNFINISHED, end_dead_runs
from pipelines.run_policy import Asked, decide, digest
from vernacular.catalog import stages_of
from vernacular.config.load import folders_of
from vernacular.config.schema import Language
from vernacular.core import clock as clocks
from vernacular.core.errors import as_problem
from vernacular.core.project import Project
from vernacular.pipeline.staleness import following

TICK_SECONDS = 1.5  # time limit for work; with the last language a tick stays below two
EVERY_SECONDS = int(os.environ.get("VERNACULAR_POLL_SECONDS", "30"))
FETCHES = 2  # concurrent fetching processes
CAUSE, TRIED = "vernacular/cause", "vernacular/circumstances"  # tags of the runs


class Upkeep:
    """The work of one tick; tests replace the clock and the start of a fetch."""

    def __init__(self, project: Project, clock: Callable[[], float] = clocks.now,
                 start_fetch: Callable[[Project, str], subprocess.Popen[bytes]] | None = None,
                 shard: Shard = ALL) -> None:
        self.project, self.clock, self.shard = project, clock, shard
        self._looks = Looks()
        self._start_fetch = start_fetch or start_fetching
        self._fetches: list[subprocess.Popen[bytes]] = []

    def tick(self, instance: DagsterInstance, cursor: str | None, known: Collection[AssetKey],
             warn: Callable[[str], None]) -> SensorResult:
        """Handle as many languages as time allows, continuing after the last tick's."""
        began = time.monotonic()
        state = {"after": "", "fetched": "", "asked": {}, "seen": {}} | (orjson.loads(cursor) if cursor else {})
        end_dead_runs(instance)
        requests: list[RunRequest] = []
        observed: list[AssetObservation] = []
        notes: list[str] = []
        due: list[Look] = []
        for number, code in enumerate(_turn(self.project.languages, state["after"], self.shard)):
            if number and time.monotonic() - began > TICK_SECONDS:
                break  # at least one language is handled
            state["after"] = code
            try:
                seen = self._looks.at(code, partial(look, self.project, code, self.clock()))
                language = seen.language
                if not language.refresh.automatic:
                    continue
                if not {stage_key(language, name) for name in stages_of(language)}.issubset(known):
                    notes.append(f"{code}: has stages that the code location does not know yet; reload it")
                    continue
                observed += _news(seen.digests, state["seen"])
                if seen.due:
                    due.append(seen)
                    continue
                request = self._request(seen, instance, state["asked"])
            except Exception as error:  # a folder never blocks the others; a failed poll is not a change
                notes.append(str(as_problem(error, code)))
                warn(notes[-1])
                continue
            if isinstance(request, str):
                notes.append(f"{code}: {request}")
            else:
                requests.append(request)
        # Continue after the last language handled; otherwise the first of few would always be
        # handled.
        for seen in sorted(due, key=lambda each: (each.language.code <= state["fetched"], each.language.code)):
            names = ", ".join(seen.due)
            try:
                began_now = self._fetch(seen.language)
            except Exception as error:  # no writable folder or no process: continue with the others
                notes.append(str(as_problem(error, seen.language.code)))
                warn(notes[-1])
                state["fetched"] = seen.language.code
                continue
            notes.append(f"{seen.language.code}: {names} {'is being' if began_now else 'will be'} fetched")
            if began_now:
                state["fetched"] = seen.language.code
        cursor = orjson.dumps(state).decode()
        reason = "; ".join(notes)[:2000] or "no language is automatic (`refresh: {automatic: true}`)"
        return SensorResult(run_requests=requests, asset_events=observed, cursor=cursor,
                            skip_reason=None if requests else SkipReason(reason))

    def _request(self, seen: Look, instance: DagsterInstance, asked: dict[str, list[Any]]) -> RunRequest | str:
        if seen.fetching:
            return "is being fetched"
        now, language, causes, around = self.clock(), seen.language, seen.causes, seen.around
        last = Asked(*asked.setdefault(language.code, ["", "", 0, now]))
        going_on = RunsFilter(statuses=[*UNFINISHED, DagsterRunStatus.QUEUED], tags={"language": language.slug})
        running = bool(instance.get_runs(going_on, limit=1))
        outcome = outcome_of(instance, language, last)
        why_not = decide(language.refresh, causes, around, last, outcome, running, now)
        if why_not is not None:
            return why_not
        times, at = 1, now
        if last.circumstances == around and outcome == "none":  # the same request once more
            times, at = last.times, last.at
        elif last.circumstances == around and outcome in ("killed", "hindered"):
            times = last.counted(outcome) + 1
        asked[language.code] = [around, digest(causes), times, at,
                                last.outcome if outcome == "none" else outcome if times > 1 else ""]
        names = following(stages_of(language), [cause.stage for cause in causes])
        return RunRequest(
            run_key=f"{language.code}:{around}:{digest(causes)}:{at}",
            asset_selection=[stage_key(language, name) for name in names],
            tags={"language": language.slug, TRIED: around,
                  CAUSE: "; ".join(f"{cause.stage}: {cause.why}" for cause in causes)[:500]})

    def _fetch(self, language: Language) -> bool:
        """Start a fetch of due sources of ``language``; return False if too many are running."""
        self._fetches = [process for process in self._fetches if process.poll() is None]
        if len(self._fetches) >= FETCHES:
            return False
        self._fetches.append(self._start_fetch(self.project, language.code))
        return True


def _news(digests: Mapping[AssetKey, str], known: dict[str, str]) -> Iterator[AssetObservation]:
    """Yield an observation for each source whose content differs from ``known``."""
    for key, version in digests.items():
        name = key.to_user_string()
        if known.get(name) != version:
            known[name] = version
            yield AssetObservation(asset_key=key, tags={DATA_VERSION_TAG: version})


def outcome_of(instance: DagsterInstance, language: Language, last: Asked) -> str:
    """Return the outcome of the last requested run.

    ``gave way`` if it was stopped for the run of a person, ``killed`` if it failed without a failed
    step, ``hindered`` if its steps failed for transient reasons.
    """
    runs = instance.get_runs(RunsFilter(tags={"language": language.slug, TRIED: last.circumstances}), limit=1)
    if runs and GAVE_WAY in runs[0].tags and runs[0].status != DagsterRunStatus.SUCCESS:
        return "gave way"
    if not runs or runs[0].status != DagsterRunStatus.FAILURE:
        return "none" if not runs else runs[0].status.value.lower()
    failed = instance.all_logs(runs[0].run_id, of_type=DagsterEventType.STEP_FAILURE)
    if not failed:
        return "killed"
    return "hindered" if all(map(_passing, failed)) else "failure"


def _passing(entry: EventLogEntry) -> bool:
    notes = entry.get_dagster_event().step_failure_data.user_failure_data
    note = notes.metadata.get(PASSING) if notes else None
    return note is not None and note.value is True


def start_fetching(project: Project, code: str) -> subprocess.Popen[bytes]:
    """Start a process that fetches due sources of a language; its output goes to ``.fetch.log``."""
    home = project.artifacts / code
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".fetch.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "vernacular", "fetch", code, "--due"], stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, cwd=project.home, start_new_session=True,
            env={**os.environ, "VERNACULAR_LANGUAGES": str(project.languages),
                 "VERNACULAR_ROOT": str(project.artifacts)})


def _turn(root: Path, after: str, shard: Shard) -> list[str]:
    """Return the codes of the language folders in ``shard``, starting after ``after``."""
    codes = [folder.name for folder in folders_of(root) if shard.holds(folder.name)]
    return [code for code in codes if code > after] + [code for code in codes if code <= after]


def build_upkeep(project: Project, shard: Shard) -> SensorDefinition:
    """Return the sensor ``upkeep`` of the languages in ``shard``, off by default."""
    work = Upkeep(project, shard=shard)

    @sensor(name="upkeep", asset_selection=AssetSelection.all(), minimum_interval_seconds=EVERY_SECONDS,
            default_status=DefaultSensorStatus.STOPPED,
            description="Fetches due sources, records their content, and runs stages affected by new text or "
                        "folder edits, for every language with `refresh: {automatic: true}`.")
    def upkeep(context: SensorEvaluationContext) -> SensorResult:
        assert context.repository_def is not None  # always set for a sensor of a code location
        keys = context.repository_def.asset_graph.get_all_asset_keys()
        return work.tick(context.instance, context.cursor, keys, context.log.warning)

    return upkeep
