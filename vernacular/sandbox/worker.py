"""The parsing process: ``python -m vernacular.sandbox.worker FD`` answers requests on a socket.

The system limits processor time and memory per request: exceeding the time kills the process,
exceeding the memory fails allocations. The process ends with the other side.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox import frames
from vernacular.sandbox.frames import Allowance, OpenFile, Request

_BATCH = 1 << 16  # bytes of values per frame
_GROWN = 1 << 28  # growth in bytes after which the process is replaced, since parsers leak memory
_MOST_FILES = 16
_MEMORY_WORDS = ("memory allocation", "cannot allocate", "can't allocate", "out of memory", "unable to allocate",
                 "malloc", "can't start new thread",  # libraries that hide the cause; lxml:
                 "unknown error (<string>, line 0)")


def main() -> None:
    """Serve requests until the other side ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends SIGINT to all processes; the reader ends this one
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    link = socket.socket(fileno=int(sys.argv[1]))
    for number in (1, 2):  # discard what libraries print about files
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    frames.send(link, frames.READY, b"")
    grown = 0
    while grown < _GROWN and (found := _request(link)) is not None:
        grown += _answer(link, *found, grown)


def _request(link: socket.socket) -> tuple[Request, list[OpenFile]] | None:
    """Receive the next request and its files; None if the other side has closed."""
    mark, descriptors, *_ = socket.recv_fds(link, 1, _MOST_FILES)
    if not mark:
        return None
    _, size = frames.HEADER.unpack(frames.receive(link, frames.HEADER.size))
    request = Request.decode(frames.receive(link, size))
    left, files = list(descriptors), []
    for name, length, opened in request.files:
        stream: Any = os.fdopen(left.pop(0), "rb") if opened else io.BytesIO(frames.receive(link, length))
        stream.seek(0)  # the open file description may have been read before
        files.append(OpenFile(name, stream, length))
    return request, files


def _answer(link: socket.socket, request: Request, files: list[OpenFile], grown: int) -> int:
    """Answer one request; return the growth of this process in bytes, or enough to end it."""
    module, _, function = request.function.partition(":")
    before = _resident()
    try:
        # Imports run first, without limits: the function returns an iterable that runs under them.
        values = iter(getattr(importlib.import_module(module), function)(files, *request.arguments))
        before = _resident()
        kind, payload = _within(link, values, request.allowance, request.each)
    except Exception as error:
        kind, payload = _fault(error)
    finally:
        for file in files:
            file.stream.close()
    more = _GROWN if kind == frames.MEMORY else max(0, _resident() - before)
    frames.send(link, kind, frames.encode({**payload, "last": grown + more >= _GROWN}))
    return more


def _within(link: socket.socket, values: Iterator[Any], allowance: Allowance,
            each: bool) -> tuple[bytes, dict[str, Any]]:
    """Send ``values`` within a time limit for all or ``each``; return kind and payload of the last frame."""
    batch, size = list[bytes](), 0
    try:
        with _limited(allowance):
            for value in values:
                if each:
                    signal.setitimer(signal.ITIMER_PROF, allowance.seconds)
                batch.append(frames.encode(value))
                size += len(batch[-1])
                if size > _BATCH:
                    _send(link, batch)
                    batch, size = [], 0
            _send(link, batch)
    except Exception as error:
        batch.clear()
        return _fault(error)
    return frames.END, {}


def _send(link: socket.socket, batch: list[bytes]) -> None:
    if len(batch) == 1:  # usually a large value: avoid a copy
        link.sendall(frames.HEADER.pack(frames.ITEMS, len(batch[0]) + 2))
        for part in (b"[", batch[0], b"]"):
            link.sendall(part)
    elif batch:
        frames.send(link, frames.ITEMS, b"[" + b",".join(batch) + b"]")


@contextmanager
def _limited(allowance: Allowance) -> Iterator[None]:
    """Limit the time (a signal ends the process) and memory of the block."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_size() + allowance.memory, before[1]))
    signal.setitimer(signal.ITIMER_PROF, allowance.seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _size() -> int:
    """The process's address space in bytes, which the system limits."""
    return int(psutil.Process().memory_info().vms)


def _resident() -> int:
    """The process's resident memory in bytes."""
    return int(psutil.Process().memory_info().rss)


def _fault(error: Exception) -> tuple[bytes, dict[str, Any]]:
    """Build the frame for an exception of a parser."""
    if _of_memory(error):
        return frames.MEMORY, {}
    if isinstance(error, Problem):
        return frames.PROBLEM, error.as_json()
    if isinstance(error, RecursionError):
        return frames.PROBLEM, Problem("it is nested too deeply", where="", fix="Flatten it, or leave it out",
                                       code=Code.DATA_NESTING).as_json()
    if isinstance(error, OSError) and error.errno is not None:
        return frames.SYSTEM, {"errno": error.errno, "strerror": error.strerror or ""}
    return frames.FAULT, {"error": f"{type(error).__name__}: {error}",
                          "trace": "".join(traceback.format_exception(error, limit=-20))[-20_000:]}


def _of_memory(error: BaseException | None) -> bool:
    """Whether ``error`` or one of its causes is a lack of memory."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM or (
                not isinstance(error, Problem) and any(word in str(error).lower() for word in _MEMORY_WORDS)):
            return True
        error = error.__cause__ or error.__context__
    return False


if __name__ == "__main__":
    main()
