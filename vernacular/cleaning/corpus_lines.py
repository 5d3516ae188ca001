"""All documents of a corpus, line by line, with what the rules that compare documents need. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import DTypeLike, NDArray

from vernacular.cleaning.dedup import first_places
from vernacular.cleaning.disk_arrays import AT_ONCE, by_equal_hash, disk_array, numbered
from vernacular.cleaning.document_ids import id_numbers, id_texts
from vernacular.cleaning.source_profile import Documents
from vernacular.cleaning.table_view import View
from vernacular.text.word_hashes import U64, Ints, offsets, spread

RULES = {  # in their order: what a rejected line is
    "quarantine": "of documents that wait for a person since their source changed",
    "boilerplate": "that open or close many documents of a host or file",
    "duplicate_document": "of documents equal to one before",
    "near_duplicate_document": "of documents nearly equal to one before",
    "duplicate": "equal to a line before", "near_duplicate": "nearly equal to a line before",
    "takedown": "that were taken down", "contamination": "that share text with a task or a behavioural test"}
_GROUP_COLUMNS = ("source", "register", "licence")
COLUMNS = ("id", *_GROUP_COLUMNS)  # of the ledger that a ``Corpus`` needs
NUMBERS = {name: number for number, name in enumerate(RULES, 1)}


class Group(NamedTuple):
    """Documents that have these four in common; ``place`` is the host, with //, or the file of several documents."""

    source: str
    register: str
    licence: str
    place: str


