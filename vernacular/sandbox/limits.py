"""Limits of requests to the worker, and the problems raised when one is exceeded."""

from __future__ import annotations

import signal
from functools import partial
from typing import Any, Literal

from vernacular.config.limits import Limits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, problem_of
from vernacular.sandbox import frames
from vernacular.sandbox.frames import Allowance

Limit = Literal["seconds", "memory", "output", "wait", "crash"]
MB = 1_000_000
_GROWTH = 20  # ratio of text to file size allowed for large files


class LimitReached(Problem):
    """A file or page that exceeds a limit: it is set aside and reported; others are still read.

    Attributes:
        limit: the limit: processor time, memory, output, waiting time; or a crash of the parser.
    """

    def __init__(self, what: str, *, where: str, fix: str, limit: Limit) -> None:
        super().__init__(what, where=where, fix=fix, code=Code.DATA_LIMIT)
        self.limit: Limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        """Support pickling, so that another process can raise it."""
        return partial(type(self), where=self.where, fix=self.fix, limit=self.limit), (self.what,)


def for_file(limits: Limits, size: int) -> Allowance:
    """Return the limits for parsing a file of ``size`` bytes."""
    return Allowance(max(limits.seconds, size / MB), limits.memory_mb * MB, limits.output_mb * MB,
                     max(limits.output_mb * MB, _GROWTH * size))


def for_page(limits: Limits) -> Allowance:
    """Return the limits for parsing a page."""
    return Allowance(limits.page_seconds, limits.memory_mb * MB, limits.output_mb * MB, limits.output_mb * MB)


def raised(kind: bytes, payload: dict[str, Any], where: str, allowance: Allowance) -> Exception:
    """Convert the worker's last frame to an exception."""
    if kind == frames.MEMORY:
        return reached("memory", _memory(allowance), where)
    if kind == frames.PROBLEM:
        return problem_of(payload, where)
    if kind == frames.SYSTEM:
        return OSError(payload["errno"], payload["strerror"], where)
    error = RuntimeError(payload["error"])
    error.add_note(payload["trace"])
    return error


def reached(limit: Limit, what: str, where: str) -> LimitReached:
    """Build the problem for an exceeded limit."""
    key = {"seconds": "seconds", "memory": "memory_mb", "output": "output_mb"}.get(limit)
    fix = "Leave it out or save it again" + (f"; if it is valid, raise `{key}` of `limits:`" if key else "")
    return LimitReached(what, where=where, fix=fix, limit=limit)


def _memory(allowance: Allowance) -> str:
    return f"parsing it needs more than {allowance.memory / MB:,.0f} MB of memory"


def died(code: int, where: str, allowance: Allowance) -> LimitReached:
    """Return why the worker ended."""
    if code == -signal.SIGPROF:
        return reached("seconds", f"parsing it takes more than {allowance.seconds:g} s of processor time", where)
    if code in (-signal.SIGKILL, -signal.SIGABRT):  # the system's memory limit, or a library out of memory
        return reached("memory", _memory(allowance), where)
    return reached("crash", f"its parser crashed (exit code {code})", where)
