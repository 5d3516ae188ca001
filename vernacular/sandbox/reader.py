"""The side that asks: one worker for each process, started when needed, replaced when a limit ends it.

Values are kept in a temporary file until the last has come: of a file either all is read or nothing,
and the worker is free for the next one.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sandbox import frames
from vernacular.sandbox.frames import Allowance, OpenFile, Request
from vernacular.sandbox.limits import MB, died, raised, reached

_IN_MEMORY = 32_000_000  # of values that wait
_START_SECONDS = 120.0
_PATIENCE, _LEAST_PATIENCE = 10.0, 60.0  # times the processor time; seconds: a parser that waits takes no time


@contextmanager
def opened(file: File) -> Iterator[OpenFile]:
    """``file``, open for reading.

    Raises:
        Problem: it is no ordinary file, or lies behind a link.
        FileNotFoundError: it is not there.
    """
    with file.stream() as stream:
        yield OpenFile(file.name, stream, os.fstat(stream.fileno()).st_size)


def read_bounded(function: str, files: Sequence[OpenFile | bytes], arguments: Sequence[Any], where: str,
                 allowance: Allowance) -> Iterator[Any]:
    """The values that a function gives of ``files`` in the worker; all of them are there when this returns.

    Args:
        function: ``package.module:name``; takes a list of ``OpenFile`` and ``arguments``, imports what it needs, and
            returns an iterable of values that can be written as JSON.
        files: open files (of the system) or bytes; the worker reads them from the start.
        arguments: values that can be written as JSON.
        where: how messages call it.
        allowance: what it may take.

    Raises:
        LimitReached: it takes more.
        Problem: from the function.
        OSError: the files cannot be read.
        RuntimeError: a fault of the function.
    """
    with _lock:
        return _decoded(_worker_of_this_process().ask(function, files, arguments, where, allowance), where)


def stream_bounded(function: str, files: Sequence[OpenFile], arguments: Sequence[Any], where: str,
                   allowance: Allowance) -> Iterator[Any]:
    """The same for values too many to be kept: they come one by one, from a worker of its own.

    What they may take holds for each of them, but for the memory.
    """
    worker = _Worker()
    try:
        yield from worker.stream(function, files, arguments, where, allowance)
    except (EOFError, ConnectionError):
        raise died(worker.close(), where, allowance) from None
    finally:
        worker.close()


def _decoded(stream: IO[bytes], where: str) -> Iterator[Any]:
    with stream:
        stream.seek(0)
        while header := stream.read(frames.HEADER.size):
            try:
                values = frames.decode(stream.read(frames.HEADER.unpack(header)[1]))
            except RecursionError:
                raise Problem("it is nested too deeply", where=where, fix="Write it flatter, or leave it out") from None
            yield from values


class _Worker:
    """The worker process and the socket to it."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._started: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def ask(self, function: str, files: Sequence[OpenFile | bytes], arguments: Sequence[Any], where: str,
            allowance: Allowance) -> IO[bytes]:
        """The frames of values that the worker answers with, in a temporary file."""
        try:
            return self._ask(function, files, arguments, where, allowance)
        except (EOFError, ConnectionError):
            code = self.close()
        if code == -signal.SIGKILL:  # by someone else, who may not have meant this file: it has another chance
            with suppress(EOFError, ConnectionError):
                return self._ask(function, files, arguments, where, allowance)
            code = self.close()
        raise died(code, where, allowance)

    def _ask(self, function: str, files: Sequence[OpenFile | bytes], arguments: Sequence[Any], where: str,
             allowance: Allowance) -> IO[bytes]:
        spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # the caller closes it
        try:
            link = self._start()
            _send(link, function, files, arguments, allowance)
            kind, said = self._receive(link, spool, where, allowance)
        except (EOFError, ConnectionError):
            spool.close()
            raise
        except BaseException:  # the conversation is cut short: the next one begins anew
            spool.close()
            self.close()
            raise
        if said["last"]:
            self.close()
        if kind != frames.END:
            spool.close()
            raise raised(kind, said, where, allowance)
        return spool

    def stream(self, function: str, files: Sequence[OpenFile], arguments: Sequence[Any], where: str,
               allowance: Allowance) -> Iterator[Any]:
        """The values that the worker answers with, as they come."""
        link, seconds = self._start(), _LEAST_PATIENCE + _PATIENCE * allowance.seconds
        _send(link, function, files, arguments, allowance, each=True)
        kind, payload = _frame(link, seconds, allowance, where)
        while kind == frames.ITEMS:
            yield from frames.decode(payload)
            kind, payload = _frame(link, seconds, allowance, where)
        if kind != frames.END:
            raise raised(kind, frames.decode(payload), where, allowance)

    def _start(self) -> socket.socket:
        if self._started is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            with theirs:
                process = subprocess.Popen([sys.executable, "-m", "vernacular.sandbox.worker", str(theirs.fileno())],
                                           stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=_environment())
            self._started = process, ours
            try:
                frames.receive(ours, frames.HEADER.size, time.monotonic() + _START_SECONDS)
            except (EOFError, ConnectionError, frames.OutOfTime):
                code = self.close()
                raise RuntimeError(f"the process that parses files cannot start (exit code {code})") from None
        return self._started[1]

    @staticmethod
    def _receive(link: socket.socket, spool: tempfile.SpooledTemporaryFile[bytes], where: str,
                 allowance: Allowance) -> tuple[bytes, dict[str, Any]]:
        """Write the frames of values to ``spool``; the kind of the last frame, and what it says."""
        ends, total = time.monotonic() + _LEAST_PATIENCE + _PATIENCE * allowance.seconds, 0
        kind, payload = _frame(link, ends - time.monotonic(), allowance, where)
        while kind == frames.ITEMS:
            total += len(payload)
            if total > allowance.output + frames.HEADER.size:
                raise reached("output", f"it gives more than {allowance.output / MB:,.0f} MB of text", where)
            spool.write(frames.HEADER.pack(kind, len(payload)) + payload)
            kind, payload = _frame(link, ends - time.monotonic(), allowance, where)
        return kind, frames.decode(payload)

    def close(self) -> int:
        """End the process, if one was started; its exit code, negative for the signal that ended it."""
        if self._started is None:
            return 0
        (process, link), self._started = self._started, None
        link.close()
        if self.owner != os.getpid():  # of a process that forked this one, and its business
            return 0
        with suppress(subprocess.TimeoutExpired):
            return process.wait(0.2)  # it may just have been ended by a limit, which its exit code says
        process.kill()
        return process.wait()


