"""What was found out about each document, kept by the digest of its row, so that only new rows are worked on.

A table holds arrays about some rows of a JSON Lines file; a library is a folder of tables for one version of the rules.
What it holds may be lost at any time: what is not there, or is not whole, is made again. Knows no rule.

The arrays of a table are named ``<level>.<name>``. Level ``rows`` has one entry for each row, among them ``rows.key``;
an entry of another level belongs to the row that counts it in ``rows.<level>``. Arrays without a level are blobs; one
of them, ``bytes``, holds how long the rows are together.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import xxhash
from numpy.typing import NDArray

from vernacular.text.word_hashes import Ints, offsets, spread

Arrays = dict[str, NDArray[Any]]
SUFFIX = ".table"
_MAGIC = b"vernacular table 1\n"
_ALIGN = 64
BATCH = 1_000_000  # bytes of rows that one table is about
_SMALL, _MOST_SMALL = BATCH // 2, 16  # bytes of rows in a small table, and how many of these are left standing


def mapped(path: Path) -> memoryview:
    """The bytes of a file, mapped into memory; at once where that can be, for page by page takes ten times as long."""
    if not path.stat().st_size:
        return memoryview(b"")
    with path.open("rb") as stream:
        return memoryview(mmap.mmap(stream.fileno(), 0, flags=mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0),
                                    prot=mmap.PROT_READ))


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Without the search for cycles, which walks over all objects again and again while many are made; none are."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def write_table(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write ``arrays`` to ``path``, so that a reader finds all of them or none."""
    head: list[tuple[str, str, int]] = []
    parts: list[bytes] = []
    check = xxhash.xxh3_64()
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        data += bytes(-len(data) % _ALIGN)
        check.update(data)
        head.append((name, array.dtype.str, len(array)))
        parts.append(data)
    first = orjson.dumps({"arrays": head, "check": check.intdigest()})
    first += b" " * (-(len(_MAGIC) + len(first) + 1) % _ALIGN) + b"\n"
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        stream.writelines((_MAGIC, first, *parts))
    part.replace(path)


def read_table(path: Path) -> Arrays | None:
    """The arrays in ``path``, read-only and mapped into memory, or None if the file is not whole."""
    view = mapped(path)
    if bytes(view[:len(_MAGIC)]) != _MAGIC:
        return None
    end = bytes(view[:1 << 16]).index(b"\n", len(_MAGIC)) + 1
    head = orjson.loads(bytes(view[len(_MAGIC):end]))
    if xxhash.xxh3_64_intdigest(view[end:]) != head["check"]:
        return None
    arrays: Arrays = {}
    for name, kind, length in head["arrays"]:
        size = np.dtype(kind).itemsize * length
        arrays[name] = np.frombuffer(view[end:end + size], dtype=kind)
        end += size + -size % _ALIGN
    return arrays


def keys_of(rows: Sequence[bytes | memoryview]) -> NDArray[np.uint64]:
    """The keys of rows: 128 bits of their bytes (XXH3), shape ``(rows, 2)``."""
    return np.frombuffer(b"".join([xxhash.xxh3_128_digest(row) for row in rows]), dtype="<u8").reshape(-1, 2)


class Library:
    """The tables in a folder of one version of the rules; other versions are removed when it is tidied.

    Args:
        folder: the cache of the stage.
        version: a digest of everything besides the rows that the tables hang on.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder / version
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tables: dict[str, Arrays] = {}
        self._index: tuple[list[str], NDArray[np.uint64], Ints, NDArray[np.uint64]] | None = None
        self.add([path.name for path in sorted(self.folder.glob(f"*{SUFFIX}"))])

    def add(self, names: Sequence[str]) -> None:
        """Read further tables of the folder; one that is not whole is deleted."""
        for name in names:
            try:
                table = read_table(self.folder / name)
            except (OSError, ValueError, KeyError, TypeError):
                table = None
            if table is None:
                (self.folder / name).unlink(missing_ok=True)
            else:
                self.tables[name] = table

    def find(self, keys: NDArray[np.uint64]) -> Ints:
        """Where each of ``keys`` is among the rows of all tables, -1 if nowhere."""
        if self._index is None or self._index[0] != list(self.tables):
            parts = [np.zeros(0, dtype=np.uint64), *(table["rows.key"] for table in self.tables.values())]
            known = np.concatenate(parts).reshape(-1, 2)
            order = np.argsort(known[:, 0], kind="stable")
            self._index = list(self.tables), known, order, known[order, 0]
        _, known, order, firsts = self._index
        if not len(known):
            return np.full(len(keys), -1, dtype=np.int64)
        place = order[np.minimum(np.searchsorted(firsts, keys[:, 0]), len(known) - 1)]
        return np.where((known[place] == keys).all(axis=1), place, -1)

    def shed(self, keys: NDArray[np.uint64]) -> None:
        """Delete tables that are mostly about other rows than those with ``keys``, and small ones once they are many.

        So the folder holds at most twice what is needed, in not too many files; what of it is needed is made again.
        """
        if not self.tables:
            return
        found = self.find(keys)
        ends = np.cumsum([len(table["rows.key"]) // 2 for table in self.tables.values()])
        used = np.bincount(np.searchsorted(ends, np.unique(found[found >= 0]), side="right"), minlength=len(ends))
        sizes = np.diff(ends, prepend=0)
        small = np.array([int(table["bytes"][0]) < _SMALL for table in self.tables.values()], dtype=np.bool_)
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


@dataclass(frozen=True)
class View:
    """The tables of a library as they are for certain rows, in the order of the rows.

    Attributes:
        tables: all tables.
        index: where each row is among the rows of all tables.
    """

    tables: Sequence[Arrays]
    index: Ints

    def __len__(self) -> int:
        return len(self.index)

    def at(self, rows: Ints) -> View:
        """The view of some of the rows."""
        return View(self.tables, self.index[rows])

    @cached_property
    def table_of(self) -> Ints:
        """The number of the table that each row is in."""
        ends = np.cumsum([len(table["rows.key"]) // 2 for table in self.tables])
        return np.searchsorted(ends, self.index, side="right")

    def rows(self, name: str) -> NDArray[Any]:
        """The array ``rows.<name>``, an entry (or a line of ``width`` entries) for each row."""
        return self._all(f"rows.{name}")[self.index]

    def counts(self, level: str) -> NDArray[np.integer]:
        """How many entries of ``level`` each row has."""
        return self.rows(level)

    def entries(self, level: str) -> Ints:
        """Where the entries of ``level`` of all rows are, row after row."""
        begins = offsets(self._all(f"rows.{level}"))
        return spread(begins[:-1][self.index], self.counts(level))

    def owners(self, level: str) -> Ints:
        """The number of the row that each entry of ``level`` belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.counts(level))

    def take(self, level: str, name: str, entries: Ints, width: int = 0) -> NDArray[Any]:
        """The array ``<level>.<name>`` at ``entries``; of shape ``(entries, width)`` with a ``width``."""
        found = self._all(f"{level}.{name}")
        return found.reshape(-1, width)[entries] if width else found[entries]

    def _all(self, name: str) -> NDArray[Any]:
        return np.concatenate([table[name] for table in self.tables])
