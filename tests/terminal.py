"""A command whose standard streams are a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

ROWS, COLUMNS = 45, 100


def in_a_terminal(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Its exit code, and what it wrote on a terminal of 100 columns and 45 rows, escape sequences included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    kept = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    with subprocess.Popen(command, cwd=folder, env=kept | {"TERM": "xterm"}, stdin=theirs, stdout=theirs,
                          stderr=theirs) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
            if not data:
                break
            written += data
    os.close(ours)
    return process.returncode, written.decode("utf-8")
