"""Fetch due network sources independently of runs, with backoff for failing sources.

A source that fails keeps its earlier data; the wait before a retry doubles with every failure.
``.fetch.json`` in the language's store folder lists failures; ``.fetch.lock`` is locked during a
fetch.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from filelock import FileLock, Timeout

from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, as_problem
from vernacular.core.lock import locked
from vernacular.core.store import write_atomically
from vernacular.sources import Place, network_sources, open_network_source

_FIRST_WAIT = 300.0  # seconds before the first retry
_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True)
class Failure:
    """A failed fetch of a source."""

    times: int  # failures in a row
    until: float  # time of the next attempt, in seconds since 1970
    why: str  # the reason, in one line

    def over(self, now: float) -> bool:
        """Whether to retry now; also if ``until`` is too far ahead because the clock jumped."""
        return self.until <= now or clock.ahead(self.until, now + _wait(self.times))


def failures(language: Language, root: Path) -> dict[str, Failure]:
    """Return the sources whose last fetch failed, by name."""
    try:
        rows = orjson.loads(_notes(language, root).read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise Problem("the record of failed fetches cannot be read", where=str(_notes(language, root)),
                      fix="Delete this file", code=Code.SOURCE_DAMAGED) from None
    return {name: Failure(**row) for name, row in rows.items()}


def due(language: Language, root: Path, now: float) -> list[str]:
    """Return the network sources to fetch now, without those still waiting for a retry."""
    failed = failures(language, root)
    return [source.name for source, place in network_sources(language, root)
            if (source.name not in failed or failed[source.name].over(now)) and _due(source, place)]


def _due(source: NetworkSource, place: Place) -> bool:
    """Whether ``source`` is due, or its state is unreadable; then ``_fetch_one`` records the reason."""
    try:
        return open_network_source(source, place).due()
    except (Problem, OSError, sqlite3.Error):  # only errors of its files or mirror; others are bugs
        return True


def fetching(language: Language, root: Path) -> bool:
    """Whether a process is fetching now."""
    path = _lock(language, root)
    try:
        with FileLock(path, timeout=0) if path.exists() else nullcontext():
            return False
    except Timeout:
        return True


def fetch(language: Language, root: Path, progress: Callable[[str], None], at_once: bool = False) -> list[Problem]:
    """Fetch what is due, source by source; return the problems of sources that failed.

    Args:
        language: whose sources.
        root: of the store.
        progress: receives lines for the user.
        at_once: also retry sources that failed recently.

    Raises:
        Problem: another process is fetching for this language.
    """
    problems = []
    with locked(_lock(language, root), "another process is fetching", language.code, "Wait until it has finished",
                Code.SOURCE_BUSY):
        wanted = due(language, root, math.inf if at_once else clock.now())
        for source, place in network_sources(language, root):
            if source.name not in wanted:
                progress(f"{source.name}: not due")
                continue
            progress(f"{source.name}: checking for new content")
            problem = _fetch_one(source, place, f"{language.code} source {source.name}", progress)
            problems += [problem] if problem else []
            _note(language, root, source.name, problem, clock.now())
    return problems


def _fetch_one(source: NetworkSource, place: Place, where: str, progress: Callable[[str], None]) -> Problem | None:
    """Fetch ``source``; return the problem if that failed."""
    try:
        opened = open_network_source(source, place)
        opened.refresh(progress)
        if opened.due():  # it has printed the reason; earlier data is kept
            return Problem("no new content could be fetched", where=where,
                           fix="Upkeep retries later; `vernacular fetch` retries now", code=Code.SOURCE_NETWORK)
    except Exception as error:  # an error in one source never stops the others
        return as_problem(error, where)
    return None


def _note(language: Language, root: Path, name: str, problem: Problem | None, now: float) -> None:
    found = failures(language, root)
    before = found.pop(name, None)
    if problem is not None:
        times = before.times + 1 if before else 1
        found[name] = Failure(times=times, until=now + _wait(times), why=str(problem))
    elif before is None:
        return
    write_atomically(_notes(language, root), orjson.dumps({name: asdict(row) for name, row in found.items()}).decode())


def _wait(times: int) -> float:
    return min(_FIRST_WAIT * 2.0 ** min(times - 1, 20), _LONGEST_WAIT)


def _notes(language: Language, root: Path) -> Path:
    return root / language.code / ".fetch.json"


def _lock(language: Language, root: Path) -> Path:
    return root / language.code / ".fetch.lock"
