"""Sources made of files: those in a language folder, and the base of all file-based kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator

from vernacular.config.sources import FilesSource, LocalSource
from vernacular.config.translations import FilesSide, PackageSide
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.files import File, Folder
from vernacular.core.store import digest_of
from vernacular.provenance.document import Document, make_document, short_digest
from vernacular.sandbox.limits import LimitReached
from vernacular.sources import Place
from vernacular.sources.extracts import Digests, Extracts
from vernacular.sources.formats import SLOW, Options, Text, read_texts


class Files(ABC):
    """A list of files, read in the order of their paths. Subclasses locate the files.

    Attributes:
        problems: what the last reading skipped: files that exceed the limits, and for some kinds
            unreadable files.
    """

    def __init__(self, settings: LocalSource, place: Place, where: str) -> None:
        self.settings, self.place, self.where = settings, place, where
        self.options = Options(settings.text_field, settings.encoding)
        self.digests = Digests(place.mirror)
        self.problems: list[Problem] = []

    @abstractmethod
    def located(self) -> list[tuple[str, File]]:
        """Return (path within the source, file), sorted by path."""

    @abstractmethod
    def nothing(self, files: int) -> None:
        """Raise a Problem, or return, if there are no files, or no text in ``files`` files."""

    def documents(self, progress: Callable[[str], None]) -> Iterator[Document]:
        """Yield the documents of all files.

        Raises:
            Problem: no file matches, some cannot be read, or none contains text.
        """
        self.problems = []
        files = self.located()
        if not files:
            return self.nothing(0)
        progress(f"reading {len(files)} files of {self.settings.name}")
        extracts, found, faults = Extracts(self.place.mirror, self.options), False, Collector()
        for path, file in files:
            try:
                texts = self.texts(path, file, extracts)
            except LimitReached as problem:
                progress(f"set aside: {problem}")
                self._set_aside(problem)
                continue
            except Problem as problem:
                faults.add(problem)
                continue
            for text in texts:
                found = True
                yield self._document(path, text)
        faults.raise_collected()
        extracts.prune()
        self.digests.save({path for path, _ in files})
        if not found and not self.problems:
            self.nothing(len(files))

    def texts(self, path: str, file: File, extracts: Extracts) -> Iterable[Text]:
        """Return the texts of one file, cached for slow formats.

        Raises:
            LimitReached: it exceeds the limits.
            Problem: it cannot be read.
        """
        if file.suffix.lower() not in SLOW:
            lines = isinstance(self.settings, FilesSide | PackageSide) and self.settings.key is None
            return read_texts(file, f"{self.where}/{path}", self.options, self.place.limits, lines)
        digest = self.digests.of(path, file)
        texts = extracts.get(path, digest)
        if texts is None:
            texts = list(read_texts(file, f"{self.where}/{path}", self.options, self.place.limits))
            if not any(self._suppressed(path, text) for text in texts):  # never cache what was taken down
                extracts.put(path, digest, texts)
        return texts

    def data_version(self) -> str:
        """Return a digest of paths and contents; a file is read again only if its size or time changed."""
        found = [(path, self.digests.of(path, file)) for path, file in self.located()]
        self.digests.save({path for path, _ in found})
        return digest_of(found)

    def forget(self, paths: Collection[str]) -> None:
        """Delete cached texts of ``paths``; the user's files are not changed."""
        suppressed = self.place.suppressed
        Extracts(self.place.mirror, self.options).forget(
            paths, lambda text: short_digest(text) in suppressed.texts or suppressed.without_lines(text) is not text)

    def _set_aside(self, problem: Problem) -> None:
        if str(problem) not in map(str, self.problems):
            self.problems.append(problem)

    def _document(self, path: str, text: Text) -> Document:
        return make_document(self.settings, f"{path}#{text.part}" if text.part else path, text.text, whole=text.whole,
                             title=text.title, author=text.author, date=text.date, flags=list(text.flags))

    def _suppressed(self, path: str, text: Text) -> bool:
        suppressed = self.place.suppressed
        return suppressed.covers(self._document(path, text)) or suppressed.without_lines(text.text) is not text.text


class FolderFiles(Files):
    """Files of a language folder that match a pattern."""

    settings: FilesSource

    def __init__(self, settings: FilesSource, place: Place) -> None:
        self.folder = Folder.of(place.folder)
        super().__init__(settings, place, self.folder.shown)

    def located(self) -> list[tuple[str, File]]:
        """Return the matching files that are not hidden.

        Raises:
            Problem: one is a link, a pipe or the like, or `files:` is not a valid pattern.
        """
        return self.folder.list_files(self.settings.files)

    def nothing(self, files: int) -> None:
        """Raise a Problem that names the pattern."""
        raise no_text(self.settings.files, files, self.where)


def no_text(glob: str, files: int, where: str) -> Problem:
    """Build the Problem for a pattern without files, or ``files`` files without text."""
    if not files:
        return Problem(f"no file matches '{glob}'", where=where, fix="Add the text, or correct `files:`",
                       code=Code.SOURCE_MISSING)
    return Problem(f"the {files} files that match '{glob}' contain no text", where=where,
                   fix="Add text to them, or correct `files:` or `text_field:`", code=Code.DATA_EMPTY)
