"""The one kind of error that a person is meant to read: what is wrong, where, and the fix, in one line."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from vernacular.terminal import printable

_FULL = (errno.ENOSPC, errno.EDQUOT)
_AWAY = (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH,
         errno.ENETDOWN, errno.ENETUNREACH)  # as a disk says that has failed, or is behind a network that has


class Problem(Exception):
    """Something the user can mend. ``vernacular`` prints it as one line and exits with 2, without a traceback.

    Args:
        what: what is wrong, in plain words.
        where: the file (with line), setting, stage or folder it concerns.
        fix: what to do about it.
    """

    def __init__(self, what: str, *, where: str, fix: str) -> None:
        self.what, self.where, self.fix = (printable(" ".join(part.split())) for part in (what, where, fix))
        end = "" if self.what.endswith("?") else "."
        super().__init__(f"{self.where}: {self.what}{end} {self.fix}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process may raise it."""
        return partial(type(self), where=self.where, fix=self.fix), (self.what,)


class Passing(Problem):
    """A problem that may be gone later though nobody touched the language: a full disk, another process at work.

    Whoever runs things by themselves may try again after a while.
    """


def as_problem(error: Exception, where: str) -> Problem:
    """Any error as one line for a person: a ``Problem`` as it is, a disk full or away, a fault of the program."""
    if isinstance(error, Problem):
        return error
    if full(error):
        return Passing("the disk is full", where=str(getattr(error, "filename", None) or where),
                       fix="Make room and run again; what is finished is kept")
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return Passing("a database is being used by something else", where=where,
                       fix="Close it there (an open `sqlite3`?) and run again")
    if isinstance(error, OSError) and error.filename and error.errno in _AWAY:
        return Passing(f"the disk does not answer ({error.strerror})", where=str(error.filename),
                       fix="See that it is there and run again; what is finished is kept")
    if isinstance(error, OSError):
        return Problem(error.strerror or str(error), where=str(error.filename or where),
                       fix="--debug shows what asked for it")
    return Problem(f"{type(error).__name__}: {error}", where=where,
                   fix="This is a fault of the program; --debug, or the log of the run, shows where")


@contextmanager
def panics_as_problems(where: str) -> Iterator[None]:
    """Raise a ``Problem`` where a library written in Rust panics.

    pyo3 derives its ``PanicException`` from ``BaseException`` and gives it no module that could be imported: ``except
    Exception`` misses it, and it cannot be pickled to another process.

    Args:
        where: the file, setting or stage that the library was reading.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise Problem(f"a library crashed on what it was given ({error})", where=where,
                      fix="Replace the file that it read, such as the base model's tokenizer.json; --debug shows where"
                      ) from error


def of_the_system(error: Exception) -> bool:
    """Whether the operating system said it (a disk, a permission), and not a library of content that is damaged.

    Those raise OSError too, but without a number, or with the one of a place that is not there (EINVAL).
    """
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def full(error: Exception) -> bool:
    """Whether ``error`` says that there is no room left on the disk, or none that one may use."""
    if isinstance(error, sqlite3.OperationalError):
        return "disk is full" in str(error)
    if isinstance(error, shutil.Error):  # of a tree that was copied: what went wrong is there as text alone
        return any(os.strerror(number) in str(error) for number in _FULL)
    if isinstance(error, OSError):
        return error.errno in _FULL
    # Writers of other languages (safetensors, torch) report what the system said as text.
    return any(os.strerror(number) in str(error) for number in _FULL)


@contextmanager
def faults_as_problems(what: str, where: str) -> Iterator[None]:
    """Raise a ``Problem`` where a library cannot use a file of a base model, whatever it raises.

    A full disk, a disk that fails and missing memory are raised as they are: the file is not at fault.

    Args:
        what: the part of the base model that is read.
        where: the file or folder.
    """
    try:
        with panics_as_problems(where):
            yield
    except (Problem, ImportError, MemoryError):
        raise
    except Exception as error:  # what a damaged file sets off depends on where it is damaged
        if full(error) or of_the_system(error):
            raise
        raise Problem(f"{what} cannot be used ({type(error).__name__}: {error})", where=where,
                      fix="Download the base model again, or use another one") from error
