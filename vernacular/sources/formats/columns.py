"""Parquet: each row is a text from one column."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow
from pyarrow import parquet

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_system_error
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.rows import KNOWN, no_field, text_of_row
from vernacular.sources.formats.text import Options, Text

_BATCH = 1024  # rows in memory at once


def read_parquet(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield a text for each row whose column is not null, reading in batches.

    Raises:
        Problem: not Parquet, or without a text column of that name.
    """
    try:
        with parquet.ParquetFile(file.stream) as opened:
            schema = opened.schema_arrow
            if options.text_field not in schema.names:
                raise no_field(options.text_field, dict.fromkeys(schema.names), where)
            columns = [options.text_field, *(name for name in KNOWN if name in schema.names)]
            for batch in opened.iter_batches(batch_size=_BATCH, columns=columns, use_threads=False):
                for row in batch.to_pylist():
                    if row[options.text_field] is not None:
                        yield text_of_row(row, options.text_field, where, ())
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, LookupError) as error:
        if is_system_error(error):
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise Problem(f"not a readable Parquet file ({first})", where=where, fix="Write it again",
                      code=Code.DATA_FORMAT) from None
