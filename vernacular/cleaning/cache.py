"""What was found out about each document, kept by the digest of its row, so that only new rows are worked on.

A table is an Arrow record batch with a row for each document and nested lists of what belongs to it (its lines, say);
a library is a folder of tables for one version of the rules. What it holds may be lost at any time: a table that is not
there, or is damaged, is made again. Knows no rule.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from vernacular.provenance.corpus_tables import LONG, text_sizes
from vernacular.text.word_hashes import U64, Ints, mix, offsets, spread

Columns = Mapping[str, NDArray[Any] | pa.Array]
SUFFIX = ".arrow"
BATCH = 1_000_000  # bytes of text that one table is about
KEY, SIZE = "key", "bytes"  # columns of every table: 128 bits of the document's row, and how much text it has
_CHECK = 8  # bytes of the checksum that ends a file
_SMALL, _MOST_SMALL = BATCH // 2, 16  # bytes of text in a small table, and how many of these are left
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MOST_STRETCHES = 8  # of entries in a row of one table, for each table; more are sorted by table


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector, which costs much time while many objects are made, none of them in a cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def batch_of(columns: Columns) -> pa.RecordBatch:
    """A record batch of these columns."""
    return pa.record_batch({name: pa.array(column) if isinstance(column, np.ndarray) else column
                            for name, column in columns.items()})


def lists_of(counts: NDArray[np.integer], columns: Columns | NDArray[Any]) -> pa.ListArray:
    """Lists with ``counts`` entries each: structs of ``columns``, or plain values where one array is given."""
    values = pa.array(columns) if isinstance(columns, np.ndarray) else batch_of(columns).to_struct_array()
    return pa.ListArray.from_arrays(pa.array(offsets(counts).astype(np.int32)), values)


def vectors_of(rows: NDArray[Any]) -> pa.FixedSizeListArray:
    """The rows of a matrix, a vector each."""
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1])


def write_table(path: Path, batch: pa.RecordBatch) -> None:
    """Write ``batch`` to ``path``, so that a reader finds all of it or none."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data = sink.getvalue()
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        stream.write(data)
        stream.write(xxhash.xxh3_64_digest(data))
    part.replace(path)


def read_table(path: Path) -> pa.RecordBatch | None:
    """The table in ``path``, mapped into memory, or None if the file is not there or not whole."""
    try:
        with path.open("rb") as stream:  # populated at once: page by page takes ten times as long
            data = pa.py_buffer(mmap.mmap(stream.fileno(), 0, flags=mmap.MAP_SHARED | getattr(
                mmap, "MAP_POPULATE", 0), prot=mmap.PROT_READ))
        whole = data[:-_CHECK]
        if xxhash.xxh3_64_digest(whole) != data[-_CHECK:].to_pybytes():
            return None
        return pa.ipc.open_stream(whole).read_next_batch()
    except (OSError, ValueError):  # ArrowInvalid is a ValueError
        return None


def keys_of(table: pa.Table) -> U64:
    """The keys of rows: 128 bits of the values of all columns, shape ``(rows, 2)``."""
    keys = np.zeros((len(table), 2), dtype=np.uint64)
    for name in table.column_names:
        column = pa.concat_arrays(table[name].chunks) if table[name].num_chunks else pa.array([], table[name].type)
        if pa.types.is_list(column.type):
            counts = pc.list_value_length(column).to_numpy().astype(np.uint64)
            keys = mix(keys * _ODD + counts[:, None])
            column = pc.binary_join(column, "\0")
        column = column.cast(pa.string())
        if name in LONG:
            digests = _digests(column)
        else:  # of values that recur each one is hashed once
            encoded = column.dictionary_encode()
            digests = _digests(encoded.dictionary)[encoded.indices.to_numpy()]
        keys = mix(keys * _ODD + digests)
    return keys


def _digests(values: pa.Array) -> U64:
    return np.frombuffer(b"".join(map(xxhash.xxh3_128_digest, values.cast(pa.binary()).to_pylist())),
                         dtype="<u8").reshape(-1, 2)


class Library:
    """The tables in a folder of one version of the rules; other versions are removed when it is tidied.

    Args:
        folder: the cache of the stage.
        version: a digest of everything besides the rows that the tables depend on.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder / version
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tables: dict[str, pa.RecordBatch] = {}
        self._index: tuple[list[str], U64, Ints, U64] | None = None
        self.add([path.name for path in sorted(self.folder.glob(f"*{SUFFIX}"))])

    def add(self, names: Sequence[str]) -> None:
        """Read further tables of the folder; one that is not whole is deleted."""
        for name in names:
            table = read_table(self.folder / name)
            if table is None:
                (self.folder / name).unlink(missing_ok=True)
            else:
                self.tables[name] = table

    def find(self, keys: U64) -> Ints:
        """Where each of ``keys`` is among the rows of all tables, -1 if nowhere."""
        if self._index is None or self._index[0] != list(self.tables):
            known = np.concatenate([np.zeros((0, 2), dtype=np.uint64), *(
                as_numpy(table[KEY]) for table in self.tables.values())])
            order = np.argsort(known[:, 0], kind="stable")
            self._index = list(self.tables), known, order, known[order, 0]
        _, known, order, firsts = self._index
        if not len(known):
            return np.full(len(keys), -1, dtype=np.int64)
        place = order[np.minimum(np.searchsorted(firsts, keys[:, 0]), len(known) - 1)]
        return np.where((known[place] == keys).all(axis=1), place, -1)

    def shed(self, keys: U64) -> None:
        """Delete tables that are mostly about other rows than those with ``keys``, and small ones once they are many.

        So the folder holds at most twice what is needed, in not too many files; the parts still needed are made again.
        """
        if not self.tables:
            return
        found = self.find(keys)
        sizes = np.array([len(table) for table in self.tables.values()])
        used = np.bincount(np.searchsorted(np.cumsum(sizes), np.unique(found[found >= 0]), side="right"),
                           minlength=len(sizes))
        small = np.array([as_numpy(table[SIZE]).sum() < _SMALL for table in self.tables.values()], dtype=np.bool_)
        gone = (used * 2 < sizes) | (small if small.sum() > _MOST_SMALL else False)
        for name, going in zip(list(self.tables), gone.tolist(), strict=True):
            if going:
                del self.tables[name]
                (self.folder / name).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what other versions of the rules left, and unfinished tables."""
        for path in self.folder.parent.iterdir():
            if path.is_dir() and path != self.folder:
                shutil.rmtree(path, ignore_errors=True)
        for path in self.folder.glob("*.part"):
            path.unlink(missing_ok=True)


