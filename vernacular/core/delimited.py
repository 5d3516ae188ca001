"""Readers of separated values (CSV, TSV) that allow a whole document in one field."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

MARKS = ",;\t"  # spreadsheets write semicolons in locales with a decimal comma
_LONGEST_FIELD = 1 << 30  # characters; the csv module's default is 131,072


def mark_of(text: str, columns: Collection[str | int | Sequence[str | int]], marks: str = MARKS) -> str:
    """Return the delimiter of ``text``: the first of ``marks`` that gives a header with all ``columns``.

    If no delimiter does, return the one that gives the most columns, so that messages can name
    them.

    Args:
        text: content of the file.
        columns: each a name, a number from 0 (-1 is the last), or alternatives of which one is
            enough.
        marks: delimiters to try.
    """
    header = text.lstrip().split("\n", 1)[0]
    cells = {mark: [cell.strip() for cell in next(reader(header, delimiter=mark), [])] for mark in marks}
    return next((mark for mark in marks if all(_has(cells[mark], column) for column in columns)),
                max(marks, key=lambda mark: len(cells[mark])))


def _has(header: Sequence[str], column: str | int | Sequence[str | int]) -> bool:
    if isinstance(column, int):
        return -len(header) <= column < len(header) > 1
    if isinstance(column, str):
        return column in header
    folded = [cell.casefold() for cell in header]
    return any(_has(folded, name.casefold() if isinstance(name, str) else name) for name in column)


def reader(text: str, **dialect: Any) -> Any:
    """Return a ``csv.reader`` over ``text``."""
    _allow_long_fields()
    return csv.reader(io.StringIO(text, newline=""), **dialect)


def _allow_long_fields() -> None:
    # The limit is per process and is not reset: another reader may be using it.
    csv.field_size_limit(_LONGEST_FIELD)


def whole_rows(rows: Any, header: Sequence[str], where: str) -> Iterator[tuple[list[str], str]]:
    """Yield each row of a ``csv.reader`` that is not empty, with its place.

    Raises:
        Problem: it has not as many cells as the header.
    """
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        at = f"{where}:{rows.line_num}"
        if len(cells) != len(header):
            raise Problem(f"the row has {len(cells)} cells, and the header {len(header)}", where=at,
                          fix="Correct the row", code=Code.DATA_FORMAT)
        yield cells, at
