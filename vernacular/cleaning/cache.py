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
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from vernacular.cleaning.disk_arrays import disk_array, part_bits, partitioned, stretches
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.provenance.corpus_tables import LONG, text_sizes
from vernacular.text.word_hashes import U64, Ints, mix, offsets

Columns = Mapping[str, NDArray[Any] | pa.Array]
SUFFIX = ".arrow"
BATCH = 1_000_000  # bytes of text that one table is about
KEY, SIZE = "key", "bytes"  # columns of every table: 128 bits of the document's row, and how much text it has
_CHECK = 8  # bytes of the checksum that ends a file
_SMALL, _MOST_SMALL = BATCH // 2, 16  # bytes of text in a small table, and how many of these are left
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MOST_OPEN = 2048  # tables that stay open; each takes 40 kB beside its file


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


def read_table(path: Path, checked: bool = True) -> pa.RecordBatch | None:
    """The table in ``path``, mapped into memory, or None if the file is not there or not whole.

    Args:
        path: of the file.
        checked: whether all of it is read and compared with its checksum; else only what is used is read.
    """
    try:
        with path.open("rb") as stream:  # populated at once: page by page takes ten times as long
            data = pa.py_buffer(mmap.mmap(stream.fileno(), 0, flags=mmap.MAP_SHARED | (getattr(
                mmap, "MAP_POPULATE", 0) if checked else 0), prot=mmap.PROT_READ))
        whole = data[:-_CHECK]
        if checked and xxhash.xxh3_64_digest(whole) != data[-_CHECK:].to_pybytes():
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

    Attributes:
        sizes: name of each table -> how many rows it has.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder / version
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sizes: dict[str, int] = {}
        self._open: dict[str, pa.RecordBatch] = {}  # some tables, the others are opened when they are read
        self._reopened = lru_cache(_MOST_OPEN // 8)(self._opened)
        self._known: U64 | None = None
        self.add([path.name for path in sorted(self.folder.glob(f"*{SUFFIX}"))])

    def add(self, names: Sequence[str]) -> None:
        """Read further tables of the folder; one that is not whole is deleted."""
        self._known = None
        for name in names:
            table = read_table(self.folder / name)
            if table is None:
                (self.folder / name).unlink(missing_ok=True)
                continue
            self.sizes[name] = len(table)
            if len(self._open) < _MOST_OPEN:
                self._open[name] = table

    def table(self, name: str) -> pa.RecordBatch:
        """A table of the library.

        Raises:
            Problem: somebody else removed it.
        """
        return self._open[name] if name in self._open else self._reopened(name)

    def _opened(self, name: str) -> pa.RecordBatch:
        table = read_table(self.folder / name, checked=False)
        if table is None:
            raise Problem("a table of the cache was lost while it was in use", where=str(self.folder),
                          fix="Run again; nothing else should write there", code=Code.STAGE_STOPPED)
        return table

    def find(self, keys: U64) -> Ints:
        """Where each of ``keys`` is among the rows of all tables, -1 if nowhere."""
        if self._known is None:
            self._known = disk_array(self.folder, sum(self.sizes.values()), np.uint64, 2)
            for name, (first, last) in zip(self.sizes, pairwise(self._ends()), strict=True):
                self._known[first:last] = as_numpy(self.table(name)[KEY])
        known, found = self._known, disk_array(self.folder, len(keys), np.int64)
        bits = part_bits(max(len(known), len(keys)))
        (there, begins), (wanted, firsts) = (partitioned(one[:, 0], self.folder, bits) for one in (known, keys))
        for part in range(1 << bits):
            at, own = there[begins[part]:begins[part + 1]], wanted[firsts[part]:firsts[part + 1]]
            if not len(at):
                found[own] = -1
                continue
            order = at[np.argsort(known[at, 0], kind="stable")]
            place = order[np.minimum(np.searchsorted(known[order, 0], keys[own, 0]), len(order) - 1)]
            found[own] = np.where((known[place] == keys[own]).all(axis=1), place, -1)
        return found

    def _ends(self) -> list[int]:
        ends: list[int] = offsets(np.array(list(self.sizes.values()), dtype=np.int64)).tolist()
        return ends

    def shed(self, keys: U64) -> None:
        """Delete tables that are mostly about other rows than those with ``keys``, and small ones once they are many.

        So the folder holds at most twice what is needed, in not too many files; the parts still needed are made again.
        """
        if not self.sizes:
            return
        found, ends = self.find(keys), self._ends()
        needed = np.zeros(ends[-1], dtype=np.bool_)
        for first, last in stretches(len(found)):
            needed[found[first:last][found[first:last] >= 0]] = True
        small = {name for name in self.sizes if as_numpy(self.table(name)[SIZE]).sum() < _SMALL}
        for name, (first, last) in zip(list(self.sizes), pairwise(ends), strict=True):
            if 2 * np.count_nonzero(needed[first:last]) < last - first or (len(small) > _MOST_SMALL and name in small):
                del self.sizes[name]
                self._open.pop(name, None)
                (self.folder / name).unlink(missing_ok=True)
        self._known = None

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