def _frame(link: socket.socket, seconds: float, allowance: Allowance, where: str) -> tuple[bytes, bytes]:
    """The next frame: its kind, and what it holds.

    Raises:
        LimitReached: it is too large, or does not come.
        EOFError: the worker ended.
    """
    deadline = time.monotonic() + seconds
    try:
        kind, size = frames.HEADER.unpack(frames.receive(link, frames.HEADER.size, deadline))
        if size > allowance.item + frames.HEADER.size:
            raise reached("output", f"it gives more than {allowance.item / MB:,.0f} MB of text at once", where)
        return kind, frames.receive(link, size, deadline)
    except frames.OutOfTime:
        raise reached("wait", f"parsing it did not end within {seconds:,.0f} s", where) from None


def _send(link: socket.socket, function: str, files: Sequence[OpenFile | bytes], arguments: Sequence[Any],
          allowance: Allowance, each: bool = False) -> None:
    described = [("", len(file), False) if isinstance(file, bytes) else (file.name, file.size, True) for file in files]
    socket.send_fds(link, [b"?"], [file.stream.fileno() for file in files if isinstance(file, OpenFile)])
    request = Request(function, list(arguments), described, allowance, each)
    frames.send(link, frames.ITEMS, request.encode())
    for file in files:
        if isinstance(file, bytes):
            link.sendall(file)


def _environment() -> dict[str, str]:
    """Of the worker: one thread, and memory from the system's allocator, so that what is in use can be told."""
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path.rstrip(os.pathsep), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}


_lock = threading.Lock()
_workers: list[_Worker] = []


def _worker_of_this_process() -> _Worker:
    if not _workers or _workers[0].owner != os.getpid():  # a fork shares the socket, and must not use it
        for worker in _workers:
            worker.close()
        _workers[:] = [_Worker()]
    return _workers[0]


def stop() -> None:
    """End the worker of this process; the next request starts another."""
    for worker in _workers:
        worker.close()
    _workers.clear()


atexit.register(stop)
