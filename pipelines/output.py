"""What this process and those it starts write, taken line by line from the descriptors 1 and 2 while a run goes on.

Stages run in other processes and libraries write where they like, so a display on the terminal holds only if nothing
else reaches it. Every line is kept in a log file as it was written.
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

LOG = ".last_run.log"  # in the artifacts of a language: what its last run wrote
_END_SECONDS = 5.0  # that a process which outlives the run is waited for
_BYTES = 65_536


def log_of(root: Path, code: str) -> Path:
    """The file that holds everything which the last run of a language wrote."""
    return root / code / LOG


class Output:
    """Takes everything that is written to standard output and standard error until it is left.

    Args:
        take: gets each line, in a thread of its own; what it raises is noted in the log.
        log: the file that keeps the lines, with the time of each.

    Attributes:
        terminal: what standard output was before.
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
        """Put the descriptors back, once everything was taken."""
        sys.stdout.flush()
        sys.stderr.flush()
        for number, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, number)
            os.close(kept)
        self._reader.join(_END_SECONDS)

    def close(self) -> None:
        """Close what standard output was before."""
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
            self._take(text.split("\r")[-1])  # of a bar that was drawn over, its last state
        except (Exception, SystemExit) as error:  # a terminal that is gone must not stop who reads
            with suppress(OSError, ValueError):
                self._log.write(f"not shown: {type(error).__name__}: {error}\n")
