"""Errors for the user: each states what is wrong, where, and how to fix it.

A reader can collect several problems (``Collector``) and raise them together (``Problems``).
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

from vernacular.core.codes import Code
from vernacular.core.terminal import printable

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_DISK_UNREACHABLE = (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH,
                     errno.ENETDOWN, errno.ENETUNREACH)  # errors of a failed disk or an unreachable network disk
_MEMORY_FULL = ("can't allocate memory", "not enough memory")
_LONGEST = 2000  # characters of each part of a message, since it may quote outside text
_LONGEST_QUOTE = 300  # characters of a library's own words
_LONGEST_NUMBER = 12  # digits of a line number
MOST_LISTED = 10  # problems shown per file; the others are counted


class Problem(Exception):
    """An error that the user can fix. ``vernacular`` prints it as one line and exits with 2.

    Args:
        what: what is wrong, in plain words.
        where: the file (with line), setting, stage or folder.
        fix: what to do about it.
        code: a stable identifier, listed in ``vernacular.core.codes``.
    """

    def __init__(self, what: str, *, where: str, fix: str, code: str = "") -> None:
        self.code = code
        self.what, self.where, self.fix = (_shortened(printable(" ".join(part.split())))
                                           for part in (what, where, fix))
        end = "" if self.what.endswith("?") else "."
        mark = f" [{code}]" if code else ""
        super().__init__(f"{self.where}: {self.what}{end} {self.fix}{mark}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Support pickling, so that another process can raise it."""
        return partial(type(self), where=self.where, fix=self.fix, code=self.code), (self.what,)

    @property
    def problems(self) -> list[Problem]:
        """The single problems: this one, or the members of ``Problems``."""
        return [self]

    @property
    def beyond(self) -> dict[str, int]:
        """File -> number of problems that ``problems`` leaves out."""
        return {}

    def as_json(self) -> dict[str, Any]:
        """Return the problems as JSON data, for ``problem_of``."""
        return {"problems": [[one.what, one.where, one.fix, one.code] for one in self.problems], "beyond": self.beyond}

    @property
    def file(self) -> str:
        """``where`` without the line number."""
        return split_place(self.where)[0]

    @property
    def line(self) -> int:
        """The line number in ``where``, or 0."""
        return split_place(self.where)[1]


class Problems(Problem):
    """Several problems, at most ``MOST_LISTED`` per file. As text: the first one, and the number of the others."""

    def __init__(self, found: Iterable[Problem], beyond: Mapping[str, int] | None = None) -> None:
        self._problems, self._beyond = list(found), dict(beyond or {})
        first = self._problems[0]
        super().__init__(first.what, where=first.where, fix=first.fix, code=first.code)
        self.args = (f"{first} (and {self.number - 1} more: `vernacular check` lists them)",)

    def __reduce__(self) -> tuple[Any, ...]:
        """Support pickling, so that another process can raise it."""
        return type(self), (self.problems, self.beyond)

    @property
    def problems(self) -> list[Problem]:
        """The members."""
        return self._problems

    @property
    def beyond(self) -> dict[str, int]:
        """File -> number of problems left out."""
        return self._beyond

    @property
    def number(self) -> int:
        """The total number of problems."""
        return len(self.problems) + sum(self.beyond.values())


