"""A limit to how long a test waits for what may never come."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fail, also in the middle of a call of the system, when the block takes longer."""
    def late(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"it hung for {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
