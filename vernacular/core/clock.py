"""What time it is, and whether a time has come: the one place that asks for it, so that a clock that jumps is met here.

A machine without a battery starts at any time and is set right later. What was written down by a clock that was ahead
lies in the future then, and would be waited for until that comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

read: Callable[[], float] = time.time  # a test puts another clock here
DISAGREE = 60.0  # seconds by which clocks may differ before one of them counts as wrong


def now() -> float:
    """Seconds since 1970."""
    return read()


def ahead(noted: float, at: float) -> bool:
    """Whether the time ``noted`` lies so far after ``at`` that a wrong clock wrote it down."""
    return noted - at > DISAGREE


def over(since: float, seconds: float, at: float) -> bool:
    """Whether ``seconds`` have passed from ``since`` to ``at``.

    A ``since`` in the future says that something happened, but not when: it counts as long ago.
    """
    return ahead(since, at) or at - since >= seconds
