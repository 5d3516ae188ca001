"""The one kind of error that a person is meant to read: what is wrong, where, and the fix, in one line.

``Problems`` are several, found in one go: a reader collects them (``Collector``) instead of stopping at the first.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from vernacular.core.terminal import printable

_FULL = (errno.ENOSPC, errno.EDQUOT)
_AWAY = (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH,
         errno.ENETDOWN, errno.ENETUNREACH)  # as a disk says that has failed, or is behind a network that has
_LONGEST = 2000  # characters of each part of a message: what it quotes comes from outside
_LONGEST_NUMBER = 12  # digits of a line
MOST_LISTED = 10  # problems of one file; more are counted


class Problem(Exception):
    """Something the user can mend. ``vernacular`` prints it as one line and exits with 2, without a traceback.

    Args:
        what: what is wrong, in plain words.
        where: the file (with line), setting, stage or folder it concerns.
        fix: what to do about it.
    """

    def __init__(self, what: str, *, where: str, fix: str) -> None:
        self.what, self.where, self.fix = (_shortened(printable(" ".join(part.split())))
                                           for part in (what, where, fix))
        end = "" if self.what.endswith("?") else "."
        super().__init__(f"{self.where}: {self.what}{end} {self.fix}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process may raise it."""
        return partial(type(self), where=self.where, fix=self.fix), (self.what,)

    @property
    def file(self) -> str:
        """``where`` without the line."""
        return split_place(self.where)[0]

    @property
    def line(self) -> int:
        """The line that ``where`` names; 0 where it names none."""
        return split_place(self.where)[1]


class Problems(Problem):
    """Several problems, found in one go. As a text it is the first of them, and how many more there are.

    Attributes:
        found: the problems, at most ``MOST_LISTED`` of each file.
        beyond: file -> how many more it has.
    """

    def __init__(self, found: Iterable[Problem], beyond: Mapping[str, int] | None = None) -> None:
        self.found, self.beyond = list(found), dict(beyond or {})
        first = self.found[0]
        super().__init__(first.what, where=first.where, fix=first.fix)
        self.args = (f"{first} (and {self.number - 1} more: `vernacular check` lists them)",)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process may raise it."""
        return type(self), (self.found, self.beyond)

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.found) + sum(self.beyond.values())


class Collector:
    """Collects problems while a reader goes on, so that all of them are known at once."""

    def __init__(self) -> None:
        self._found: dict[str, list[Problem]] = {}
        self._beyond = Counter[str]()

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, problem: Problem) -> None:
        """Take up one problem, or each of several; one that is there already is passed over."""
        if isinstance(problem, Problems):
            for each in problem.found:
                self.add(each)
            self._beyond.update(problem.beyond)
            return
        there = self._found.setdefault(problem.file, [])
        if any(str(problem) == str(other) for other in there):
            return
        if len(there) < MOST_LISTED:
            there.append(problem)
        else:
            self._beyond[problem.file] += 1

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Take up what the block raises."""
        try:
            yield
        except Problem as problem:
            self.add(problem)

    def together(self) -> Problem | None:
        """What was collected: None, the one problem as it is, or ``Problems``."""
        found = [problem for problems in self._found.values() for problem in problems]
        if len(found) > 1 or self._beyond:
            return Problems(found, self._beyond)
        return found[0] if found else None

    def done(self) -> None:
        """Raise what was collected, if anything was.

        Raises:
            Problem: the only problem, or ``Problems``.
        """
        problem = self.together()
        if problem is not None:
            raise problem


def one_of(problems: Iterable[Problem]) -> Problem:
    """``problems``, of which there is at least one, as one to raise."""
    faults = Collector()
    for problem in problems:
        faults.add(problem)
    found = faults.together()
    assert found is not None
    return found


def split_place(where: str) -> tuple[str, int]:
    """The file and the line that ``file:line`` names; 0 where it names none."""
    file, _, line = where.rpartition(":")
    numbered = file and line.isascii() and line.isdigit() and len(line) < _LONGEST_NUMBER
    return (file, int(line)) if numbered else (where, 0)


def _shortened(text: str) -> str:
    """``text`` without its middle where it is too long to be read: a fix often says at its end what to do."""
    if len(text) <= _LONGEST:
        return text
    end = _LONGEST // 3
    return f"{text[:_LONGEST - end - 3]} … {text[-end:]}"


class TransientProblem(Problem):
    """A problem that may be gone later though nobody touched the language: a full disk, another process at work.

    Whoever runs things by themselves may try again after a while.
    """


def as_problem(error: Exception, where: str) -> Problem:
    """Any error as one line for a person: a ``Problem`` as it is, a disk full or away, a fault of the program."""
    if isinstance(error, Problem):
        return error
    if full(error):
        return TransientProblem("the disk is full", where=str(getattr(error, "filename", None) or where),
                                fix="Make room and run again; what is finished is kept")
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return TransientProblem("a database is being used by something else", where=where,
                                fix="Close it there (an open `sqlite3`?) and run again")
    if isinstance(error, OSError) and error.filename and error.errno in _AWAY:
        return TransientProblem(f"the disk does not answer ({error.strerror})", where=str(error.filename),
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
