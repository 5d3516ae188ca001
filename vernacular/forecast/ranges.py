"""A number that is not known exactly: its least and its greatest likely value, and how a person reads it."""

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
        """The sum of both."""
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, factor: float) -> Range:
        """``factor`` times as much."""
        return Range(self.low * factor, self.high * factor)

    @property
    def middle(self) -> float:
        """The value between the two ends."""
        return (self.low + self.high) / 2

    def count(self) -> str:
        """As a number of things: ``460,000 to 540,000``."""
        return joined(*(f"{rounded(value):,}" for value in (self.low, self.high)))

    def decimal(self) -> str:
        """As a number with one decimal: ``0.6 to 0.9``."""
        return joined(*(f"{value:,.1f}" if value < 100 else f"{value:,.0f}" for value in (self.low, self.high)))

    def time(self) -> str:
        """As seconds (``value``) for a person: ``20 to 35 seconds``, ``12 to 18 minutes``, ``3 to 5 hours``."""
        unit, size = ("seconds", 1) if self.high < 100 else ("minutes", 60) if self.high < 6000 else ("hours", 3600)
        digits = 1 if size > 1 and self.high < 10 * size else 0
        low, high = (f"{max(value / size, 1 if size == 1 else 0):.{digits}f}" for value in (self.low, self.high))
        return f"{joined(low, high)} {unit if high != '1' else unit[:-1]}"


NOTHING = Range(0.0, 0.0)


def exactly(value: float) -> Range:
    """A number that is known."""
    return Range(value, value)


def total(ranges: Sequence[Range]) -> Range:
    """The sum of ``ranges``, whose errors are half of one cause (the speed of the machine) and half by chance."""
    middle = sum(one.middle for one in ranges)
    half = [(one.high - one.low) / 2 for one in ranges]
    width = (sum(half) + math.hypot(*half)) / 2
    return Range(middle - width, middle + width)


def rounded(value: float) -> int:
    """``value`` with two leading digits where it is above a hundred: more would claim to be known."""
    number = round(value)
    size = 10 ** max(0, len(str(abs(number))) - 2)
    return round(number / size) * size if number >= 100 else number


def joined(low: str, high: str) -> str:
    """``low to high``, or one of them where both read the same."""
    return low if low == high else f"{low} to {high}"
