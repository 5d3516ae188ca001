"""A TSV or CSV file with a row per recording or segment. Parsed in the sandboxed worker."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from vernacular.core.codes import Code
from vernacular.core.delimited import mark_of, reader, whole_rows
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import decode
from vernacular.speech.recordings.segment import Segment, SegmentRow, one_line, stated

COLUMNS = ("file", "text", "speaker", "session", "start", "end", "translation", "split")
COMMON_VOICE = {"file": "path", "text": "sentence", "speaker": "client_id"}
_PARTS = {"train": "train", "training": "train", "dev": "dev", "valid": "dev", "validation": "dev",
          "development": "dev", "test": "test"}


def in_worker_table(files: Sequence[OpenFile], where: str, columns: Mapping[str, str],
                    encoding: str | None) -> Iterator[SegmentRow]:
    """Yield the rows of a table as segments.

    Args:
        files: the table.
        where: its name in messages.
        columns: its names of ``COLUMNS``, where they differ.
        encoding: of the file if it is not Unicode.

    Raises:
        Problem: it has no column of files, or a row has other cells than the header.
    """
    return _rows(files[0], where, columns, encoding)


def _rows(file: OpenFile, where: str, columns: Mapping[str, str], encoding: str | None) -> Iterator[SegmentRow]:
    text, _ = decode(file.read(), where, encoding)
    named = {name: columns.get(name, name) for name in COLUMNS}
    mark = mark_of(text, [named["file"]])
    quoting = csv.QUOTE_NONE if mark == "\t" else csv.QUOTE_MINIMAL  # a tab is in no cell
    rows = reader(text, delimiter=mark, quoting=quoting)
    header = [cell.strip() for cell in next(rows, [])]
    missing = [named[name] for name in ("file", *columns) if named[name] not in header]
    if missing:
        raise Problem(f"there is no column '{missing[0]}'", where=where, code=Code.DATA_COLUMN,
                      fix=f"Its columns: {', '.join(header)}; name the right one under `columns:`")
    places = {name: header.index(column) for name, column in named.items() if column in header}
    for cells, at in whole_rows(rows, header, where):
        yield _segment({name: one_line(cells[place]) for name, place in places.items()}, at)


def _segment(row: Mapping[str, str], at: str) -> SegmentRow:
    part = stated(row.get("split", "")).casefold()
    if part and part not in _PARTS:
        raise Problem(f"'{part[:40]}' is not a part", where=at, fix="Write train, dev or test", code=Code.DATA_SPLIT)
    return asdict(Segment(
        place=at, file=row["file"], text=row.get("text", ""), speaker=stated(row.get("speaker", "")),
        session=stated(row.get("session", "")), start=_seconds(row.get("start", ""), at),
        end=_seconds(row.get("end", ""), at), translation=row.get("translation", ""), split=_PARTS.get(part, "")))


def _seconds(cell: str, at: str) -> float | None:
    try:
        return float(cell.replace(",", ".")) if cell else None
    except ValueError:
        raise Problem(f"'{cell[:40]}' is not a number of seconds", where=at, fix="Write seconds, such as 12.5",
                      code=Code.DATA_FORMAT) from None
