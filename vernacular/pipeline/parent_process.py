"""Processes that end with their parent, and whether a process may be forked."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

CARDS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
PARENT_SECONDS = 2.0


def can_fork() -> bool:
    """Whether loaded libraries survive a fork: on Linux, without a GPU whose driver may be in use."""
    return sys.platform == "linux" and not any(Path(card).exists() for card in CARDS)


def interrupt_when_alone() -> None:
    """Interrupt this process when its parent ends, or if it has ended already."""
    _when_alone(lambda: os.kill(os.getpid(), signal.SIGINT))


def end_when_alone() -> None:
    """End this process at once when its parent ends: for workers that have nothing to save.

    An interrupt would only end the current job of a worker of ``concurrent.futures``.
    """
    _when_alone(lambda: os._exit(1))


def _when_alone(act: Callable[[], None]) -> None:
    forked_by, started_by = multiprocessing.parent_process(), os.getppid()

    def watch() -> None:
        if forked_by is not None:
            forked_by.join()
        while forked_by is None and os.getppid() == started_by:
            time.sleep(PARENT_SECONDS)
        act()

    threading.Thread(target=watch, daemon=True).start()
