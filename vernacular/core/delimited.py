"""Separated values (CSV, TSV): readers of the ``csv`` module with room for a whole document in a field."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from typing import Any

MARKS = ",;\t"  # semicolons are what spreadsheets write where the comma is the decimal mark
_LONGEST_FIELD = 1 << 30  # characters; the csv module stops at 131,072


def mark_of(text: str, columns: Collection[str | int | Sequence[str | int]], marks: str = MARKS) -> str:
    """What parts the cells of ``text``: the first of ``marks`` by which its header has all ``columns``.

    Where none does, that which parts the header into most cells, so that messages name the columns that are there.

    Args:
        text: of the file.
        columns: each by its name, its number from 0 (from -1 for the last), or several of which one is enough.
        marks: those that may be.
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
    """A ``csv.reader`` over ``text``."""
    _allow_long_fields()
    return csv.reader(io.StringIO(text, newline=""), **dialect)


def _allow_long_fields() -> None:
    # The limit is the process's. It is not set back: of two readers that take turns, one would do so under the other.
    csv.field_size_limit(_LONGEST_FIELD)
