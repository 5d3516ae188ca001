"""How each host is treated during a run: its rules, how many requests it has to answer now, when it is left alone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from vernacular.core import clock
from vernacular.sources.web.robots import Rules

AT_ONCE = 2      # requests to a host
TRIES = 3        # of a page that a server fails to give
FAILURES = 5     # in a row after which a host is left alone until the next run
_BACK_OFF = 5.0  # seconds that a host which fails is left alone, times the tries
_LONGEST = 3600.0


def seconds_until(retry_after: str) -> float | None:
    """The wait that a ``Retry-After`` asks for, in seconds or as a date (RFC 9110); None where it asks for none."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - clock.now())
    except ValueError:
        return None


@dataclass
class Manners:
    """The hosts (origins) of a run.

    Attributes:
        delay: least seconds between two requests to a host.
        rules: origin -> its rules, or None while its robots.txt is on the way.
        flying: URLs that are being asked -> origin.
        wait: origin -> when it may be asked again, in monotonic seconds.
        failures: origin -> failures in a row.
        opening: URLs of lists and start pages that are being asked -> origin.
    """

    delay: float
    rules: dict[str, Rules | None] = field(default_factory=dict)
    flying: dict[str, str] = field(default_factory=dict)
    wait: dict[str, float] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    opening: dict[str, str] = field(default_factory=dict)

    def busy(self) -> list[str]:
        """The origins that cannot be asked now."""
        flying, moment = Counter(self.flying.values()), time.monotonic()
        return [origin for origin, rules in self.rules.items() if rules is None or self._left(origin)
                or flying[origin] >= (1 if rules.delay else AT_ONCE) or self.wait.get(origin, 0) > moment]

    def shut(self) -> Collection[str]:
        """The origins that are left alone until the next run."""
        return [origin for origin in self.rules if self._left(origin)]

    def idle(self) -> bool:
        """Whether nothing is being asked."""
        return not self.flying and None not in self.rules.values()

    def pause(self) -> float:
        """Seconds until a host that is left alone may be asked again, one at most."""
        moment = time.monotonic()
        return min([1.0, *(when - moment for when in self.wait.values() if when > moment)])

    def ask(self, url: str, origin: str, opens: bool) -> None:
        """Note a request; ``opens`` says that it is for a list or a start page."""
        self.flying[url] = origin
        if opens:
            self.opening[url] = origin
        rules = self.rules[origin]
        if rules is not None and rules.delay > self.delay:
            self.wait[origin] = time.monotonic() + rules.delay

    def came(self, url: str) -> None:
        """Note that a request has come to its end."""
        self.flying.pop(url, None)
        self.opening.pop(url, None)

    def fail(self, origin: str, tries: int, retry_after: str) -> bool:
        """Leave a host alone for a while; return whether it is left alone for good from now on.

        Args:
            origin: of the host.
            tries: how often the page was asked for.
            retry_after: the header of that name, or empty.
        """
        asked = seconds_until(retry_after)
        pause = _BACK_OFF * tries * min(1.0, self.delay) if asked is None else asked
        # A crawl delay, or what another answer asked for, may go on for longer.
        self.wait[origin] = max(self.wait.get(origin, 0.0), time.monotonic() + min(pause, _LONGEST))
        before = self.failures[origin]
        # A host that asks for more patience than a run has is left alone at once.
        self.failures[origin] = FAILURES if pause > _LONGEST else before + 1
        return before < FAILURES <= self.failures[origin]

    def _left(self, origin: str) -> bool:
        return self.failures[origin] >= FAILURES
