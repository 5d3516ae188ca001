"""One side of translations: its files and its texts, with or without keys, excluding takedowns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from vernacular.config.limits import Limits
from vernacular.config.schema import Language
from vernacular.config.translations import Side
from vernacular.core import delimited as separated
from vernacular.core.codes import Code
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
    """One side of translations: its files and their texts, excluding takedowns.

    Args:
        settings: of the side.
        language: whose translations.
        root: of the store.
        progress: receives lines for the user.
        role: of the side; names the cache of extracted texts.
    """

    def __init__(self, settings: Side, language: Language, root: Path, progress: Callable[[str], None],
                 role: str) -> None:
        opened = open_source(settings, place_of(language, settings, root, role))
        assert isinstance(opened, Files)  # Translations accepts no other kind
        self._settings, self._opened = settings, opened
        self._files = opened.located()
        if settings.key is None and len(self._files) != 1:
            raise Problem(f"{len(self._files)} files match the side of translations called {settings.name}; "
                          "without a key it must be one", where=f"{language.code} alignment.translations",
                          fix="Make each pair of files a separate entry, or give both sides a key",
                          code=Code.DATA_JOIN)
        documents = list(opened.documents(progress))
        self._all: dict[tuple[str, str], set[str]] = {}
        for document in documents:
            for text in _parts(document.text):
                self._all.setdefault((document.path, text), set()).add(document.raw_digest)
        self._left = {(document.path, text) for document in opened.place.suppressed.left(documents)
                      for text in _parts(document.text)}

    @property
    def path(self) -> str:
        """The path of its one file, as in the ledger."""
        return self._files[0][0]

    @property
    def file(self) -> File:
        """Its one file."""
        return self._files[0][1]

    @property
    def where(self) -> str:
        """The name of its one file in messages."""
        return f"{self._opened.where}/{self.path}"

    @property
    def column(self) -> str:
        """The text column of a table."""
        return str(self._settings.text_field)

    @property
    def encoding(self) -> str | None:
        """The declared encoding of its files."""
        return self._settings.encoding

    @property
    def limits(self) -> Limits:
        """The limits for parsing its files."""
        return self._opened.place.limits

    def keyed(self, scripture: bool) -> list[Keyed]:
        """Return its texts with keys, without empty ones."""
        return [text for text in texts_by_key(self._opened, self._settings, scripture) if self.plain([text])]

    def plain(self, texts: Iterable[Keyed]) -> str:
        """Return ``texts`` as one line, without the parts in ``remove``."""
        return " ".join(filter(None, (self.without(part) for text in texts for part in text.texts)))

    def without(self, text: str) -> str:
        """Return ``text`` as one line, without the parts in ``remove``."""
        return without(text, self._settings.remove)

    def stays(self, path: str, text: str, where: str) -> bool:
        """Whether ``text`` of the document ``path`` was not taken down.

        Raises:
            Problem: it is not a text of the source, so takedowns cannot be checked.
        """
        if (path, one_line(text)) not in self._all:
            raise Problem("the ledger has another text here, so a takedown would miss it", where=where,
                          fix="Write it as plain text", code=Code.DATA_JOIN)
        return (path, one_line(text)) in self._left

    def digests(self, path: str, text: str) -> frozenset[str]:
        """Return the digests of documents at ``path`` that contain ``text``."""
        return frozenset(self._all[path, one_line(text)])


def _parts(text: str) -> set[str]:
    return {one_line(part) for part in (text, *text.split("\n"))}


def rows_of(ours: TextSide, theirs: TextSide, remarks: list[DataNote]) -> Iterator[Row]:
    """Yield the rows of both sides: ``source`` in the language, ``target`` its translation."""
    kinds = {".txt" if is_lines(side.file.name) else suffix_of(side.file.place) for side in (ours, theirs)}
    if kinds == {".txt"}:
        return read_rows([(side.where, side.file) for side in (ours, theirs)], "parallel", [],
                         [ours.encoding, theirs.encoding], ours.limits, remarks)
    if not kinds <= set(_TABLES) or ours.file.place != theirs.file.place:
        raise Problem("without keys, translations need two .txt files, line by line, or two columns of one .csv, "
                      ".tsv or .jsonl file", where=f"{ours.where} and {theirs.where}",
                      fix="Write them so, with `text_field:` for each side of a table; or join them by `key:`",
                      code=Code.DATA_COLUMN)
    columns = {"source": ours.column, "target": theirs.column}
    kind, more = ("jsonl", []) if kinds == {".jsonl"} else (
        "table", [separated.MARKS if kinds == {".csv"} else "\t", None])
    return read_rows([(ours.where, ours.file)], kind, [columns, *more], [ours.encoding], ours.limits, remarks)


def plain_field(row: Row, role: str) -> str:
    """Return the text of ``role`` in a row, as one line; empty if the cell is empty.

    Raises:
        Problem: it is not text.
    """
    value = row.fields[role]
    if value is not None and not isinstance(value, str):
        raise Problem("one of its two sides is not text", where=row.where, fix="Quote it, or remove it",
                      code=Code.DATA_JOIN)
    return one_line(value or "")
