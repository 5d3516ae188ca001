"""Row formats: jsonl, json, csv, tsv. Each row is a text from one field."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vernacular.core import delimited as separated
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, split_place
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.packed import content, suffix_of
from vernacular.sources.formats.plain import encoding_flags
from vernacular.sources.formats.text import Options, Text

KNOWN = ("title", "author", "date")


def read_json(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield one text from an array of strings, one line each.

    Raises:
        Problem: another structure, or the encoding is unknown.
    """
    text, name = decode(content(file, where), where, options.encoding)
    lines = (" ".join(item.split("\n")).strip() for item in strings_of(text, where))
    yield Text("\n".join(line for line in lines if line), whole=True, flags=encoding_flags(name))


def strings_of(text: str, where: str) -> list[str]:
    """Return the strings of a JSON array.

    Raises:
        Problem: ``text`` is not a JSON array of strings.
    """
    data = _parse(text, where)
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        raise Problem("not a JSON array of strings", where=where,
                      fix='Write ["first line", "second line"], or use jsonl', code=Code.DATA_FORMAT)
    return data


def read_jsonl(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield a text for each line, a JSON object.

    Raises:
        Problem: a line is not an object or lacks the field.
    """
    text, name = decode(content(file, where), where, options.encoding)
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            place = f"{where}:{number}"
            yield text_of_row(object_in(line, place, options.text_field), options.text_field, place,
                              encoding_flags(name))


def object_in(line: str | bytes, where: str, field: str | int) -> dict[str, Any]:
    """Return the JSON object in a line; messages name ``field`` as an example.

    Raises:
        Problem: it is not one.
    """
    row = _parse(line, where)
    if not isinstance(row, dict):
        raise Problem("not a JSON object", where=where, fix=f'Write {{"{field}": "..."}}', code=Code.DATA_FORMAT)
    return row


def read_csv(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield a text for each row below the header; commas, semicolons or tabs are detected.

    Raises:
        Problem: not CSV, or without the column.
    """
    text, name = decode(content(file, where), where, options.encoding)
    for line, row in table_rows(text, where, [options.text_field], suffix_of(file.name) == ".tsv"):
        yield text_of_row(row, options.text_field, f"{where}:{line}", encoding_flags(name))


def table_rows(text: str, where: str, columns: Sequence[str | int],
               tabs: bool) -> Iterator[tuple[int, dict[str | int, str]]]:
    """Yield the rows of a CSV file below its header: line, and column -> cell.

    Args:
        text: of the file.
        where: the file's name in messages.
        columns: required columns, by name or number from 0 (-1 is the last).
        tabs: whether only tabs separate cells.

    Raises:
        Problem: not CSV, or without one of the columns.
    """
    mark = separated.mark_of(text, columns, "\t" if tabs else separated.MARKS)
    reader = separated.reader(text, delimiter=mark, strict=True)
    try:
        header: list[str] = next((row for row in reader if row), [])
        numbered = [column for column in columns if isinstance(column, int) and -len(header) <= column < len(header)]
        for column in columns:
            if header and column not in (*header, *numbered):
                raise no_field(column, dict.fromkeys(header), f"{where}:1")
        for row in reader:
            if tabs and any("\t" in cell and "\n" in cell for cell in row):
                raise Problem("a cell that begins with \" contains other rows", where=f"{where}:{reader.line_num}",
                              fix="Double every \" and quote the whole cell; or save it as .csv",
                              code=Code.DATA_FORMAT)
            if len(row) > len(header):
                raise Problem("the row has more cells than the header", where=f"{where}:{reader.line_num}",
                              fix="Quote cells that contain the separator", code=Code.DATA_FORMAT)
            if row:
                cells = {**dict(enumerate(row)), **dict(zip(range(-len(header), 0), row, strict=False))}
                yield reader.line_num, {**dict(zip(header, row, strict=False)),
                                        **{column: cells[column] for column in numbered if column in cells}}
    except csv.Error as error:
        raise Problem(f"not CSV ({error})", where=f"{where}:{reader.line_num}", fix="Correct this line",
                      code=Code.DATA_FORMAT) from None


def _parse(text: str | bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        place = where if split_place(where)[1] else f"{where}:{getattr(error, 'lineno', 1)}"
        raise Problem(f"not valid JSON ({getattr(error, 'msg', error)})", where=place, fix="Correct this line",
                      code=Code.DATA_FORMAT) from None


def text_of_row(row: Mapping[Any, Any], field: str | int, where: str, flags: tuple[str, ...]) -> Text:
    """Return the text in the column ``field`` of a row.

    Raises:
        Problem: it is not text, or there is no such column.
    """
    value = row.get(field)
    if not isinstance(value, str):
        raise no_field(field, row, where)
    title, author, date = ("" if name == field or row.get(name) is None else str(row[name]) for name in KNOWN)
    return Text(value.replace("\r\n", "\n").replace("\r", "\n"), title=title, author=author, date=date, flags=flags)


def no_field(field: str | int, row: Mapping[Any, Any], where: str) -> Problem:
    """Build the Problem for a row without text in the column ``field``."""
    what = f"the field '{field}' is not text" if field in row else f"there is no field '{field}'"
    return Problem(what, where=where, fix=f"Its fields: {', '.join(map(str, row)) or 'none'}; select one with "
                                          "`text_field:`", code=Code.DATA_COLUMN)
