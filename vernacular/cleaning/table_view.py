"""The tables of a library as they are for certain rows. Reads entries where they are, some at a time. Knows no rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vernacular.cleaning.cache import Library, as_numpy
from vernacular.cleaning.disk_arrays import disk_array, stretches
from vernacular.text.word_hashes import Ints, offsets, spread

_ROWS = ""  # in place of a level: the rows themselves
_MOST_STRETCHES = 8  # of entries in a row of one table, for each table; more are sorted by table


class _Tables(Sequence[pa.RecordBatch]):
    """The tables that a library has now; those that are not open are opened when they are read."""

    def __init__(self, library: Library) -> None:
        self._library, self._names = library, list(library.sizes)

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, number: int) -> pa.RecordBatch: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[pa.RecordBatch]: ...
    def __getitem__(self, number: int | slice) -> pa.RecordBatch | Sequence[pa.RecordBatch]:
        if isinstance(number, slice):
            return [self._library.table(name) for name in self._names[number]]
        return self._library.table(self._names[number])


@dataclass(frozen=True)
class View:
    """The tables of a library as they are for certain rows, in the order of the rows.

    A level is a column of lists. An entry of a level is known by its place among those of all tables. A method
    gives its result in memory at once: take a large view in ``parts``.
    """

    tables: Sequence[pa.RecordBatch]  # all tables
    index: Ints  # where each row is among the rows of all tables
    folder: Path | None = None  # for arrays that may not fit into memory: ``disk_arrays``
    bounds: dict[str, Ints] = field(default_factory=dict)  # of levels, shared by views of the same tables

    @classmethod
    def of(cls, library: Library, index: Ints) -> View:
        """The rows at ``index`` of the tables of ``library``, from its ``find``."""
        return cls(_Tables(library), index, library.folder)

    def __len__(self) -> int:
        return len(self.index)

    def at(self, rows: Ints) -> View:
        """The view of some of the rows."""
        index: Ints = disk_array(self.folder, len(rows), np.int64)
        for first, last in stretches(len(rows)):
            index[first:last] = self.index[rows[first:last]]
        return View(self.tables, index, self.folder, self.bounds)

    def between(self, first: int, last: int) -> View:
        """The view of successive rows."""
        return View(self.tables, self.index[first:last], self.folder, self.bounds)

    def stretches(self) -> Iterator[tuple[int, View]]:
        """Views of successive rows, each with the number of its first row."""
        return ((first, self.between(first, last)) for first, last in stretches(len(self)))

    def parts(self, level: str, most: int) -> Iterator[tuple[int, View]]:
        """Views of successive rows with about ``most`` entries of ``level`` each, and the number of the first row."""
        for begin, rows in self.stretches():
            ends = np.cumsum(rows.counts(level))
            first = 0
            while first < len(rows):
                room = (ends[first - 1] if first else 0) + most
                last = max(int(np.searchsorted(ends, room, side="right")), first + 1)
                yield begin + first, rows.between(first, last)
                first = last

    def rows(self, name: str) -> NDArray[Any]:
        """A column of numbers, an entry for each row."""
        return self.take(_ROWS, name, self.index)

    def total(self, name: str) -> int:
        """The sum of a column of numbers."""
        return sum(int(rows.rows(name).sum(dtype=np.int64)) for _, rows in self.stretches())

    def number(self, level: str) -> int:
        """How many entries of ``level`` there are."""
        return sum(int(rows.counts(level).sum()) for _, rows in self.stretches())

    def row_values(self, name: str) -> pa.Array:
        """A column of other values, an entry for each row."""
        return self.values(_ROWS, name, self.index)

    def counts(self, level: str) -> Ints:
        """How many entries of ``level`` each row has."""
        found = np.empty(len(self), dtype=np.int64)
        for chosen, number, places in self._by_table(_ROWS, self.index):
            begins = self.tables[number][level].offsets.to_numpy()
            found[chosen] = begins[places + 1] - begins[places]
        return found

    def firsts(self, level: str) -> Ints:
        """Where the entries of ``level`` of each row begin."""
        found, bounds = np.empty(len(self), dtype=np.int64), self._bounds(level)
        for chosen, number, places in self._by_table(_ROWS, self.index):
            found[chosen] = self.tables[number][level].offsets.to_numpy()[places] + bounds[number]
        return found

    def entries(self, level: str) -> Ints:
        """Where the entries of ``level`` of all rows are, row after row."""
        return spread(self.firsts(level), self.counts(level))

    def owners(self, level: str) -> Ints:
        """The number of the row that each entry of ``level`` belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.counts(level))

    def take(self, level: str, name: str, entries: Ints) -> NDArray[Any]:
        """Numbers of the entries of ``level``; an empty ``name`` where it has plain values."""
        first = as_numpy(_values(self.tables[0], level, name))
        numbers = np.empty((len(entries), *first.shape[1:]), dtype=first.dtype)
        for chosen, number, places in self._by_table(level, entries):
            numbers[chosen] = as_numpy(_values(self.tables[number], level, name))[places]
        return numbers

    def values(self, level: str, name: str, entries: Ints) -> pa.Array:
        """Values of any type of the entries of ``level``."""
        parts = [(chosen, _values(self.tables[number], level, name).take(pa.array(places)))
                 for chosen, number, places in self._by_table(level, entries)]
        if not parts:
            return _values(self.tables[0], level, name).slice(0, 0)
        joined = pa.concat_arrays([part for _, part in parts])
        if isinstance(parts[0][0], slice):
            return joined
        order = np.empty(len(entries), dtype=np.int64)
        order[np.concatenate([chosen for chosen, _ in parts])] = np.arange(len(entries))
        return joined.take(pa.array(order))

    def _by_table(self, level: str, entries: Ints) -> Iterator[tuple[slice | Ints, int, Ints]]:
        """Which of ``entries`` are in a table, its number, their places in it; slices where few are out of order."""
        if not len(entries):
            return
        bounds = self._bounds(level)
        tables, order = np.searchsorted(bounds[1:], entries, side="right"), None
        if np.count_nonzero(np.diff(tables)) > _MOST_STRETCHES * len(self.tables):
            order = np.argsort(tables, kind="stable")
            tables = tables[order]
        borders = [0, *(np.flatnonzero(np.diff(tables)) + 1).tolist(), len(entries)]
        for begin, end in pairwise(borders):
            chosen = slice(begin, end) if order is None else order[begin:end]
            number = int(tables[begin])
            yield chosen, number, entries[chosen] - bounds[number]

    def _bounds(self, level: str) -> Ints:
        """Where the entries of each table begin, and where those of the last end."""
        if level not in self.bounds:
            self.bounds[level] = offsets(np.array([
                len(table) if level == _ROWS else len(table[level].values) for table in self.tables], dtype=np.int64))
        return self.bounds[level]


def _values(table: pa.RecordBatch, level: str, name: str) -> pa.Array:
    if level == _ROWS:
        return table[name]
    values = table[level].values
    return values.field(name) if name else values