class Collector:
    """Collects problems so that a reader can report all of them at once."""

    def __init__(self) -> None:
        self._problems: dict[str, list[Problem]] = {}
        self._beyond = Counter[str]()

    def __bool__(self) -> bool:
        return bool(self._problems)

    def add(self, problem: Problem) -> None:
        """Add a problem, or each member of a ``Problems``; duplicates are ignored."""
        if isinstance(problem, Problems):
            for member in problem.problems:
                self.add(member)
            self._beyond.update(problem.beyond)
            return
        known = self._problems.setdefault(problem.file, [])
        if any(str(problem) == str(other) for other in known):
            return
        if len(known) < MOST_LISTED:
            known.append(problem)
        else:
            self._beyond[problem.file] += 1

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Collect the problem that the block raises, if any."""
        try:
            yield
        except Problem as problem:
            self.add(problem)

    def combined(self) -> Problem | None:
        """Return None, the only problem, or a ``Problems``."""
        collected = [problem for problems in self._problems.values() for problem in problems]
        if len(collected) > 1 or self._beyond:
            return Problems(collected, self._beyond)
        return collected[0] if collected else None

    def raise_collected(self) -> None:
        """Raise what was collected, if anything.

        Raises:
            Problem: the only problem, or ``Problems``.
        """
        problem = self.combined()
        if problem is not None:
            raise problem


def problem_of(data: Mapping[str, Any], where: str = "") -> Problem:
    """Return the problem that ``as_json`` wrote; ``where`` is the place of problems without one."""
    problems = [Problem(what, where=place or where, fix=fix, code=code) for what, place, fix, code in data["problems"]]
    return Problems(problems, data["beyond"]) if len(problems) > 1 or data["beyond"] else problems[0]


def combine(problems: Iterable[Problem]) -> Problem:
    """Merge at least one problem into one exception."""
    collector = Collector()
    for problem in problems:
        collector.add(problem)
    combined = collector.combined()
    assert combined is not None
    return combined


def split_place(where: str) -> tuple[str, int]:
    """Split ``file:line`` into file and line; the line is 0 if there is none."""
    file, _, line = where.rpartition(":")
    numbered = file and line.isascii() and line.isdigit() and len(line) < _LONGEST_NUMBER
    return (file, int(line)) if numbered else (where, 0)


def _shortened(text: str) -> str:
    """Cut the middle out of a long ``text``; its end often states the fix."""
    if len(text) <= _LONGEST:
        return text
    end = _LONGEST // 3
    return f"{text[:_LONGEST - end - 3]} … {text[-end:]}"


class TransientProblem(Problem):
    """A problem that may go away without a change to the language: a full disk, another running process.

    Unattended runs may retry it later.
    """


def as_problem(error: Exception, where: str) -> Problem:
    """Convert any error to a ``Problem``."""
    if isinstance(error, Problem):
        return error
    if is_disk_full(error):
        return TransientProblem("the disk is full", where=str(getattr(error, "filename", None) or where),
                                fix="Free some space and run again; finished work is kept", code=Code.DISK_FULL)
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return TransientProblem("another program is using a database", where=where,
                                fix="Close that program (an open `sqlite3`?) and run again", code=Code.DATABASE_BUSY)
    if isinstance(error, OSError) and error.filename and error.errno in _DISK_UNREACHABLE:
        return TransientProblem(f"the disk does not respond ({error.strerror})", where=str(error.filename),
                                fix="Check that it is mounted and run again; finished work is kept",
                                code=Code.DISK_UNREACHABLE)
    if isinstance(error, OSError):
        return Problem(error.strerror or str(error), where=str(error.filename or where),
                       fix="Run with --debug to see which operation failed", code=Code.FILE_SYSTEM)
    return Problem(f"{type(error).__name__}: {error}", where=where,
                   fix="This is a bug in Vernacular; --debug or the run's log shows where", code=Code.BUG)


@contextmanager
def panics_as_problems(where: str) -> Iterator[None]:
    """Convert a panic of a Rust library into a ``Problem``.

    pyo3 derives ``PanicException`` from ``BaseException`` and does not export it: ``except
    Exception`` misses it, and it cannot be pickled.

    Args:
        where: the file, setting or stage that the library was reading.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise Problem(f"a library crashed on its input ({error})", where=where,
                      fix="Replace the file it was reading, such as the base model's tokenizer.json; --debug "
                          "shows where", code=Code.MODEL_FILES) from error


def is_system_error(error: Exception) -> bool:
    """Whether the operating system raised ``error`` (disk, permission), not a library reading damaged data.

    Such libraries raise OSError without an errno, or with EINVAL.
    """
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def is_disk_full(error: Exception) -> bool:
    """Whether ``error`` means that the disk or quota is full."""
    if isinstance(error, sqlite3.OperationalError):
        return "disk is full" in str(error)
    if isinstance(error, shutil.Error):  # copying a tree reports the causes only as text
        return any(os.strerror(number) in str(error) for number in _DISK_FULL)
    if isinstance(error, OSError):
        return error.errno in _DISK_FULL
    # Libraries in other languages (safetensors, torch) report system errors as text.
    return any(os.strerror(number) in str(error) for number in _DISK_FULL)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` means that memory, of the machine or of a card, is used up."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _MEMORY_FULL))  # torch on a CPU


@contextmanager
def faults_as_problems(what: str, where: str, of_family: bool = False, fix: str = "") -> Iterator[None]:
    """Convert any error of a library that reads or runs a base model into a ``Problem``.

    A full or failing disk and missing memory are raised unchanged, since the model is not the cause.

    Args:
        what: the part of the base model being read; or if ``of_family``, what is done with it.
        where: the file or folder.
        of_family: whether the kind of model is the cause, not its files.
        fix: what to do instead of using another base model.
    """
    try:
        with panics_as_problems(where):
            yield
    except Problem:
        raise
    except ImportError as error:
        raise Problem(f"a package is missing ({error})", where=where, fix="Install it, or use another base model",
                      code=Code.MODEL_KIND) from error
    except Exception as error:  # damaged files can raise any exception
        if is_disk_full(error) or is_system_error(error) or is_out_of_memory(error):
            raise
        words = f"{type(error).__name__}: {' '.join(str(error).split())}"
        words = words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE]} …"  # some list every family
        if of_family:
            raise Problem(f"{what} fails ({words})", where=where,
                          fix=fix or "Use a base model of another family", code=Code.MODEL_KIND) from error
        raise Problem(f"{what} cannot be used ({words})", where=where,
                      fix=fix or "Download the base model again, or use another one",
                      code=Code.MODEL_FILES) from error
