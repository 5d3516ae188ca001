"""Send requests to the worker: one per process, started on demand, replaced after a limit ended it.

Values are stored in a temporary file until the last arrives: a file is read completely or not at
all, and the worker is free for the next request.
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

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sandbox import frames
from vernacular.sandbox.frames import Allowance, OpenFile, Request
from vernacular.sandbox.limits import MB, died, raised, reached

_IN_MEMORY = 32_000_000  # bytes of values kept in memory
_START_SECONDS = 120.0
_PATIENCE, _LEAST_PATIENCE = 10.0, 60.0  # multiple of the processor time; seconds: waiting takes no processor time


@contextmanager
def opened(file: File) -> Iterator[OpenFile]:
    """Open ``file`` for reading.

    Raises:
        Problem: it is not a regular file, or is behind a link.
        FileNotFoundError: it does not exist.
    """
    with file.stream() as stream:
        yield OpenFile(file.name, stream, os.fstat(stream.fileno()).st_size)


def read_bounded(function: str, files: Sequence[OpenFile | bytes], arguments: Sequence[Any], where: str,
                 allowance: Allowance) -> Iterator[Any]:
    """Run a function on ``files`` in the worker and return its values, after all have arrived.

    Args:
        function: ``package.module:name``; takes a list of ``OpenFile`` and ``arguments``, imports
            what it needs, and returns an iterable of JSON-serializable values.
        files: open files (of the system) or bytes; the worker reads them from the start.
        arguments: JSON-serializable values.
        where: the input's name in messages.
        allowance: limits.

    Raises:
        LimitReached: a limit was exceeded.
        Problem: from the function.
        OSError: the files cannot be read.
        RuntimeError: a bug in the function.
    """
    with _lock:
        return _decoded(_worker_of_this_process().ask(function, files, arguments, where, allowance), where)


def stream_bounded(function: str, files: Sequence[OpenFile], arguments: Sequence[Any], where: str,
                   allowance: Allowance) -> Iterator[Any]:
    """Like ``read_bounded``, but yield values one by one from a separate worker.

    The limits apply to each value, except for memory.
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
                raise Problem("it is nested too deeply", where=where, fix="Flatten it, or leave it out",
                              code=Code.DATA_NESTING) from None
            yield from values


class _Worker:
    """The worker process and its socket."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._started: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def ask(self, function: str, files: Sequence[OpenFile | bytes], arguments: Sequence[Any], where: str,
            allowance: Allowance) -> IO[bytes]:
        """Return the frames of the worker's values in a temporary file."""
        try:
            return self._ask(function, files, arguments, where, allowance)
        except (EOFError, ConnectionError):
            code = self.close()
        if code == -signal.SIGKILL:  # killed by someone else, perhaps for another reason: try once more
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
            kind, payload_data = self._receive(link, spool, where, allowance)
        except (EOFError, ConnectionError):
            spool.close()
            raise
        except BaseException:  # the exchange is incomplete: start a new worker
            spool.close()
            self.close()
            raise
        if payload_data["last"]:
            self.close()
        if kind != frames.END:
            spool.close()
            raise raised(kind, payload_data, where, allowance)
        return spool

    def stream(self, function: str, files: Sequence[OpenFile], arguments: Sequence[Any], where: str,
               allowance: Allowance) -> Iterator[Any]:
        """Yield the worker's values as they arrive."""
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
        """Write the frames of values to ``spool``; return the kind and payload of the last frame."""
        ends, total = time.monotonic() + _LEAST_PATIENCE + _PATIENCE * allowance.seconds, 0
        kind, payload = _frame(link, ends - time.monotonic(), allowance, where)
        while kind == frames.ITEMS:
            total += len(payload)
            if total > allowance.output + frames.HEADER.size:
                raise reached("output", f"it yields more than {allowance.output / MB:,.0f} MB of text", where)
            spool.write(frames.HEADER.pack(kind, len(payload)) + payload)
            kind, payload = _frame(link, ends - time.monotonic(), allowance, where)
        return kind, frames.decode(payload)

    def close(self) -> int:
        """End the process, if started; return its exit code, negative for the signal that ended it."""
        if self._started is None:
            return 0
        (process, link), self._started = self._started, None
        link.close()
        if self.owner != os.getpid():  # it belongs to the process that forked this one
            return 0
        with suppress(subprocess.TimeoutExpired):
            return process.wait(0.2)  # a limit may just have ended it; keep that exit code
        process.kill()
        return process.wait()


def _frame(link: socket.socket, seconds: float, allowance: Allowance, where: str) -> tuple[bytes, bytes]:
    """Receive the next frame: its kind and payload."""
    deadline = time.monotonic() + seconds
    try:
        kind, size = frames.HEADER.unpack(frames.receive(link, frames.HEADER.size, deadline))
        if size > allowance.item + frames.HEADER.size:
            raise reached("output", f"it yields more than {allowance.item / MB:,.0f} MB of text at once", where)
        return kind, frames.receive(link, size, deadline)
    except frames.OutOfTime:
        raise reached("wait", f"parsing did not finish within {seconds:,.0f} s", where) from None


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
    """The worker's environment: one thread, and the system's allocator, so that memory use is measurable."""
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
    """End this process's worker; the next request starts another."""
    for worker in _workers:
        worker.close()
    _workers.clear()


atexit.register(stop)
