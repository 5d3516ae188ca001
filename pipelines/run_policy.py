"""Whether a run of a language is to start now: the decision alone, from what ``upkeep`` has found out."""

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

TRIES = 3  # of a run whose process is killed
HINDERED_SECONDS, DAY_SECONDS = 300.0, 86_400.0  # first wait after a full disk or the like; doubled up to a day
LOST_SECONDS = 600.0  # after which a run that was asked for and is nowhere does not come any more


@dataclass(frozen=True)
class Asked:
    """What was last asked for a language, or since when it is looked at.

    Attributes:
        circumstances: under which; empty if nothing was ever asked for.
        causes: a digest of the stale stages and the artifacts that they would make.
        times: how often just that was asked for.
        at: seconds since 1970.
        outcome: of the run before it, which it was asked for again after.
    """

    circumstances: str
    causes: str
    times: int
    at: float
    outcome: str = ""

    def counted(self, outcome: str) -> int:
        """How often just that was asked for in a row with this outcome: a kill is none of the hindrances before it."""
        return self.times if self.outcome in ("", outcome) else 1


def decide(settings: Refresh, causes: Sequence[Stale], circumstances: str, last: Asked, outcome: str, running: bool,
           now: float) -> str | None:
    """Why no run is to start now; None if one is.

    Each term, and what would go wrong without it:

    - *automatic*: a folder says itself whether anything happens without a person; else a fresh checkout would train.
    - *something is stale*: an unchanged poll starts no run. Behind a red gate nothing is stale, so training spends
      nothing on text that failed its checks; a run by hand leaves nothing stale behind.
    - *no run of the language is going on*: two would do the same work. What came meanwhile is stale after it, too.
    - *the time of* ``cron`` *has come since a run was last asked for, or the language first seen*: for those who want
      their machine to work at night.
    - *no run failed or was stopped under the same circumstances*: it would fail again, and be tried for ever. New text,
      an edit or a new version changes the circumstances.
    - *just this was not asked for before*: a run that went well and left the same causes would do so again.
    - *but a run that gave way* to one of a person is asked for again as soon as that has ended.
    - *and a run that was killed* (it failed and no step of it did) found no answer and is asked for again, a few
      times; it goes on where it stopped. One that was *hindered* by what may pass without anybody's touching the
      language (a full disk, another process at the same stage) is asked for again after a while. And one that was asked
      for and never came to be (the daemon died in between) is asked for once more, under the same key, which Dagster
      gives to one run at most.

    Args:
        settings: ``refresh:`` of the language.
        causes: what is stale.
        circumstances: a digest of all that a person or the world can change.
        last: what was asked for before.
        outcome: of the run that was asked for last: ``success``, ``failure``, ``canceled``, ``gave way``, ``killed``,
            ``hindered`` or ``none``.
        running: whether a run of this language is queued or going on.
        now: seconds since 1970.
    """
    if not settings.automatic:
        return "not automatic"
    if not causes:
        return "up to date"
    if running:
        return "a run is going on"
    if last.circumstances == circumstances:
        if outcome == "gave way":
            return None
        if outcome == "killed":
            return None if last.counted(outcome) < TRIES else f"killed {last.counted(outcome)} times"
        if outcome == "hindered":
            pause = min(HINDERED_SECONDS * 2.0 ** min(last.counted(outcome) - 1, 20), DAY_SECONDS)
            again = clock.over(last.at, pause, now)
            return None if again else "a run was hindered (its page says by what); tried again later"
        if outcome == "none":
            return None if clock.over(last.at, LOST_SECONDS, now) else "asked for before"
        if outcome != "success":
            return "a run for just this ended without success"
        if last.causes == digest(causes):
            return "asked for before"
    if settings.cron is not None and not _came(settings, last.at, now):
        return f"waits for {settings.cron}"
    return None


def digest(causes: Sequence[Stale]) -> str:
    """The same causes, the same digest."""
    return digest_of([(cause.stage, cause.key) for cause in causes])


def _came(settings: Refresh, since: float, now: float) -> bool:
    """Whether a time of ``cron`` lies after ``since`` and not after ``now``, or a wrong clock noted ``since``."""
    if clock.ahead(since, now):
        return True
    start = datetime.datetime.fromtimestamp(since, ZoneInfo(settings.timezone))
    following_time: datetime.datetime = croniter(settings.cron, start).get_next(datetime.datetime)
    return following_time.timestamp() <= now
