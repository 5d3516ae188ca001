"""The state of one language as seen by a tick of ``upkeep``, with a time limit.

Reads the disk, not Dagster.

A network disk may block forever, and a blocked thread cannot be stopped. So each snapshot is taken
in a thread; if it takes too long, its language is skipped until the thread returns, without
blocking others.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from threading import Thread

from dagster import AssetKey

from assets.sources import source_digests
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import TransientProblem
from vernacular.core.project import Project
from vernacular.core.store import Store
from vernacular.pipeline.staleness import Stale, circumstances, stale
from vernacular.sources.fetch_schedule import due, fetching

LOOK_SECONDS = 20.0  # Dagster allows a minute per tick


@dataclass(frozen=True)
class Look:
    """The state of a language.

    Attributes:
        language: its settings; other fields are empty unless it is automatic.
        digests: of its sources' content.
        fetching: whether a process is fetching now.
        due: network sources to fetch; determined only if nobody is fetching.
        causes: the stale stages; determined only if nothing is due.
        around: the circumstances, likewise.
    """

    language: Language
    digests: dict[AssetKey, str] = field(default_factory=dict)
    fetching: bool = False
    due: list[str] = field(default_factory=list)
    causes: list[Stale] = field(default_factory=list)
    around: str = ""


def look(project: Project, code: str, now: float) -> Look:
    """Return the state of the language ``code`` at ``now``, in seconds since 1970.

    Raises:
        Problem: its folder or one of its sources cannot be read; that is not a change.
    """
    language, root = load_language(project.languages / code), project.artifacts
    if not language.refresh.automatic:
        return Look(language)
    digests = source_digests(language, root)
    if fetching(language, root):
        return Look(language, digests, fetching=True)
    wanted = due(language, root, now)
    if wanted:
        return Look(language, digests, due=wanted)
    stages = stages_of(language)
    return Look(language, digests, causes=stale(stages, language, Store(root)),
                around=circumstances(stages, language, root))


class Looks:
    """The snapshots of a process, some of which may block forever."""

    def __init__(self) -> None:
        self._away: dict[str, Future[Look]] = {}

    def at(self, code: str, asking: Callable[[], Look]) -> Look:
        """Return or raise the result of ``asking`` for the language ``code``.

        Raises:
            TransientProblem: it takes too long, or an earlier one still blocks.
        """
        if code not in self._away or self._away[code].done():  # an old result is outdated
            self._away[code] = future = Future[Look]()
            Thread(target=_ask, args=(future, asking), name=f"look at {code}", daemon=True).start()
            wait([future], LOOK_SECONDS)
            if future.done():
                return self._away.pop(code).result()
        raise TransientProblem("it does not respond: a blocked disk, or very much to read", where=code,
                               fix="Check its disks; it is read again once it responds", code=Code.DISK_UNREACHABLE)


def _ask(future: Future[Look], asking: Callable[[], Look]) -> None:
    try:
        future.set_result(asking())
    except BaseException as error:
        future.set_exception(error)
