"""Read rows of a dataset's parquet and jsonl files in the worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import orjson

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_system_error
from vernacular.sandbox.frames import OpenFile

_BATCH = 256  # parquet rows in memory at once


def in_worker_rows(files: Sequence[OpenFile], wanted: Sequence[str], others: Sequence[str],
                   where: str) -> Iterator[dict[str, str]]:
    """Yield the rows of the one file in ``files`` with those of the columns ``wanted`` and ``others`` that exist.

    Raises:
        Problem: the file is damaged, or has none of the wanted columns.
    """
    import_module("pyarrow.parquet")
    read = _parquet if files[0].name.lower().endswith(".parquet") else _jsonl
    return read(files[0], wanted, [*wanted, *others], where)


def _parquet(file: OpenFile, wanted: Sequence[str], names: Sequence[str], where: str) -> Iterator[dict[str, str]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file.stream) as opened:
            there = opened.schema_arrow.names
            check_columns(there, wanted, where)
            for batch in opened.iter_batches(_BATCH, columns=[name for name in names if name in there],
                                             use_threads=False):
                yield from (texts_of(row, names) for row in batch.to_pylist())
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, LookupError) as error:
        if is_system_error(error):
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise Problem(f"not a readable Parquet file ({first})", where=where, fix="Write it again",
                      code=Code.DATA_FORMAT) from None


def _jsonl(file: OpenFile, wanted: Sequence[str], names: Sequence[str], where: str) -> Iterator[dict[str, str]]:
    for number, line in enumerate(file.stream, 1):
        if line.strip():
            try:
                row = orjson.loads(line)
            except ValueError as error:
                raise Problem(f"not a line of JSON ({error})", where=f"{where}:{number}",
                              fix="Correct this line", code=Code.DATA_FORMAT) from None
            if not isinstance(row, dict):
                raise Problem("not a JSON object", where=f"{where}:{number}", fix='Write {"text": "..."}',
                              code=Code.DATA_FORMAT)
            check_columns(row, wanted, f"{where}:{number}")
            yield texts_of(row, names)


def check_columns(there: Mapping[str, Any] | Sequence[str], wanted: Sequence[str], where: str) -> None:
    """Reject a row or file that has none of the wanted columns."""
    if not any(name in there for name in wanted):
        raise Problem(f"there is no column '{wanted[0]}'", where=where,
                      fix=f"Its columns: {', '.join(there)}; select one with `text_field:`", code=Code.DATA_COLUMN)


def texts_of(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Return the nonempty columns ``names`` of ``row`` as text."""
    return {name: str(row[name]) for name in names if row.get(name) not in (None, "")}
