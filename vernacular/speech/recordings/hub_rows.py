"""Rows of datasets with sound inside. Parsed in the sandboxed worker; nothing that a row names is opened."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.dataset_rows import reason_of, stream_dataset, unreachable
from vernacular.sources.formats.columns import parquet_rows


def in_worker_audio_rows(files: Sequence[OpenFile], where: str,
                         columns: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the one parquet file in ``files``.

    Args:
        files: the file.
        where: its name in messages.
        columns: names of the columns of ``audio``, ``text``, ``speaker`` and ``translation``; None: there is none.

    Raises:
        Problem: it is damaged, or a column is missing.
    """
    return _rows(files[0], where, columns)


def in_worker_streamed_audio(files: Sequence[OpenFile], dataset: str, config: str | None, split: str,
                             revision: str | None, where: str,
                             columns: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a dataset on the hub as ``in_worker_audio_rows`` does; ``files`` is empty.

    Raises:
        Problem: it cannot be reached, or a column is missing.
    """
    import_module("datasets")
    return _streamed(dataset, config, split, revision, where, columns)


def _streamed(dataset: str, config: str | None, split: str, revision: str | None, where: str,
              columns: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    try:
        for number, row in enumerate(stream_dataset(dataset, config, split, revision, where), 1):
            _check([name for name in columns.values() if name is not None], [*row], where)
            yield row_of(row, columns, number)
    except unreachable() as error:
        raise reason_of(error, where) from None


def _check(names: Sequence[str], known: Sequence[str], where: str) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        raise Problem(f"there is no column '{missing[0]}'", where=where, fix=f"Its columns: {', '.join(known)}",
                      code=Code.DATA_COLUMN)


def _rows(file: OpenFile, where: str, columns: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    names = [name for name in columns.values() if name is not None]

    def select(known: Sequence[str]) -> list[str]:
        _check(names, known, where)
        return names

    for number, row in enumerate(parquet_rows(file, where, select), 1):
        yield row_of(row, columns, number)


def row_of(row: Mapping[str, Any], columns: Mapping[str, str | None], number: int) -> dict[str, Any]:
    """Return a row as text; the sound is in base64, empty where the row has none inside."""
    sound = row[str(columns["audio"])]
    data = sound.get("bytes") if isinstance(sound, Mapping) else sound
    texts = {name: str(row[column]) if column is not None and row[column] is not None else ""
             for name, column in columns.items() if name != "audio"}
    return {"number": number, "audio": base64.b64encode(data if isinstance(data, bytes) else b"").decode(), **texts}
