"""The tables of the corpus as Parquet files: documents, rejected lines, changes. No other module opens such a file.

Equal rows give equal bytes: a row group ends where its text reaches a fixed size, however the rows arrive. Reading and
writing hold one row group in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from vernacular.core.jsonl import read_jsonl
from vernacular.provenance.document import COLUMNS, RIGHTS, Document

DOCUMENTS, REJECTS, CHANGES = "documents.parquet", "rejects.parquet", "changes.parquet"
SUFFIX = ".parquet"

_TYPES = {"whole": pa.bool_(), "parents": pa.list_(pa.string()), "flags": pa.list_(pa.string()), "line": pa.int32()}


def _schema(*names: str) -> pa.Schema:
    return pa.schema([pa.field(name, _TYPES.get(name, pa.string()), nullable=False) for name in names])


LEDGER = _schema(*COLUMNS)
CLEANED = _schema(*(name for name in COLUMNS if name not in RIGHTS))
REJECTED = _schema("id", "line", "rule", "reason", "text")
REJECTED_OF_SPLITS = _schema("id", "line", "part", "rule", "reason", "text")
CHANGED = pa.schema([*_schema("id", "line", "rule"), pa.field("offset", pa.int32()), *_schema("before", "after")])

_GROUP = 4_000_000  # bytes of text in a row group
_ROW = 32  # bytes that a row counts beside its text, so that a group of empty rows ends as well
_ROWS_AT_ONCE = 1000
LONG = ("id", "raw_digest", "text", "before", "after")  # columns in which values hardly recur


def file_of(part: str) -> str:
    """The name of the file of ``train``, ``dev`` or ``test`` in ``corpus/splits``."""
    return f"{part}{SUFFIX}"


def table_of(documents: Sequence[Document]) -> pa.Table:
    """The rows of ``documents`` for the ledger."""
    return pa.table([[getattr(document, name) for document in documents] for name in COLUMNS], schema=LEDGER)


def write_tables(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> int:
    """Write the rows of ``tables`` to the file ``path``; return how many there were."""
    repeated = [field.name for field in schema if pa.types.is_string(field.type) and field.name not in LONG]
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=repeated,
                          write_statistics=repeated) as writer:
        for piece in pieces(tables, _GROUP):
            writer.write_table(piece.cast(schema), row_group_size=max(len(piece), 1))
            rows += len(piece)
    return rows


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], schema: pa.Schema | None = None) -> int:
    """The same of rows; without a ``schema`` columns are of the types that the first thousand rows have."""
    waiting = iter(rows)
    parts = iter(lambda: list(islice(waiting, _ROWS_AT_ONCE)), [])
    first = next(parts, [])
    types = schema or pa.schema([field.with_type(_TYPES.get(field.name, field.type))
                                 for field in pa.Table.from_pylist(first).schema])
    return write_tables(path, types, (pa.Table.from_pylist(part, types) for part in chain([first], parts)))


def read_tables(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a file, a row group at a time, in their order; of ``columns`` alone where these are given.

    An empty file gives one table without rows. Where an artifact of an earlier version has JSON Lines in place of the
    file, their rows are given: a takedown has to find its text there, too.
    """
    earlier = path.with_suffix(".jsonl")
    if not path.exists() and earlier.exists():
        yield from _earlier_tables(earlier, columns)
        return
    with pq.ParquetFile(path) as file:
        if not file.num_row_groups:
            yield file.read(columns=None if columns is None else list(columns))
        for number in range(file.num_row_groups):
            yield file.read_row_group(number, columns=None if columns is None else list(columns))


def _earlier_tables(path: Path, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    waiting = read_jsonl(path)
    while rows := list(islice(waiting, _ROWS_AT_ONCE)):
        schema = pa.schema([pa.field(name, _TYPES.get(name, pa.string())) for name in columns or rows[0]])
        yield pa.Table.from_pylist(rows, schema)


def read_table(path: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of a whole file; for those that fit into memory."""
    return pq.read_table(path, columns=list(columns))


def read_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a file as dictionaries; of ``columns`` alone where these are given."""
    for table in read_tables(path, columns):
        for batch in table.to_batches(_ROWS_AT_ONCE):
            yield from batch.to_pylist()


def read_rows_at(path: Path, places: Collection[int], columns: Sequence[str] | None = None
                 ) -> dict[int, dict[str, Any]]:
    """The rows at ``places``, counted from 0; only the row groups that hold these are read."""
    found: dict[int, dict[str, Any]] = {}
    wanted = np.array(sorted(set(places)), dtype=np.int64)
    with pq.ParquetFile(path) as file:
        ends = np.cumsum([file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)])
        groups = np.searchsorted(ends, wanted, side="right")
        for number in np.unique(groups).tolist():
            at = wanted[groups == number]
            begin = int(ends[number - 1]) if number else 0
            found.update(zip(at.tolist(), file.read_row_group(
                number, columns=None if columns is None else list(columns)).take(at - begin).to_pylist(), strict=True))
    return found


def rows_of(path: Path, ids: Collection[str], columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a file that belong to documents with ``ids``; other rows are not made into dictionaries."""
    wanted = pa.array(sorted(ids), pa.string())
    for table in read_tables(path, columns) if len(wanted) else ():
        yield from table.filter(pc.is_in(table["id"], wanted)).to_pylist()


def count_rows(path: Path) -> int:
    """How many rows a file has."""
    return int(pq.read_metadata(path).num_rows)


def read_strings(path: Path) -> Iterator[str]:
    """All text of a file, a row group and a column at a time, values joined by line feeds."""
    for table in read_tables(path):
        for column in table.itercolumns():
            flat = column.combine_chunks()
            while pa.types.is_list(flat.type):
                flat = flat.flatten()
            if pa.types.is_string(flat.type):
                yield "\n".join(value or "" for value in flat.to_pylist())


def pieces(tables: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    """The rows of ``tables`` in pieces with about ``size`` bytes of text, a single row at the least."""
    waiting: list[pa.Table] = []
    room = size
    for table in tables:
        ends = np.cumsum(text_sizes(table))
        first = used = 0
        while first < len(table):
            last = max(int(np.searchsorted(ends, used + room, side="right")), first + (not waiting))
            if last > first:
                waiting.append(table.slice(first, last - first))
                room -= int(ends[last - 1]) - used
                first, used = last, int(ends[last - 1])
            if first < len(table):
                yield pa.concat_tables(waiting)
                waiting, room = [], size
    if waiting:
        yield pa.concat_tables(waiting)


def text_sizes(table: pa.Table) -> NDArray[np.int64]:
    """The bytes of text of each row, and some for the row itself."""
    sizes = np.full(len(table), _ROW, dtype=np.int64)
    for column in table.itercolumns():
        if pa.types.is_string(column.type):
            sizes += pc.fill_null(pc.binary_length(column), 0).to_numpy()
    return sizes
