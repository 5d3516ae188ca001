"""A process that ends with its parent and may be forked by it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

CARDS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
PARENT_SECONDS = 2.0
PARENT = 0  # the process that forked this one, if the fork server did


def can_fork() -> bool:
    """Whether loaded libraries survive a fork: on Linux, without a GPU whose driver may be in use."""
    return sys.platform == "linux" and not any(Path(card).exists() for card in CARDS)


def interrupt_when_alone() -> None:
    """Interrupt this process when its parent ends, or has already ended."""
    parent = PARENT or os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()
