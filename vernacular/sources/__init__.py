"""Where text comes from: one module for each kind of source, one class in it. What a file holds is in ``formats``.

Sources on the network keep what they fetched in a mirror below the artifact root: ``refresh`` goes to the network,
``documents`` and ``data_version`` read the mirror alone, so that what was ingested can be read again without a network.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from vernacular.config.limits import Limits
from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource, Source
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions

_CLASSES = {"files": ("files", "FolderFiles"), "inbox": ("inbox", "Inbox"), "package": ("package", "PackageFiles"),
            "hub": ("hub", "HubDataset"), "wikipedia": ("wikipedia", "WikipediaDump"), "crawl": ("crawl", "Crawl"),
            "feed": ("feed", "Feed")}


@dataclass(frozen=True)
class Place:
    """Where a source finds and keeps things.

    Attributes:
        code: of the language.
        folder: of the language.
        mirror: what was fetched of this source; below the artifact root, made by the source when it first fetches.
        suppressed: what was taken down and must not come in again.
        limits: what reading a file or page of it may take.
    """

    code: str
    folder: Path
    mirror: Path
    suppressed: Suppressions
    limits: Limits = field(default_factory=Limits)


class OpenSource(Protocol):
    """A source that can be read. Its class takes its settings and a ``Place``."""

    def documents(self, progress: Callable[[str], None]) -> Iterator[Document]:
        """Its documents in a stable order.

        Raises:
            Problem: it cannot be read, was never fetched, or holds no text.
        """
        ...

    def data_version(self) -> str:
        """A digest of what is there now, cheap enough to be asked for every minute. Does not go to the network.

        Raises:
            Problem: it cannot be reached; that is not the same as being empty.
        """
        ...


class Fetched(OpenSource, Protocol):
    """A source on the network."""

    def due(self) -> bool:
        """Whether ``refresh`` would go to the network now. Does not go there itself."""
        ...

    def refresh(self, progress: Callable[[str], None]) -> None:
        """Fetch what is due (see ``refresh_days``) into the mirror; go on where a killed fetch stopped.

        Raises:
            Problem: it cannot be reached and the mirror is empty.
        """
        ...

    def forget(self, paths: Collection[str]) -> None:
        """Take what was fetched from ``paths`` (as in the ledger) out of the mirror; no byte of it stays."""
        ...


def place_of(language: Language, source: Source, root: Path, role: str = "") -> Place:
    """Where ``source`` of ``language`` finds and keeps things.

    Args:
        language: whose source it is.
        source: its settings.
        root: of the store.
        role: what it serves for, if not as a source of the corpus: a mirror of its own, since names may recur.
    """
    name = f"{role}-{source.name}" if role else source.name
    return Place(language.code, language.folder, root / language.code / ".mirror" / name,
                 Suppressions.of(language.folder), language.limits)


def open_source(settings: Source, place: Place) -> OpenSource:
    """The source that ``settings`` (an entry of ``sources:``, ``retention:`` or ``contrast:``) describe."""
    module, name = _CLASSES[settings.kind]
    opened: OpenSource = getattr(import_module(f"{__name__}.{module}"), name)(settings, place)
    return opened


def open_network_source(source: NetworkSource, place: Place) -> Fetched:
    """The source on the network that ``source`` describes."""
    module, name = _CLASSES[source.kind]  # type: ignore[attr-defined]  # every subclass that is a kind has one
    opened: Fetched = getattr(import_module(f"{__name__}.{module}"), name)(source, place)
    return opened


def fetch_source(source: NetworkSource, place: Place, progress: Callable[[str], None]) -> None:
    """Fetch what is due of a source on the network.

    Raises:
        Problem: it cannot be reached and was never fetched.
    """
    open_network_source(source, place).refresh(progress)


def network_sources(language: Language, root: Path) -> Iterator[tuple[NetworkSource, Place]]:
    """The sources of ``language`` on the network that were not taken down, each with its place."""
    gone = Suppressions.of(language.folder).sources
    for source in language.sources:
        if isinstance(source, NetworkSource) and source.name not in gone:
            yield source, place_of(language, source, root)


def refresh_sources(language: Language, root: Path, progress: Callable[[str], None]) -> None:
    """Fetch what is due of the sources of ``language`` on the network.

    Raises:
        Problem: one cannot be reached and was never fetched.
    """
    for source, place in network_sources(language, root):
        fetch_source(source, place, progress)


def source_versions(language: Language, root: Path) -> dict[str, str]:
    """``source/<name>`` -> data version, for every source but those taken down; ``root`` is the store's.

    Raises:
        Problem: one cannot be reached.
    """
    return {f"source/{source.name}": open_source(source, place_of(language, source, root)).data_version()
            for source in language.sources if source.name not in Suppressions.of(language.folder).sources}
