"""Process control shared by the commands for ``VERNACULAR_LAUNCH``."""

from __future__ import annotations

import ctypes
import os
import signal
from types import FrameType

from vernacular.pipeline.parent_process import interrupt_when_alone


def interrupt_when_unwanted() -> None:
    """Interrupt this process on a request to end, and when its parent ends."""
    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    interrupt_when_alone()


def end_with_the_parent() -> None:
    """On Linux, end this process when its parent ends for any reason; for a child between fork and exec."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def end_as(code: int) -> int:
    """Return the exit code; for a negative code, end by that signal, so that the parent sees it."""
    if code < 0:
        os.kill(os.getpid(), -code)
    return code
