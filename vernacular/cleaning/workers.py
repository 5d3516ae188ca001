"""Rows of a JSON Lines file in batches, worked on by processes of their own where there is enough to pay for them.

``python -m vernacular.cleaning.workers MODULE`` is such a process: ``MODULE.maker(spec)`` gives a function from rows to
arrays. It takes one JSON object a line, the spec first and then batches, and answers each batch with a line once its
table is written. It ends when its input does, so none outlives the process that started it, however that one ends.
Knows no rule.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson

from vernacular.cleaning.cache import BATCH, SUFFIX, Arrays, Library, View, keys_of, mapped, write_table
from vernacular.core.errors import Problem
from vernacular.core.terminal import guard_streams
from vernacular.pipeline.stage import Progress
from vernacular.text.word_hashes import Ints

_ALONE = 3_000_000  # bytes of rows below which starting processes takes longer than it saves
_MOST_PROCESSES = 8
_REPORTED = 10  # batches between two lines of progress


class Maker(Protocol):
    """Works on a batch of rows."""

    def __call__(self, rows: Sequence[bytes]) -> Arrays:
        """The arrays of a table about ``rows``, without their keys. What a row gets hangs on that row alone."""
        ...


class Rows:
    """The rows of a JSON Lines file, as bytes.

    Args:
        path: the file.

    Attributes:
        starts, ends: where each row begins and ends (exclusive, without the line feed), shape ``(rows,)``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = mapped(path)
        self.ends: Ints = np.flatnonzero(np.frombuffer(self.data, dtype=np.uint8) == ord("\n"))
        self.starts: Ints = np.concatenate([[0], self.ends[:-1] + 1])[:len(self.ends)].astype(np.int64)
        self.keys = keys_of([self.data[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(),
                                                                        strict=True)])

    def __len__(self) -> int:
        return len(self.ends)


def tables_for(rows: Rows, module: str, spec: dict[str, Any], library: Library, progress: Progress) -> View:
    """What ``module`` finds out about each of ``rows``: from ``library`` where it is there, else made and kept there.

    Args:
        rows: the rows.
        module: has a function ``maker(spec)``, which gives a ``Maker``.
        spec: plain data that the maker needs; its meaning is part of the library's version.
        library: of tables that this module made.
        progress: takes a line for every so many batches.

    Raises:
        Problem: from the maker, or a process was ended from outside.
    """
    wanted = np.flatnonzero(library.find(rows.keys) < 0)
    if len(wanted) or not library.tables:
        batches = list(_batches(rows, wanted)) or [wanted]
        names = [f"{keys_name(rows, batch)}{SUFFIX}" for batch in batches]
        total = int((rows.ends[wanted] - rows.starts[wanted]).sum())
        processes = min(_processors(), len(batches), _MOST_PROCESSES) if total >= _ALONE else 0
        progress(f"{len(wanted):,} of {len(rows):,} documents are new, {total / 1e6:.1f} MB")
        if processes > 1:
            _in_processes(rows, module, spec, library.folder, list(zip(batches, names, strict=True)), processes,
                          progress)
        else:
            make = importlib.import_module(module).maker(spec)
            for batch, name in zip(batches, names, strict=True):
                _write(make, rows.data, _ranges(rows, batch), library.folder / name)
        library.add(names)
    index = library.find(rows.keys)
    if (index < 0).any():
        raise Problem("a table of the cache was lost while it was in use", where=str(library.folder),
                      fix="Run again; nothing else should write there")
    return View(list(library.tables.values()), index)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keys_name(rows: Rows, batch: Ints) -> str:
    """A name for the table of a batch: a digest of its keys."""
    return keys_of([rows.keys[batch].tobytes()]).tobytes().hex()


def _batches(rows: Rows, wanted: Ints) -> Iterator[Ints]:
    ends = np.cumsum(rows.ends[wanted] - rows.starts[wanted])
    first = 0
    while first < len(wanted):
        done = ends[first - 1] if first else 0
        last = max(int(np.searchsorted(ends, done + BATCH, side="right")), first + 1)
        yield wanted[first:last]
        first = last


