"""Fetching what is due of a language's sources on the network, apart from any run, and leaving alone what fails.

A source that cannot be reached keeps what was fetched of it; it is asked again after a while that doubles with every
failure. ``.fetch.json`` below the language's folder of the store holds the failures, ``.fetch.lock`` is held while
somebody fetches.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from filelock import FileLock, Timeout

from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource
from vernacular.core import clock
from vernacular.core.errors import Problem, as_problem
from vernacular.core.store import write_atomically
from vernacular.sources import Place, network_sources, open_network_source

_FIRST_WAIT = 300.0  # seconds after the first failure
_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True)
class Failure:
    """That a source could not be fetched.

    Attributes:
        times: in a row.
        until: when to ask again, in seconds since 1970.
        why: the reason, in one line.
    """

    times: int
    until: float
    why: str

    def over(self, now: float) -> bool:
        """Whether to ask again; also where ``until`` is further away than this failure asked for: the clock jumped."""
        return self.until <= now or clock.ahead(self.until, now + _wait(self.times))


def failures(language: Language, root: Path) -> dict[str, Failure]:
    """The sources whose last fetch failed, by name."""
    try:
        rows = orjson.loads(_notes(language, root).read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise Problem("the notes on failed fetches cannot be read", where=str(_notes(language, root)),
                      fix="Delete this file") from None
    return {name: Failure(**row) for name, row in rows.items()}


def due(language: Language, root: Path, now: float) -> list[str]:
    """The sources on the network that are to be fetched now, without those that failed a short while ago.

    Args:
        language: whose sources.
        root: of the store.
        now: seconds since 1970.
    """
    failed = failures(language, root)
    return [source.name for source, place in network_sources(language, root)
            if (source.name not in failed or failed[source.name].over(now)) and _due(source, place)]


def _due(source: NetworkSource, place: Place) -> bool:
    """Whether ``source`` is due, or that cannot be told: ``_fetch_one`` meets the same and notes why."""
    try:
        return open_network_source(source, place).due()
    except (Problem, OSError, sqlite3.Error):  # its file or its mirror cannot be read; anything else is our fault
        return True


def fetching(language: Language, root: Path) -> bool:
    """Whether a process is fetching now."""
    lock = _lock(language, root)
    if not Path(lock.lock_file).exists():
        return False
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def fetch(language: Language, root: Path, progress: Callable[[str], None], at_once: bool = False) -> list[Problem]:
    """Fetch what is due, one source after another; the problems of those that could not be fetched.

    Args:
        language: whose sources.
        root: of the store.
        progress: takes a line for whoever waits.
        at_once: also what failed a short while ago.

    Raises:
        Problem: another process is fetching for this language.
    """
    problems = []
    lock = _lock(language, root)
    Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Problem("another process is fetching", where=language.code, fix="Wait for it") from None
    try:
        wanted = due(language, root, math.inf if at_once else clock.now())
        for source, place in network_sources(language, root):
            if source.name not in wanted:
                progress(f"{source.name}: not due")
                continue
            progress(f"{source.name}: looking for what is new")
            problem = _fetch_one(source, place, f"{language.code} source {source.name}", progress)
            problems += [problem] if problem else []
            _note(language, root, source.name, problem, clock.now())
    finally:
        lock.release()
    return problems


def _fetch_one(source: NetworkSource, place: Place, where: str, progress: Callable[[str], None]) -> Problem | None:
    """Why ``source`` could not be fetched, if it could not."""
    try:
        opened = open_network_source(source, place)
        opened.refresh(progress)
        if opened.due():  # it has said why; what was fetched before stays
            return Problem("nothing new could be fetched", where=where,
                           fix="Upkeep asks again after a while; `vernacular fetch` asks at once")
    except Exception as error:  # whatever one source sets off never keeps the others from being fetched
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


def _lock(language: Language, root: Path) -> FileLock:
    return FileLock(root / language.code / ".fetch.lock")
