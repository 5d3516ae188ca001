"""What holds for every launcher that a heavy stage's command is handed to (`pipelines/on_ray.py`, `on_slurm.py`)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.project import CHECKOUT

CHILD = """\
import signal, sys, time
def note(text):
    with open(sys.argv[1], "a") as out:
        out.write(text + "\\n")
def interrupted(number, frame):
    note("interrupted")
    sys.exit(3)
signal.signal(signal.SIGINT, interrupted)
for step in range(600):
    note(str(step))
    time.sleep(0.1)
"""


def launched(module: str, cluster: dict[str, str], *command: str) -> subprocess.Popen[str]:
    """The launcher ``module``, started in the environment of ``cluster``."""
    return subprocess.Popen([sys.executable, "-m", module, *command], cwd=CHECKOUT, env=cluster, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def wait_for(path: Path, text: str, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not path.is_file() or text not in path.read_text().split():
        assert time.monotonic() < end, path.read_text() if path.is_file() else "nothing was written"
        time.sleep(0.1)


def its_lines_and_end_come_back(start: Callable[..., subprocess.Popen[str]]) -> None:
    """The output of a command reaches the process that waits for it, as does its exit code or signal."""
    ended = start("--", sys.executable, "-c", "print('said', flush=True); raise SystemExit(7)")
    assert "said" in ended.communicate(timeout=240)[0]
    assert ended.returncode == 7
    killed = start("--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    killed.communicate(timeout=240)
    assert killed.returncode == -9


def an_interrupt_reaches_it(start: Callable[..., subprocess.Popen[str]], log: Path) -> None:
    """A terminated parent terminates the command and waits for it."""
    waiting = start("--", sys.executable, "-c", CHILD, str(log))
    wait_for(log, "3")
    waiting.terminate()
    waiting.communicate(timeout=240)
    assert waiting.returncode == 130
    assert log.read_text().split()[-1] == "interrupted"