def _ranges(rows: Rows, batch: Ints) -> list[tuple[int, int]]:
    return list(zip(rows.starts[batch].tolist(), rows.ends[batch].tolist(), strict=True))


def _write(make: Maker, data: memoryview, ranges: Sequence[Sequence[int]], path: Path) -> None:
    rows = [bytes(data[start:end]) for start, end in ranges]
    size = np.array([sum(map(len, rows))], dtype=np.int64)
    write_table(path, {"bytes": size, "rows.key": keys_of(rows).ravel(), **make(rows)})


def _in_processes(rows: Rows, module: str, spec: dict[str, Any], folder: Path, batches: list[tuple[Ints, str]],
                  processes: int, progress: Progress) -> None:
    """Have ``batches`` worked on, each process taking the next one when it is done with the last."""
    waiting, lock = iter(batches), threading.Lock()
    started: list[subprocess.Popen[bytes]] = []
    first = {"spec": spec, "rows": str(rows.path.resolve()), "folder": str(folder.resolve())}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    environment["PYTHONPATH"] = path.rstrip(os.pathsep)
    done = 0

    def work() -> None:
        nonlocal done
        worker = subprocess.Popen([sys.executable, "-m", __name__, module], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, env=environment)
        started.append(worker)
        message: dict[str, Any] = first
        try:
            while (batch := take()) is not None:
                _tell(worker, message | {"ranges": _ranges(rows, batch[0]), "to": batch[1]})
                message = {}
                with lock:
                    done += 1
                    if done % _REPORTED == 0:
                        progress(f"batch {done} of {len(batches)}")
        finally:
            with contextlib.suppress(BrokenPipeError):
                worker.communicate()

    def take() -> tuple[Ints, str] | None:
        with lock:
            return next(waiting, None)

    with ThreadPoolExecutor(processes) as pool:
        running = [pool.submit(work) for _ in range(processes)]
        try:
            for future in running:
                future.result()
        except BaseException:
            while take() is not None:
                pass
            for worker in started:
                worker.kill()
            raise


def _tell(worker: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    """Hand one batch to ``worker`` and wait until it is done."""
    assert worker.stdin is not None and worker.stdout is not None
    try:
        worker.stdin.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))
        worker.stdin.flush()
        answer = worker.stdout.readline()
    except BrokenPipeError:
        answer = b""
    if not answer:
        raise Problem(f"a process that cleaned text ended early (exit code {worker.wait()})", where="corpus",
                      fix="Where memory ran out, close other programs; what is done is kept, run again")
    found = orjson.loads(answer)
    if "problem" in found:
        raise Problem(**found["problem"])
    if "error" in found:
        error = RuntimeError(found["error"])
        error.add_note(found["trace"])
        raise error


def _serve(module: str, lines: Iterator[bytes], answer: Callable[[dict[str, Any]], None]) -> None:
    """Answer the batches in ``lines`` until they end."""
    make: Maker | None = None
    data = memoryview(b"")
    folder = Path()
    for line in lines:
        message = orjson.loads(line)
        try:
            if make is None:
                make = importlib.import_module(module).maker(message["spec"])
                data, folder = mapped(Path(message["rows"])), Path(message["folder"])
            _write(make, data, message["ranges"], folder / message["to"])
            answer({"done": message["to"]})
        except Problem as problem:
            answer({"problem": {"what": problem.what, "where": problem.where, "fix": problem.fix,
                                "code": problem.code}})
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()})


def main() -> None:
    """Serve until the standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one gets it too, and ends the input
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes elsewhere
    guard_streams()

    def answer(found: dict[str, Any]) -> None:
        out.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))
        out.flush()

    _serve(sys.argv[1], iter(sys.stdin.buffer.readline, b""), answer)


if __name__ == "__main__":
    main()
