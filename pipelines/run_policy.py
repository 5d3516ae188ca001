"""Decide whether a run of a language starts now, from the findings of ``upkeep``."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from croniter import croniter

from vernacular.config.refresh import Refresh
from vernacular.core import clock
from vernacular.core.store import digest_of
from vernacular.pipeline.staleness import Stale

TRIES = 3  # attempts of a run whose process is killed
HINDERED_SECONDS, DAY_SECONDS = 300.0, 86_400.0  # first wait after a transient problem; doubled up to a day
LOST_SECONDS = 600.0  # a requested run that does not appear within this time is lost


@dataclass(frozen=True)
class Asked:
    """The last request for a language, or when it was first seen.

    Attributes:
        circumstances: at that time; empty if nothing was ever requested.
        causes: a digest of the stale stages and their expected artifacts.
        times: number of equal requests.
        at: seconds since 1970.
        outcome: of the run before, after which it was requested again.
    """

    circumstances: str
    causes: str
    times: int
    at: float
    outcome: str = ""

    def counted(self, outcome: str) -> int:
        """Return the number of equal requests in a row with this outcome."""
        return self.times if self.outcome in ("", outcome) else 1


def decide(settings: Refresh, causes: Sequence[Stale], circumstances: str, last: Asked, outcome: str, running: bool,
           now: float) -> str | None:
    """Return why no run starts now; None if one starts.

    The conditions, each with its purpose:

    - *automatic*: a folder opts in to automatic runs; otherwise a fresh checkout would train.
    - *something is stale*: an unchanged poll starts no run. Nothing is stale after a failed gate,
      so nothing is trained on rejected text; a manual run leaves nothing stale.
    - *no run of the language is active*: two would do the same work. Later changes remain stale
      after it.
    - *a time of* ``cron`` *has passed since the last request, or since the language was first
      seen*: for machines that work at night.
    - *no run failed or was stopped under the same circumstances*: it would fail again. New text, an
      edit or a new version changes the circumstances.
    - *the same was not requested before*: a successful run that left the same causes would repeat
      itself.
    - *a run that gave way* to one of a person is requested again when that has ended.
    - *a run that was killed* (failed without a failed step) is requested again, a few times; it
      resumes. One *hindered* by a transient problem (a full disk, another process at the same
      stage) is requested again after a while. One that never appeared (the daemon died in between)
      is requested once more with the same key, for which Dagster starts at most one run.

    Args:
        settings: ``refresh:`` of the language.
        causes: what is stale.
        circumstances: a digest of all that a person or the outside can change.
        last: the last request.
        outcome: of the last requested run: ``success``, ``failure``, ``canceled``, ``gave way``,
            ``killed``, ``hindered`` or ``none``.
        running: whether a run of this language is queued or active.
        now: seconds since 1970.
    """
    if not settings.automatic:
        return "not automatic"
    if not causes:
        return "up to date"
    if running:
        return "a run is active"
    if last.circumstances == circumstances:
        if outcome == "gave way":
            return None
        if outcome == "killed":
            return None if last.counted(outcome) < TRIES else f"killed {last.counted(outcome)} times"
        if outcome == "hindered":
            pause = min(HINDERED_SECONDS * 2.0 ** min(last.counted(outcome) - 1, 20), DAY_SECONDS)
            again = clock.over(last.at, pause, now)
            return None if again else "a run was hindered (its page shows why); it will be retried later"
        if outcome == "none":
            return None if clock.over(last.at, LOST_SECONDS, now) else "requested before"
        if outcome != "success":
            return "an equal run ended without success"
        if last.causes == digest(causes):
            return "requested before"
    if settings.cron is not None and not _came(settings, last.at, now):
        return f"waits for {settings.cron}"
    return None


def digest(causes: Sequence[Stale]) -> str:
    """Return a digest of the causes."""
    return digest_of([(cause.stage, cause.key) for cause in causes])


def _came(settings: Refresh, since: float, now: float) -> bool:
    """Whether a time of ``cron`` is in (``since``, ``now``], or ``since`` comes from a wrong clock."""
    if clock.ahead(since, now):
        return True
    start = datetime.datetime.fromtimestamp(since, ZoneInfo(settings.timezone))
    following_time: datetime.datetime = croniter(settings.cron, start).get_next(datetime.datetime)
    return following_time.timestamp() <= now
