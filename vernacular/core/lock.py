"""Locks between processes: one file each, released when the process ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vernacular.core.codes import Code
from vernacular.core.errors import TransientProblem


@contextmanager
def locked(path: Path, what: str, where: str, fix: str, code: Code) -> Iterator[None]:
    """Lock the file ``path`` for this process during the block; create its folder.

    Raises:
        TransientProblem: another process has locked it; the further arguments are those of the problem.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise TransientProblem(what, where=where, fix=fix, code=code) from None
    try:
        yield
    finally:
        lock.release()
