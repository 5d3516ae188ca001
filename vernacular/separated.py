"""Separated values (CSV, TSV): readers of the ``csv`` module with room for a whole document in a field."""

from __future__ import annotations

import csv
import io
from typing import Any

_LONGEST_FIELD = 1 << 30  # characters; the csv module stops at 131,072


def reader(text: str, **dialect: Any) -> Any:
    """A ``csv.reader`` over ``text``."""
    _allow_long_fields()
    return csv.reader(io.StringIO(text, newline=""), **dialect)


def dict_reader(text: str, **dialect: Any) -> csv.DictReader[str]:
    """A ``csv.DictReader`` over ``text``."""
    _allow_long_fields()
    return csv.DictReader(io.StringIO(text, newline=""), **dialect)


def _allow_long_fields() -> None:
    # The limit is the process's. It is not set back: of two readers that take turns, one would do so under the other.
    csv.field_size_limit(_LONGEST_FIELD)
