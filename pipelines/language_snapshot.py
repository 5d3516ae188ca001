"""What a tick of ``upkeep`` sees of one language, and how long it waits for that. Asks the disk, and never Dagster.

A disk behind a network may answer nobody, and then whoever asks cannot be stopped. So each look is a thread, and one
that takes too long is left to itself: its language is passed over until it has come back, and the others are not.
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
from vernacular.core.errors import TransientProblem
from vernacular.core.project import Project
from vernacular.core.store import Store
from vernacular.pipeline.staleness import Stale, circumstances, stale
from vernacular.sources.fetch_schedule import due, fetching

LOOK_SECONDS = 20.0  # Dagster gives a tick a minute


@dataclass(frozen=True)
class Look:
    """What was seen.

    Attributes:
        language: its settings; the rest is empty unless it is to be kept up to date.
        digests: what its sources hold.
        fetching: whether a process is fetching now.
        due: the sources on the network that are to be fetched; asked only if nobody is fetching.
        causes: the stale stages; asked only if nothing is due.
        around: the circumstances, likewise.
    """

    language: Language
    digests: dict[AssetKey, str] = field(default_factory=dict)
    fetching: bool = False
    due: list[str] = field(default_factory=list)
    causes: list[Stale] = field(default_factory=list)
    around: str = ""


def look(project: Project, code: str, now: float) -> Look:
    """See what there is of the language ``code`` at ``now``, in seconds since 1970.

    Raises:
        Problem: its folder or one of its sources cannot be read; that is no change.
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
    """The looks of a process, of which some may never come back."""

    def __init__(self) -> None:
        self._away: dict[str, Future[Look]] = {}

    def at(self, code: str, asking: Callable[[], Look]) -> Look:
        """What ``asking`` for the language ``code`` returns or raises.

        Raises:
            TransientProblem: it takes too long, or has not come back from an earlier time.
        """
        if code not in self._away or self._away[code].done():  # what that one found is old
            self._away[code] = future = Future[Look]()
            Thread(target=_ask, args=(future, asking), name=f"look at {code}", daemon=True).start()
            wait([future], LOOK_SECONDS)
            if future.done():
                return self._away.pop(code).result()
        raise TransientProblem("it does not answer: a disk that hangs, or very much to read", where=code,
                               fix="See that its disks are there; it is looked at again once it has answered")


def _ask(future: Future[Look], asking: Callable[[], Look]) -> None:
    try:
        future.set_result(asking())
    except BaseException as error:
        future.set_exception(error)
