"""Sources of text: one module and class per kind of source. File formats are in ``formats``.

Network sources keep a mirror below the artifact root: only ``refresh`` uses the network;
``documents`` and ``data_version`` read the mirror, so ingested text can be read again offline.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vernacular.config.limits import Limits
from vernacular.config.schema import Language
from vernacular.config.sources import NetworkSource, Source
from vernacular.core.entry_point import EntryPoint
from vernacular.provenance.document import Document
from vernacular.provenance.suppression_list import Suppressions

_CLASSES = {"files": "files:FolderFiles", "inbox": "inbox:Inbox", "package": "package:PackageFiles",
            "hub": "hub:HubDataset", "wikipedia": "wikipedia:WikipediaDump", "crawl": "crawl:Crawl",
            "feed": "feed:Feed", "commoncrawl": "commoncrawl.source:CommonCrawl"}


@dataclass(frozen=True)
class Place:
    """Where a source finds and stores its data."""

    code: str  # of the language
    folder: Path  # of the language
    mirror: Path  # downloads of this source, below the artifact root; created by the first fetch
    suppressed: Suppressions  # what was taken down and must not be ingested again
    limits: Limits = field(default_factory=Limits)  # for parsing one file or page


class OpenSource(Protocol):
    """A source that can be read. Its class takes its settings and a ``Place``."""

    def documents(self, progress: Callable[[str], None]) -> Iterator[Document]:
        """Yield its documents in a stable order.

        Raises:
            Problem: it cannot be read, was never fetched, or contains no text.
        """
        ...

    def data_version(self) -> str:
        """Return a digest of the current content without using the network; cheap enough to call every minute.

        Raises:
            Problem: it is unreachable, which is not the same as empty.
        """
        ...


class Fetched(OpenSource, Protocol):
    """A network source."""

    def due(self) -> bool:
        """Whether ``refresh`` would use the network now. Does not use it."""
        ...

    def refresh(self, progress: Callable[[str], None]) -> None:
        """Fetch what is due (see ``refresh_days``) into the mirror; resume an interrupted fetch.

        Raises:
            Problem: it is unreachable and the mirror is empty.
        """
        ...

    def forget(self, paths: Collection[str]) -> None:
        """Delete everything fetched from ``paths`` (as in the ledger) from the mirror."""
        ...


def place_of(language: Language, source: Source, root: Path, role: str = "") -> Place:
    """Return the place of ``source`` in ``language``.

    Args:
        language: whose source it is.
        source: its settings.
        root: of the store.
        role: its use, if not as a corpus source; gives it a separate mirror, since names may recur.
    """
    name = f"{role}-{source.name}" if role else source.name
    return Place(language.code, language.folder, root / language.code / ".mirror" / name,
                 Suppressions.of(language.folder), language.limits)


def open_source(settings: Source, place: Place) -> OpenSource:
    """Open the source that an entry of ``sources:``, ``retention:`` or ``contrast:`` describes."""
    return EntryPoint[OpenSource](f"{__name__}.{_CLASSES[settings.kind]}")(settings, place)


def open_network_source(source: NetworkSource, place: Place) -> Fetched:
    """Open a network source."""
    kind: str = source.kind  # type: ignore[attr-defined]  # every subclass that is a kind has one
    return EntryPoint[Fetched](f"{__name__}.{_CLASSES[kind]}")(source, place)


def fetch_source(source: NetworkSource, place: Place, progress: Callable[[str], None]) -> None:
    """Fetch what is due of a network source.

    Raises:
        Problem: it is unreachable and was never fetched.
    """
    open_network_source(source, place).refresh(progress)


def network_sources(language: Language, root: Path) -> Iterator[tuple[NetworkSource, Place]]:
    """Yield the network sources of ``language`` that were not taken down, with their places."""
    gone = Suppressions.of(language.folder).sources
    for source in language.sources:
        if isinstance(source, NetworkSource) and source.name not in gone:
            yield source, place_of(language, source, root)


def refresh_sources(language: Language, root: Path, progress: Callable[[str], None]) -> None:
    """Fetch what is due of the network sources of ``language``.

    Raises:
        Problem: one is unreachable and was never fetched.
    """
    for source, place in network_sources(language, root):
        fetch_source(source, place, progress)


def source_versions(language: Language, root: Path) -> dict[str, str]:
    """Return ``source/<name>`` -> data version for every source not taken down; ``root`` is the store's.

    Raises:
        Problem: one is unreachable.
    """
    return {f"source/{source.name}": open_source(source, place_of(language, source, root)).data_version()
            for source in language.sources if source.name not in Suppressions.of(language.folder).sources}
