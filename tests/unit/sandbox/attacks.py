"""Functions for the worker to run, each of which takes too much of something or fails in a way of its own."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile


def spin(files: Sequence[OpenFile]) -> Iterator[str]:
    """Compute without end."""
    while True:
        yield from ()


def fill(files: Sequence[OpenFile], megabytes: int) -> Iterator[int]:
    """Take memory."""
    yield len(bytearray(megabytes * 1_000_000))


def hidden(files: Sequence[OpenFile]) -> Iterator[int]:
    """Take memory, and say something else of it."""
    try:
        yield len(bytearray(10**10))
    except MemoryError:
        raise Problem("not a file that can be read", where="a", fix="Save it anew") from None


def talk(files: Sequence[OpenFile], length: int, count: int) -> Iterator[str]:
    """Give ``count`` texts of ``length``."""
    yield from ("a" * length for _ in range(count))


def crash(files: Sequence[OpenFile]) -> Iterator[None]:
    """End the process as a library does that is broken."""
    yield None
    os.kill(os.getpid(), 11)


def nest(files: Sequence[OpenFile], depth: int) -> Iterator[Any]:
    """Give lists within lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    yield value


def refuse(files: Sequence[OpenFile]) -> Iterator[None]:
    """Refuse the file."""
    yield None
    raise Problem("no file of ours", where="a:3", fix="Leave it out")


def fail(files: Sequence[OpenFile]) -> Iterator[None]:
    """Fail as a disk does."""
    yield None
    raise OSError(errno.EIO, "Input/output error")


def blunder(files: Sequence[OpenFile]) -> Iterator[None]:
    """Fail as a program does."""
    yield None
    raise KeyError("x")


def wait(files: Sequence[OpenFile]) -> Iterator[None]:
    """Wait for what never comes."""
    time.sleep(1000)
    yield None


def echo(files: Sequence[OpenFile], more: Any) -> Iterator[Any]:
    """Give back what was sent, and the number of this process."""
    yield [file.read().decode() for file in files]
    yield more
    yield os.getpid()
