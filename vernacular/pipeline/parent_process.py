"""A process that belongs to another one: it ends with that, and may be forked from it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

CARDS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
PARENT_SECONDS = 2.0
PARENT = 0  # the process that forked this one, where the fork server did


def can_fork() -> bool:
    """Whether loaded libraries survive a fork here: on Linux, where there is no card whose driver may be in use."""
    return sys.platform == "linux" and not any(Path(card).exists() for card in CARDS)


def interrupt_when_alone() -> None:
    """Interrupt this process when the one that started it is gone, also if it went before this is called."""
    parent = PARENT or os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()
