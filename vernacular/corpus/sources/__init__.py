"""Where text comes from: one module for each kind of source, one class in it. What a file holds is in ``formats``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from vernacular.config.schema import FilesSource, Language, Source
from vernacular.corpus.ledger import Document


class OpenSource(Protocol):
    """A source that can be read."""

    def documents(self, progress: Callable[[str], None]) -> Iterator[Document]:
        """Its documents in a stable order.

        Raises:
            Problem: it cannot be read, or holds no text.
        """
        ...

    def data_version(self) -> str:
        """A digest of what is there now, cheap enough to be asked for every minute.

        Raises:
            Problem: it cannot be reached; that is not the same as being empty.
        """
        ...


def open_source(settings: Source, folder: Path) -> OpenSource:
    """The source that ``settings`` describe.

    Args:
        settings: one entry of ``sources:`` (or of ``retention:``).
        folder: the language folder.
    """
    from vernacular.corpus.sources.files import FolderFiles
    from vernacular.corpus.sources.package import PackageFiles

    return FolderFiles(settings, folder) if isinstance(settings, FilesSource) else PackageFiles(settings)


def source_versions(language: Language) -> dict[str, str]:
    """``source/<name>`` -> data version, for every source of ``language``.

    Raises:
        Problem: one cannot be reached.
    """
    return {f"source/{source.name}": open_source(source, language.folder).data_version()
            for source in language.sources}
