"""CSV, TSV and JSON Lines: a row is an item, and its columns are named."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any

from vernacular import separated
from vernacular.errors import Problem
from vernacular.normal_form import normalized
from vernacular.tasks.kind import Row

_Cells = list[tuple[int, list[str]]]  # line and cells of each row


def read_jsonl(text: str, where: str, columns: Mapping[str, str]) -> Iterator[Row]:
    """The items of a JSON Lines file.

    Args:
        text: of the file.
        where: how messages call it.
        columns: what an item is made of -> the key that holds it.

    Raises:
        Problem: a line that is no object, or lacks a key.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise Problem(f"not valid JSON ({getattr(error, 'msg', error)})", where=f"{where}:{number}",
                          fix="Correct this line") from None
        if not isinstance(value, dict):
            raise Problem("not a JSON object", where=f"{where}:{number}", fix='Write {"text": "...", "label": "..."}')
        yield row_of(value, f"{where}:{number}", columns)


def read_table(text: str, where: str, columns: Mapping[str, str], marks: str, quoted: bool | None) -> Iterator[Row]:
    """The items of a CSV or TSV file with a header.

    Args:
        text: of the file.
        where: how messages call it.
        columns: what an item is made of -> the header of its column.
        marks: what may part its cells; the header says which of them does.
        quoted: whether quotes stand around cells; None to see which reading of a tsv file is possible.

    Raises:
        Problem: a row of another length than the header, a missing column, or two readings that differ.
    """
    header, *rows = _cells(text, where, separated.mark_of(text, columns.values(), marks), quoted)
    names = [name.strip() for name in header[1]]
    twice = next((name for name in columns.values() if names.count(name) > 1), None)
    if twice is not None:
        raise Problem(f"two columns have the same name '{twice}'", where=f"{where}:{header[0]}",
                      fix="Rename one of them")
    row_of(dict.fromkeys(names, ""), f"{where}:{header[0]}", columns)  # a column that is missing is so in the header
    for line, cells in rows:
        yield row_of(dict(zip(names, cells, strict=True)), f"{where}:{line}", columns)


def row_of(value: Mapping[str, Any], where: str, columns: Mapping[str, str]) -> Row:
    """The row whose fields stand in ``columns`` of ``value``, in NFC.

    Raises:
        Problem: a column is not there, or holds half a character.
    """
    for role, name in columns.items():
        if name not in value:
            raise Problem(f"there is no column '{name}' for its {role}", where=where,
                          fix=f"Columns here: {', '.join(map(str, value)) or 'none'}; name the right one with "
                              f"`columns: {{{role}: NAME}}`")
    try:
        return Row(where, {role: _nfc(value[name]) for role, name in columns.items()})
    except UnicodeEncodeError:
        raise Problem("it holds half a character (a lone surrogate, such as \\ud83d)", where=where,
                      fix="Write the character whole, or take it out") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON.

    Raises:
        ValueError: a key stands twice in it; JSON does not say which of the two counts.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _nfc(value: Any) -> Any:
    """``value`` with every string in it in NFC.

    Raises:
        UnicodeEncodeError: a string is no text: half a surrogate pair, which JSON can hold.
    """
    if isinstance(value, str):
        value.encode()
        return normalized("NFC", value)
    if isinstance(value, list):
        return [_nfc(part) for part in value]
    if isinstance(value, dict):
        return {key: _nfc(part) for key, part in value.items()}
    return value


def _cells(text: str, where: str, delimiter: str, quoted: bool | None) -> _Cells:
    if quoted is None and delimiter != "\t":
        quoted = True  # text has commas; of tabs it has none, so that tsv files are written without quotes as well
    if quoted is not None:
        return _quoted(text, where, delimiter) if quoted else _plain(text, where, delimiter)
    readings: list[_Cells] = []
    problems: list[Problem] = []
    for read in (_quoted, _plain):
        try:
            readings.append(read(text, where, delimiter))
        except Problem as problem:
            problems.append(problem)
    if not readings:
        raise problems[1]
    if len(readings) == 2 and readings[0] != readings[1]:
        line = next((one[0] for one, other in zip(*readings, strict=False) if one != other), len(readings[0]))
        raise Problem("with quotes around cells it says one thing, without another", where=f"{where}:{line}",
                      fix="Say `quoted: true` if the quotes only mark where a cell ends, `quoted: false` if they "
                          "belong to the text")
    return readings[0]


def _quoted(text: str, where: str, delimiter: str) -> _Cells:
    """As spreadsheets write it: a cell may stand in quotes and then hold anything."""
    reader = separated.reader(text, delimiter=delimiter, strict=True)
    rows, line = [], 1
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise Problem(f"not in the form of a table ({error})", where=f"{where}:{line}",
                      fix="Correct this row") from None
    return _even(rows, where)


def _plain(text: str, where: str, delimiter: str) -> _Cells:
    """A row a line, quotes are text."""
    return _even([(number, line.split(delimiter)) for number, line in enumerate(text.split("\n"), 1) if line.strip()],
                 where)


def _even(rows: _Cells, where: str) -> _Cells:
    if not rows:
        raise Problem("nothing stands in it", where=where, fix="Write a header and a row for each item")
    width = len(rows[0][1])
    for line, cells in rows:
        if len(cells) != width:
            raise Problem(f"{len(cells)} cells, where the header has {width}", where=f"{where}:{line}",
                          fix="Give each row as many cells as the header; text with a separator or a line break in it "
                              "needs quotes around it")
    return rows