def as_numpy(array: pa.Array) -> NDArray[Any]:
    """The values of an array of numbers, or of vectors as a matrix, without a copy."""
    vectors = pa.types.is_fixed_size_list(array.type)
    values: NDArray[Any] = (array.flatten() if vectors else array).to_numpy()
    return values.reshape(-1, array.type.list_size) if vectors else values


def keyed(documents: pa.Table, found: pa.RecordBatch) -> pa.RecordBatch:
    """What was found out about ``documents`` with the columns that every table has."""
    return found.append_column(KEY, vectors_of(keys_of(documents))).append_column(
        SIZE, pa.array(text_sizes(documents)))


@dataclass(frozen=True)
class View:
    """The tables of a library as they are for certain rows, in the order of the rows.

    A level is a column of lists. An entry of a level is known by its place among those of all tables.
    """

    tables: Sequence[pa.RecordBatch]  # all tables
    index: Ints  # where each row is among the rows of all tables
    bounds: dict[str, tuple[Ints, Ints]] = field(default_factory=dict)  # of levels, shared by views of the same tables

    def __len__(self) -> int:
        return len(self.index)

    def at(self, rows: Ints) -> View:
        """The view of some of the rows."""
        return View(self.tables, self.index[rows], self.bounds)

    def parts(self, level: str, most: int) -> Iterator[View]:
        """Views of successive rows with about ``most`` entries of ``level`` each, for columns too large for memory."""
        ends = np.cumsum(self.counts(level))
        first = 0
        while first < len(self):
            room = (ends[first - 1] if first else 0) + most
            last = max(int(np.searchsorted(ends, room, side="right")), first + 1)
            yield View(self.tables, self.index[first:last], self.bounds)
            first = last

    def rows(self, name: str) -> NDArray[Any]:
        """A column of numbers, an entry for each row."""
        return np.concatenate([as_numpy(table[name]) for table in self.tables])[self.index]

    def row_values(self, name: str) -> pa.Array:
        """A column of other values, an entry for each row."""
        return pa.concat_arrays([table[name] for table in self.tables]).take(pa.array(self.index))

    def counts(self, level: str) -> Ints:
        """How many entries of ``level`` each row has."""
        begins, _ = self._bounds(level)
        return begins[self.index + 1] - begins[self.index]

    def firsts(self, level: str) -> Ints:
        """Where the entries of ``level`` of each row begin."""
        return self._bounds(level)[0][self.index]

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
        for chosen, table, places in self._by_table(level, entries):
            numbers[chosen] = as_numpy(_values(table, level, name))[places]
        return numbers

    def values(self, level: str, name: str, entries: Ints) -> pa.Array:
        """Values of any type of the entries of ``level``."""
        parts = [(chosen, _values(table, level, name).take(pa.array(places)))
                 for chosen, table, places in self._by_table(level, entries)]
        if not parts:
            return _values(self.tables[0], level, name).slice(0, 0)
        joined = pa.concat_arrays([part for _, part in parts])
        if isinstance(parts[0][0], slice):
            return joined
        order = np.empty(len(entries), dtype=np.int64)
        order[np.concatenate([chosen for chosen, _ in parts])] = np.arange(len(entries))
        return joined.take(pa.array(order))

    def _by_table(self, level: str, entries: Ints) -> Iterator[tuple[slice | Ints, pa.RecordBatch, Ints]]:
        """Which of ``entries`` are in a table, the table, and their places in it; slices where few are out of order."""
        if not len(entries):
            return
        _, ends = self._bounds(level)
        tables, order = np.searchsorted(ends, entries, side="right"), None
        if np.count_nonzero(np.diff(tables)) > _MOST_STRETCHES * len(self.tables):
            order = np.argsort(tables, kind="stable")
            tables = tables[order]
        borders = [0, *(np.flatnonzero(np.diff(tables)) + 1).tolist(), len(entries)]
        for begin, end in pairwise(borders):
            chosen = slice(begin, end) if order is None else order[begin:end]
            number = int(tables[begin])
            yield chosen, self.tables[number], entries[chosen] - (ends[number - 1] if number else 0)

    def _bounds(self, level: str) -> tuple[Ints, Ints]:
        """Where the entries of each row of all tables begin, and where those of each table end."""
        if level not in self.bounds:
            begins = offsets(np.concatenate([np.diff(table[level].offsets.to_numpy()) for table in self.tables]))
            self.bounds[level] = begins, begins[np.cumsum([len(table) for table in self.tables])]
        return self.bounds[level]


def _values(table: pa.RecordBatch, level: str, name: str) -> pa.Array:
    values = table[level].values
    return values.field(name) if name else values
