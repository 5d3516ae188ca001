"""Sources that are files: those below a language folder, and what is common to every kind that ends in files."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from vernacular.artifacts import digest_of
from vernacular.config.schema import FilesSource, PackageSource
from vernacular.corpus.ledger import Document, make_document
from vernacular.corpus.sources.formats import read_texts
from vernacular.errors import Problem


class Files(ABC):
    """A list of files that is read in the order of their paths. Subclasses say which files.

    Args:
        settings: the entry of language.yaml.
        where: how messages call the source.
    """

    def __init__(self, settings: FilesSource | PackageSource, where: str) -> None:
        self.settings, self.where = settings, where

    @abstractmethod
    def located(self) -> list[tuple[str, Path]]:
        """(path within the source, file), sorted by path."""

    def documents(self, progress: Callable[[str], None]) -> Iterator[Document]:
        """The documents of all files.

        Raises:
            Problem: no file matches, a file cannot be read, or none holds any text.
        """
        files = self.located()
        if not files:
            raise Problem(f"no file matches '{self.settings.files}'", where=self.where,
                          fix="Put the text there, or correct `files:`")
        progress(f"reading {len(files)} files of {self.settings.name}")
        found = False
        for path, file in files:
            for text in read_texts(file, f"{self.where}/{path}", self.settings.text_field):
                found = True
                yield make_document(self.settings, path, text)
        if not found:
            raise Problem(f"the {len(files)} files that match '{self.settings.files}' hold no text", where=self.where,
                          fix="Put text in them, or correct `files:` or `text_field:`")

    def data_version(self) -> str:
        """Digest of the paths and the content of the files; a file is read again only if its size or time changed."""
        return digest_of([(path, _digest(file, (state := file.stat()).st_size, state.st_mtime_ns))
                          for path, file in self.located()])


class FolderFiles(Files):
    """Files of a language folder that match a glob.

    Args:
        settings: the entry of language.yaml.
        folder: the language folder.
    """

    def __init__(self, settings: FilesSource, folder: Path) -> None:
        super().__init__(settings, f"{folder.parent.name}/{folder.name}")
        self.folder = folder

    def located(self) -> list[tuple[str, Path]]:
        """The files that match, hidden ones left out.

        Raises:
            Problem: one lies outside the folder (through a link, say).
        """
        root, found = self.folder.resolve(), []
        for file in self.folder.glob(self.settings.files):
            relative = file.relative_to(self.folder)
            if not file.is_file() or any(part.startswith(".") for part in relative.parts):
                continue
            check_inside(file, root, f"{self.where}/{relative.as_posix()}")
            found.append((relative.as_posix(), file))
        return sorted(found)


def check_inside(file: Path, root: Path, where: str) -> None:
    """Raise a Problem unless ``file``, links followed, lies below ``root``."""
    if not file.resolve().is_relative_to(root):
        raise Problem("the file lies outside its folder, through a link or ..", where=where,
                      fix="Copy it into the folder")


@lru_cache(maxsize=100_000)
def _digest(file: Path, size: int, changed: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
