"""Ranges of likely values, with formatting for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """From ``low`` to ``high``."""

    low: float
    high: float

    def __add__(self, other: Range) -> Range:
        """Return the sum of both."""
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, factor: float) -> Range:
        """Return ``factor`` times the range."""
        return Range(self.low * factor, self.high * factor)

    @property
    def middle(self) -> float:
        """The mean of both ends."""
        return (self.low + self.high) / 2

    def count(self) -> str:
        """Format as a count: ``460,000 to 540,000``."""
        return joined(*(f"{rounded(value):,}" for value in (self.low, self.high)))

    def decimal(self) -> str:
        """Format with one decimal: ``0.6 to 0.9``."""
        return joined(*(f"{value:,.1f}" if value < 100 else f"{value:,.0f}" for value in (self.low, self.high)))

    def time(self) -> str:
        """Format seconds (``value``): ``20 to 35 seconds``, ``12 to 18 minutes``, ``3 to 5 hours``."""
        unit, size = ("seconds", 1) if self.high < 100 else ("minutes", 60) if self.high < 6000 else ("hours", 3600)
        digits = 1 if size > 1 and self.high < 10 * size else 0
        low, high = (f"{max(value / size, 1 if size == 1 else 0):.{digits}f}" for value in (self.low, self.high))
        return f"{joined(low, high)} {unit if high != '1' else unit[:-1]}"


NOTHING = Range(0.0, 0.0)


def exactly(value: float) -> Range:
    """Return a known number."""
    return Range(value, value)


def total(ranges: Sequence[Range]) -> Range:
    """Return the sum of ``ranges``; half of their errors share a cause (machine speed), half are independent."""
    middle = sum(one.middle for one in ranges)
    half = [(one.high - one.low) / 2 for one in ranges]
    width = (sum(half) + math.hypot(*half)) / 2
    return Range(middle - width, middle + width)


def rounded(value: float) -> int:
    """Round ``value`` above a hundred to two digits, since more are not known."""
    number = round(value)
    size = 10 ** max(0, len(str(abs(number))) - 2)
    return round(number / size) * size if number >= 100 else number


def joined(low: str, high: str) -> str:
    """Return ``low to high``, or one of them if equal."""
    return low if low == high else f"{low} to {high}"
