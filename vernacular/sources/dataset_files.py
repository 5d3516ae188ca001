"""Read rows of a dataset's parquet and jsonl files in the worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.columns import parquet_rows
from vernacular.sources.formats.rows import object_in


def in_worker_rows(files: Sequence[OpenFile], wanted: Sequence[str], others: Sequence[str],
                   where: str) -> Iterator[dict[str, str]]:
    """Yield the rows of the one file in ``files`` with those of the columns ``wanted`` and ``others`` that exist.

    Raises:
        Problem: the file is damaged, or has none of the wanted columns.
    """
    file, names = files[0], [*wanted, *others]

    def select(there: Sequence[str]) -> list[str]:
        check_columns(there, wanted, where)
        return [name for name in names if name in there]

    rows = parquet_rows(file, where, select) if file.name.lower().endswith(".parquet") else _jsonl(file, wanted, where)
    return (texts_of(row, names) for row in rows)


def _jsonl(file: OpenFile, wanted: Sequence[str], where: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file.stream, 1):
        if line.strip():
            row = object_in(line, f"{where}:{number}", wanted[0])
            check_columns(row, wanted, f"{where}:{number}")
            yield row


def check_columns(there: Mapping[str, Any] | Sequence[str], wanted: Sequence[str], where: str) -> None:
    """Reject a row or file that has none of the wanted columns."""
    if not any(name in there for name in wanted):
        raise Problem(f"there is no column '{wanted[0]}'", where=where,
                      fix=f"Its columns: {', '.join(there)}; select one with `text_field:`", code=Code.DATA_COLUMN)


def texts_of(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Return the nonempty columns ``names`` of ``row`` as text."""
    return {name: str(row[name]) for name in names if row.get(name) not in (None, "")}
