"""What a request to the worker may take, and what is said where it takes more or fails."""

from __future__ import annotations

import signal
from functools import partial
from typing import Any, Literal

from vernacular.config.limits import Limits
from vernacular.core.errors import Problem, Problems
from vernacular.sandbox import frames
from vernacular.sandbox.frames import Allowance

Limit = Literal["seconds", "memory", "output", "wait", "crash"]
MB = 1_000_000
_GROWTH = 20  # to one: text that a file gives, beyond what is allowed for any


class LimitReached(Problem):
    """A file or page that takes more than it may: it is set aside and reported, and the others are read.

    Attributes:
        limit: which one: processor time, memory, output; it did not end; or its parser crashed.
    """

    def __init__(self, what: str, *, where: str, fix: str, limit: Limit) -> None:
        super().__init__(what, where=where, fix=fix)
        self.limit: Limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process may raise it."""
        return partial(type(self), where=self.where, fix=self.fix, limit=self.limit), (self.what,)


def for_file(limits: Limits, size: int) -> Allowance:
    """What parsing a file of ``size`` bytes may take."""
    return Allowance(max(limits.seconds, size / MB), limits.memory_mb * MB, limits.output_mb * MB,
                     max(limits.output_mb * MB, _GROWTH * size))


def for_page(limits: Limits) -> Allowance:
    """What parsing a page may take."""
    return Allowance(limits.page_seconds, limits.memory_mb * MB, limits.output_mb * MB, limits.output_mb * MB)


def raised(kind: bytes, said: dict[str, Any], where: str, allowance: Allowance) -> Exception:
    """What the parser raised, as its last frame says it."""
    if kind == frames.MEMORY:
        return reached("memory", _memory(allowance), where)
    if kind == frames.PROBLEM:
        found = [Problem(what, where=there or where, fix=fix) for what, there, fix in said["found"]]
        return Problems(found, said["beyond"]) if len(found) > 1 or said["beyond"] else found[0]
    if kind == frames.SYSTEM:
        return OSError(said["errno"], said["strerror"], where)
    error = RuntimeError(said["error"])
    error.add_note(said["trace"])
    return error


def reached(limit: Limit, what: str, where: str) -> LimitReached:
    """That a limit was passed, and what to do."""
    key = {"seconds": "seconds", "memory": "memory_mb", "output": "output_mb"}.get(limit)
    fix = "Leave it out or save it anew" + (f"; if it is sound, raise `{key}` of `limits:`" if key else "")
    return LimitReached(what, where=where, fix=fix, limit=limit)


def _memory(allowance: Allowance) -> str:
    return f"parsing it needs more than {allowance.memory / MB:,.0f} MB of memory"


def died(code: int, where: str, allowance: Allowance) -> LimitReached:
    """Why the worker ended."""
    if code == -signal.SIGPROF:
        return reached("seconds", f"parsing it takes more than {allowance.seconds:g} s of processor time", where)
    if code in (-signal.SIGKILL, -signal.SIGABRT):  # the system's own limit of memory, or a library without any left
        return reached("memory", _memory(allowance), where)
    return reached("crash", f"its parser crashed (exit code {code})", where)
