"""What the commands for ``VERNACULAR_LAUNCH`` share: how they are ended, and how they end what they started."""

from __future__ import annotations

import ctypes
import os
import signal
from types import FrameType

from vernacular.pipeline.parent_process import interrupt_when_alone


def interrupt_when_unwanted() -> None:
    """Interrupt this process when it is asked to end, and when the process that started it is gone."""
    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    interrupt_when_alone()


def end_with_the_parent() -> None:
    """Have this process, on Linux, end when its parent does, however that ends; a child between fork and exec."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def end_as(code: int) -> int:
    """The exit code ``code``; negative, this process ends by that signal, which who waits for it is to see."""
    if code < 0:
        os.kill(os.getpid(), -code)
    return code
