"""The current time, read in one place so that wrong clocks are handled in one place.

A machine without a battery may start with a wrong clock that is corrected later. Times recorded
before the correction may be in the future.
"""

from __future__ import annotations

import time
from collections.abc import Callable

read: Callable[[], float] = time.time  # tests replace the clock here
DISAGREE = 60.0  # seconds by which two clocks may differ before one counts as wrong


def now() -> float:
    """Return the seconds since 1970."""
    return read()


def ahead(noted: float, at: float) -> bool:
    """Whether ``noted`` is so far after ``at`` that a wrong clock must have recorded it."""
    return noted - at > DISAGREE


def over(since: float, seconds: float, at: float) -> bool:
    """Whether ``seconds`` have passed from ``since`` to ``at``; a ``since`` in the future counts as long ago."""
    return ahead(since, at) or at - since >= seconds
