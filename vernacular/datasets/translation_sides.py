"""One side of translations: its files, its texts with or without keys, and which of them were not taken down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from vernacular.config.limits import Limits
from vernacular.config.schema import Language
from vernacular.config.translations import Side
from vernacular.core import delimited as separated
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.datasets.items import Row
from vernacular.datasets.join import Keyed
from vernacular.datasets.keyed_texts import texts_by_key
from vernacular.datasets.notes import DataNote
from vernacular.datasets.parsing import read_rows
from vernacular.sources import open_source, place_of
from vernacular.sources.files import Files
from vernacular.sources.formats import is_lines
from vernacular.sources.formats.packed import suffix_of
from vernacular.sources.removal import one_line, without

_TABLES = (".csv", ".tsv", ".jsonl")


class TextSide:
    """One side of translations: its files, and which of its texts were not taken down.

    Args:
        settings: of the side.
        language: whose translations.
        root: of the store.
        progress: is told what is read.
        role: of the side, below which what is extracted of its files is kept.
    """

    def __init__(self, settings: Side, language: Language, root: Path, progress: Callable[[str], None],
                 role: str) -> None:
        opened = open_source(settings, place_of(language, settings, root, role))
        assert isinstance(opened, Files)  # Translations takes no other
        self._settings, self._opened = settings, opened
        self._files = opened.located()
        if settings.key is None and len(self._files) != 1:
            raise Problem(f"{len(self._files)} files match the side of translations called {settings.name}, and one is "
                          "read", where=f"{language.code} alignment.translations",
                          fix="Name each pair of files as an entry of its own, or give both sides a key")
        documents = list(opened.documents(progress))
        self._all: dict[tuple[str, str], set[str]] = {}
        for document in documents:
            for text in _parts(document.text):
                self._all.setdefault((document.path, text), set()).add(document.raw_digest)
        self._left = {(document.path, text) for document in opened.place.suppressed.left(documents)
                      for text in _parts(document.text)}

    @property
    def path(self) -> str:
        """Of its one file, as in the ledger."""
        return self._files[0][0]

    @property
    def file(self) -> File:
        """Its one file."""
        return self._files[0][1]

    @property
    def where(self) -> str:
        """How messages call its one file."""
        return f"{self._opened.where}/{self.path}"

    @property
    def column(self) -> str:
        """The column of a table that holds its text."""
        return str(self._settings.text_field)

    @property
    def encoding(self) -> str | None:
        """Of its files, where a person named it."""
        return self._settings.encoding

    @property
    def limits(self) -> Limits:
        """What parsing a file of it may take."""
        return self._opened.place.limits

    def keyed(self, scripture: bool) -> list[Keyed]:
        """Its texts with their keys, without those of which nothing is left."""
        return [text for text in texts_by_key(self._opened, self._settings, scripture) if self.plain([text])]

    def plain(self, texts: Iterable[Keyed]) -> str:
        """``texts`` as one line, without what does not belong to it."""
        return " ".join(filter(None, (self.without(part) for text in texts for part in text.texts)))

    def without(self, text: str) -> str:
        """``text`` as one line, without what ``remove`` names."""
        return without(text, self._settings.remove)

    def stays(self, path: str, text: str, where: str) -> bool:
        """Whether ``text`` of the document ``path`` was not taken down.

        Raises:
            Problem: it is none of the source's texts, so that nobody knows.
        """
        if (path, one_line(text)) not in self._all:
            raise Problem("it is read as another text by the ledger, so a takedown would not find it", where=where,
                          fix="Write it as plain text")
        return (path, one_line(text)) in self._left

    def digests(self, path: str, text: str) -> frozenset[str]:
        """Of the documents at ``path`` that ``text`` stands in."""
        return frozenset(self._all[path, one_line(text)])


def _parts(text: str) -> set[str]:
    return {one_line(part) for part in (text, *text.split("\n"))}


def rows_of(ours: TextSide, theirs: TextSide, remarks: list[DataNote]) -> Iterator[Row]:
    """The rows of both sides: ``source`` in the language, ``target`` its translation."""
    kinds = {".txt" if is_lines(side.file.name) else suffix_of(side.file.place) for side in (ours, theirs)}
    if kinds == {".txt"}:
        return read_rows([(side.where, side.file) for side in (ours, theirs)], "parallel", [],
                         [ours.encoding, theirs.encoding], ours.limits, remarks)
    if not kinds <= set(_TABLES) or ours.file.place != theirs.file.place:
        raise Problem("translations are read from two .txt files, line by line, or from two columns of one .csv, .tsv "
                      "or .jsonl file", where=f"{ours.where} and {theirs.where}",
                      fix="Write them so, each side of a table with its column, `text_field:`; or join them by `key:`")
    columns = {"source": ours.column, "target": theirs.column}
    kind, more = ("jsonl", []) if kinds == {".jsonl"} else (
        "table", [separated.MARKS if kinds == {".csv"} else "\t", None])
    return read_rows([(ours.where, ours.file)], kind, [columns, *more], [ours.encoding], ours.limits, remarks)


def plain_field(row: Row, role: str) -> str:
    """The text of ``role`` in a row, as one line; empty where the cell is.

    Raises:
        Problem: it is no text.
    """
    value = row.fields[role]
    if value is not None and not isinstance(value, str):
        raise Problem("one of its two sides is no text", where=row.where, fix="Put it in quotes, or remove it")
    return one_line(value or "")