class Corpus:
    """All documents, line by line, as the rules for single documents left them.

    What is kept for each line and each document is in ``disk_arrays``: work on some of them at a time, ``parts``.

    Args:
        view: their tables, from ``document_rules``.
        documents: ``COLUMNS`` of the ledger.

    Attributes:
        ids: the number of each document's id (``document_ids``).
        lines: how many lines each document has, and ``firsts`` where they begin, one longer.
        owner: the document that each line is of.
        hashes: of the words of each line.
        rule: for each line 0, or the number of the rule that dropped it.
        groups: what documents have in common, and ``group``: the number of that of each document.
    """

    def __init__(self, view: View, documents: Iterable[pa.Table]) -> None:
        self.view, self.folder = view, view.folder
        self.ids: U64 = self._array(len(view), np.uint64)
        self.lines: NDArray[np.int32] = self._array(len(view), np.int32)
        self.group: NDArray[np.int32] = self._array(len(view), np.int32)
        self._begins: Ints = self._array(len(view), np.int64)
        self.firsts: Ints = self._array(len(view) + 1, np.int64)
        numbers: dict[Group, int] = {}
        first = 0
        for table in documents:
            last = first + len(table)
            rows = view.between(first, last)
            self.ids[first:last] = id_numbers(table["id"].combine_chunks())
            self.lines[first:last], self._begins[first:last] = rows.counts("lines"), rows.firsts("lines")
            groups, of = _groups([*(table[name].combine_chunks() for name in _GROUP_COLUMNS), rows.row_values("place")])
            self.group[first:last] = np.array([numbers.setdefault(group, len(numbers)) for group in groups],
                                              dtype=np.int32)[of]
            first = last
        self.groups = list(numbers)
        np.cumsum(self.lines, out=self.firsts[1:])
        number = int(self.firsts[-1])
        self.owner: NDArray[np.int32] = self._array(number, np.int32)
        self.hashes: U64 = self._array(number, np.uint64)
        self.rule: NDArray[np.uint8] = self._array(number, np.uint8)
        self._reason: NDArray[np.uint32] = self._array(number, np.uint32)
        self._reasons: dict[str, int] = {}
        for first, last in self.parts():
            rows, at = view.between(first, last), slice(self.firsts[first], self.firsts[last])
            self.owner[at] = np.repeat(np.arange(first, last, dtype=np.int32), self.lines[first:last])
            self.hashes[at] = rows.take("lines", "hash", rows.entries("lines"))

    def _array(self, length: int, dtype: DTypeLike) -> NDArray[Any]:
        return disk_array(self.folder, length, dtype)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which lines are left."""
        kept: NDArray[np.bool_] = self.rule == 0
        return kept

    def parts(self) -> Iterator[tuple[int, int]]:
        """First and last of successive documents that are worked on at once."""
        first = 0
        while first < len(self.lines):
            room = int(np.searchsorted(self.firsts, self.firsts[first] + AT_ONCE, side="right")) - 1
            last = min(max(room, first + 1), first + AT_ONCE, len(self.lines))
            yield first, last
            first = last

    def drop(self, rule: str, lines: NDArray[np.integer], reasons: str | Sequence[str]) -> None:
        """Drop ``lines``, each for its reason or all for the same one."""
        self._drop(rule, lines, self._numbered(reasons))

    def drop_documents(self, rule: str, documents: Ints, reasons: str | Sequence[str]) -> None:
        """Drop what is left of ``documents``, each for its reason or all for the same one."""
        at = spread(self.firsts[documents], self.lines[documents])
        numbers = np.repeat(np.broadcast_to(self._numbered(reasons), len(documents)), self.lines[documents])
        left = self.rule[at] == 0
        self._drop(rule, at[left], numbers[left])

    def _drop(self, rule: str, lines: NDArray[np.integer], numbers: NDArray[np.uint32]) -> None:
        self.rule[lines] = NUMBERS[rule]
        self._reason[lines] = numbers

    def _numbered(self, reasons: str | Sequence[str]) -> NDArray[np.uint32]:
        return np.array([self._reasons.setdefault(reason, len(self._reasons))
                         for reason in ([reasons] if isinstance(reasons, str) else reasons)], dtype=np.uint32)

    def reasons_of(self, lines: Ints) -> pa.Array:
        """Why these lines were dropped."""
        return pa.array(list(self._reasons), pa.string()).take(pa.array(self._reason[lines]))

    def ids_of(self, documents: NDArray[np.integer]) -> pa.Array:
        """The ids of documents."""
        return id_texts(self.ids[documents])

    def entries_of(self, lines: Ints) -> Ints:
        """Where lines are among the entries of the view."""
        owner = self.owner[lines]
        entries: Ints = self._begins[owner] + lines - self.firsts[owner]
        return entries

    def of_lines(self, name: str, lines: Ints) -> NDArray[np.uint32]:
        """A number of each of ``lines``.

        Args:
            name: ``words``, ``before`` (words before private data was masked), ``characters``, ``number`` (of the line
                in its document) or ``held`` (why it may not stay).
            lines: which.
        """
        return self.view.take("lines", name, self.entries_of(lines))

    def texts_of_lines(self, lines: Ints) -> pa.Array:
        """The texts of lines."""
        return self.view.values("lines", "text", self.entries_of(lines))

    def texts_of_documents(self, documents: Ints) -> pa.Array:
        """The lines of documents, joined by line feeds, before any rule across documents."""
        counts = self.lines[documents]
        return pc.binary_join(pa.ListArray.from_arrays(
            pa.array(offsets(counts).astype(np.int32)), self.texts_of_lines(spread(self.firsts[documents], counts))),
            "\n")

    def left(self) -> NDArray[np.int32]:
        """How many lines of each document are left."""
        found: NDArray[np.int32] = self._array(len(self.lines), np.int32)
        for first, last in self.parts():
            at = slice(self.firsts[first], self.firsts[last])
            found[first:last] = np.bincount(self.owner[at][self.rule[at] == 0] - first, minlength=last - first)
        return found

    def documents_by_source(self) -> dict[str, Documents]:
        """What the rules found out about the documents of each source, for ``source_drift``."""
        read, language, again = (self._array(len(self.lines), np.uint32) for _ in range(3))
        for first, rows in self.view.stretches():
            read[first:first + len(rows)], language[first:first + len(rows)] = (
                rows.rows(name) for name in ("read_lines", "language_lines"))
        for at in by_equal_hash(self.hashes, self.folder):
            elsewhere = self.owner[at[first_places(self.hashes[at])]] != self.owner[at]
            np.add.at(again, self.owner[at[elsewhere]], 1)
        every = Documents(self.ids, read, language, again, self._text, numbered(self.folder, len(self.ids)),
                          self.folder)
        sources = np.array([group.source for group in self.groups])
        return {source: every.where(partial(self._in_groups, sources == source))
                for source in dict.fromkeys(sources.tolist())}

    def _in_groups(self, groups: NDArray[np.bool_], documents: Ints) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = groups[self.group[documents]]
        return found

    def _text(self, document: int) -> str:
        """What the rules left of a document."""
        text: str = self.texts_of_documents(np.array([document]))[0].as_py()
        return text


def _groups(columns: Sequence[pa.Array]) -> tuple[list[Group], Ints]:
    """The different rows of ``columns``, in the order in which they come first, and the number of each row's."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        encoded = column.dictionary_encode()
        codes = np.unique(codes * len(encoded.dictionary) + encoded.indices.to_numpy(), return_inverse=True)[1]
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    rows = zip(*(column.take(pa.array(first[order])).to_pylist() for column in columns), strict=True)
    return [Group(*row) for row in rows], rank[group]
