"""A process that ends with its parent and may be forked by it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path

CARDS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
PARENT_SECONDS = 2.0


def can_fork() -> bool:
    """Whether loaded libraries survive a fork: on Linux, without a GPU whose driver may be in use."""
    return sys.platform == "linux" and not any(Path(card).exists() for card in CARDS)


def interrupt_when_alone() -> None:
    """Interrupt this process when the one that started it is gone, also if it went before this is called."""
    forked_by, started_by = multiprocessing.parent_process(), os.getppid()

    def watch() -> None:
        if forked_by is not None:
            forked_by.join()
        while forked_by is None and os.getppid() == started_by:
            time.sleep(PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()
