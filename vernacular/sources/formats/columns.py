"""Parquet: each row is a text from one column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow
from pyarrow import parquet

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_system_error
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.rows import KNOWN, no_field, text_of_row
from vernacular.sources.formats.text import Options, Text

_BATCH = 512  # rows in memory at once


def read_parquet(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield a text for each row whose column is not null.

    Raises:
        Problem: not Parquet, or without a text column of that name.
    """
    def select(names: Sequence[str]) -> list[str]:
        if options.text_field not in names:
            raise no_field(options.text_field, dict.fromkeys(names), where)
        return [str(options.text_field), *(name for name in KNOWN if name in names)]

    for row in parquet_rows(file, where, select):
        if row[str(options.text_field)] is not None:
            yield text_of_row(row, options.text_field, where, ())


def parquet_rows(file: OpenFile, where: str,
                 select: Callable[[Sequence[str]], list[str]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file in batches, with the columns that ``select`` chooses of those that exist.

    Raises:
        Problem: not Parquet.
    """
    try:
        with parquet.ParquetFile(file.stream) as opened:
            for batch in opened.iter_batches(_BATCH, columns=select(opened.schema_arrow.names), use_threads=False):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, LookupError) as error:
        if is_system_error(error):
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise Problem(f"not a readable Parquet file ({first})", where=where, fix="Write it again",
                      code=Code.DATA_FORMAT) from None
