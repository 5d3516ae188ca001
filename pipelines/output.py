"""Capture the output of this process and its children line by line from descriptors 1 and 2.

Stages run in other processes and libraries write directly, so a terminal display works only if all
output is captured. Every line is also logged unchanged.
"""

from __future__ import annotations

import os
import selectors
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

LOG = ".last_run.log"  # in the artifacts of a language: output of its last run
_END_SECONDS = 5.0  # to wait for a process that outlives the run
_BYTES = 65_536


def log_of(root: Path, code: str) -> Path:
    """Return the log file of a language's last run."""
    return root / code / LOG


class Output:
    """Captures everything written to standard output and standard error.

    Args:
        take: receives each line, in a separate thread; its exceptions are logged.
        log: the file for the lines, with timestamps.

    Attributes:
        terminal: the previous standard output.
    """

    def __init__(self, take: Callable[[str], None], log: Path) -> None:
        self._take = take
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._kept = [os.dup(number) for number in (1, 2)]
        self.terminal: TextIO = os.fdopen(os.dup(self._kept[0]), "w", encoding=sys.stdout.encoding,
                                          errors="backslashreplace", buffering=1)
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Output:
        """Replace the descriptors."""
        sys.stdout.flush()
        sys.stderr.flush()
        self._pipes: list[int] = []
        for number in (1, 2):
            read, write = os.pipe()
            os.dup2(write, number)
            os.close(write)
            self._pipes.append(read)
        self._reader.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Restore the descriptors after all output was processed."""
        sys.stdout.flush()
        sys.stderr.flush()
        for number, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, number)
            os.close(kept)
        self._reader.join(_END_SECONDS)

    def close(self) -> None:
        """Close the saved standard output."""
        with suppress(OSError):
            self.terminal.close()

    def _read(self) -> None:
        unfinished = dict.fromkeys(self._pipes, b"")
        with selectors.DefaultSelector() as selector:
            for pipe in self._pipes:
                selector.register(pipe, selectors.EVENT_READ)
            while unfinished:
                for key, _ in selector.select():
                    data = os.read(key.fd, _BYTES)
                    *lines, unfinished[key.fd] = (unfinished[key.fd] + data).split(b"\n")
                    for line in lines:
                        self._line(line)
                    if not data:
                        self._line(unfinished.pop(key.fd))
                        selector.unregister(key.fd)
                        os.close(key.fd)
        self._log.close()

    def _line(self, line: bytes) -> None:
        if not line:
            return
        text = line.rstrip(b"\r").decode("utf-8", errors="backslashreplace")
        try:
            self._log.write(f"{time.strftime('%H:%M:%S')} {text}\n")
            self._take(text.split("\r")[-1])  # the last state of a redrawn bar
        except (Exception, SystemExit) as error:  # a closed terminal must not stop the reader
            with suppress(OSError, ValueError):
                self._log.write(f"not shown: {type(error).__name__}: {error}\n")
