"""Politeness per host during a run: rules, concurrent requests, delays and backoff."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from vernacular.core import clock
from vernacular.sources.web.robots import Rules

AT_ONCE = 2      # concurrent requests per host
TRIES = 3        # attempts per page
FAILURES = 5     # failures in a row after which a host is skipped until the next run
_BACK_OFF = 5.0  # seconds of backoff after a failure, times the attempts
_LONGEST = 3600.0


def seconds_until(retry_after: str) -> float | None:
    """Return the wait of a ``Retry-After`` header, in seconds or as a date (RFC 9110); None if invalid."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - clock.now())
    except ValueError:
        return None


@dataclass
class Manners:
    """The hosts (origins) of a run."""

    delay: float  # least seconds between two requests to a host
    # origin -> its rules, or None while robots.txt is being fetched
    rules: dict[str, Rules | None] = field(default_factory=dict)
    flying: dict[str, str] = field(default_factory=dict)  # URLs being fetched -> origin
    # origin -> monotonic time of its next request
    wait: dict[str, float] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)  # origin -> failures in a row
    # URLs of lists and start pages being fetched -> origin
    opening: dict[str, str] = field(default_factory=dict)

    def busy(self) -> list[str]:
        """The origins that must wait."""
        flying, moment = Counter(self.flying.values()), time.monotonic()
        return [origin for origin, rules in self.rules.items() if rules is None or self._left(origin)
                or flying[origin] >= (1 if rules.delay else AT_ONCE) or self.wait.get(origin, 0) > moment]

    def shut(self) -> Collection[str]:
        """The origins skipped until the next run."""
        return [origin for origin in self.rules if self._left(origin)]

    def idle(self) -> bool:
        """Whether nothing is being fetched."""
        return not self.flying and None not in self.rules.values()

    def pause(self) -> float:
        """Return the seconds until a waiting host may be used, at most one."""
        moment = time.monotonic()
        return min([1.0, *(when - moment for when in self.wait.values() if when > moment)])

    def ask(self, url: str, origin: str, opens: bool) -> None:
        """Record a request; ``opens`` marks a list or start page."""
        self.flying[url] = origin
        if opens:
            self.opening[url] = origin
        rules = self.rules[origin]
        if rules is not None and rules.delay > self.delay:
            self.wait[origin] = time.monotonic() + rules.delay

    def came(self, url: str) -> None:
        """Record the end of a request."""
        self.flying.pop(url, None)
        self.opening.pop(url, None)

    def fail(self, origin: str, tries: int, retry_after: str) -> bool:
        """Back off from a host; return whether it is now skipped for the run.

        Args:
            origin: of the host.
            tries: attempts at the page.
            retry_after: the header of that name, or empty.
        """
        asked = seconds_until(retry_after)
        pause = _BACK_OFF * tries * min(1.0, self.delay) if asked is None else asked
        # A crawl delay or an earlier response may require a longer wait.
        self.wait[origin] = max(self.wait.get(origin, 0.0), time.monotonic() + min(pause, _LONGEST))
        before = self.failures[origin]
        # Skip a host whose wait exceeds the run.
        self.failures[origin] = FAILURES if pause > _LONGEST else before + 1
        return before < FAILURES <= self.failures[origin]

    def _left(self, origin: str) -> bool:
        return self.failures[origin] >= FAILURES
