"""CSV, TSV and JSON Lines: a row is an item; columns are named or recognized by common names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vernacular.core import delimited as separated
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.normal_forms import normalized
from vernacular.datasets.cells import Cells, read_cells
from vernacular.datasets.items import Row
from vernacular.datasets.notes import DataNote

# Part of an item -> accepted column names; the first is the usual one.
Names = Mapping[str, str | int | Sequence[str | int]]
_LONGEST_LABEL = 60  # characters; a column with longer cells contains text
_LEAST_ROWS = 8  # fewer rows do not show which column has the labels
_LABEL = "label"


def read_jsonl(text: str, where: str, columns: Names, remarks: list[DataNote] | None = None) -> Iterator[Row]:
    """Yield the items of a JSON Lines file.

    Args:
        text: of the file.
        where: the file's name in messages.
        columns: part of an item -> accepted keys.
        remarks: receives notes on keys other than the first.

    Raises:
        Problem: lines that are not objects, or lack a key, after all valid lines.
    """
    faults, known = Collector(), dict[tuple[str, ...], dict[str, str]]()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = None
        with faults.collect():
            row = _object(line, f"{where}:{number}", columns, known)
        if row is not None:
            yield row
    for found in known.values():
        _note_columns(columns, found, where, remarks)
    faults.raise_collected()


def _object(line: str, where: str, columns: Names, known: dict[tuple[str, ...], dict[str, str]]) -> Row:
    try:
        value = json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Problem(f"not valid JSON ({getattr(error, 'msg', error)})", where=where,
                      fix="Correct this line", code=Code.DATA_FORMAT) from None
    if not isinstance(value, dict):
        raise Problem("not a JSON object", where=where, fix='Write {"text": "...", "label": "..."}',
                      code=Code.DATA_FORMAT)
    keys = tuple(value)
    if keys not in known:
        known[keys] = columns_in(keys, columns, where)
    return row_of(value, where, known[keys])


def read_table(text: str, where: str, columns: Names, marks: str, quoted: bool | None,
               remarks: list[DataNote] | None = None) -> Iterator[Row]:
    """Yield the items of a CSV or TSV file.

    Args:
        text: of the file.
        where: the file's name in messages.
        columns: part of an item -> accepted headers, or its number in a file without headers.
        marks: possible delimiters; the header shows which is used.
        quoted: whether cells are quoted; None to detect it for tsv.
        remarks: receives notes on detected properties.

    Raises:
        Problem: rows with another length than the header, a missing column, or ambiguous quoting,
            after all valid rows.
    """
    remarks, faults = [] if remarks is None else remarks, Collector()
    names = {role: _options(options) for role, options in columns.items()}
    rows = read_cells(text, where, separated.mark_of(text, list(names.values()), marks), quoted, remarks, faults)
    if not rows:
        faults.raise_collected()
        return
    header, place = [name.strip() for name in rows[0][1]], f"{where}:{rows[0][0]}"
    places = _places_by_number(header, names, place) or _places_without_header(rows, names)
    if places is None:
        found = columns_in(header, columns, place)
        twice = next((name for name in found.values() if header.count(name) > 1), None)
        if twice is not None:
            raise Problem(f"two columns are named '{twice}'", where=place, fix="Rename one of them",
                          code=Code.DATA_COLUMN)
        _note_columns(columns, found, where, remarks)
        places = {role: header.index(name) for role, name in found.items()}
        del rows[0]
    elif _is_header(rows, places):
        del rows[0]
    else:
        remarks.append(DataNote("no_header", where, 0, "no header: " + ", ".join(
            f"{role} is column {number + 1}" for role, number in places.items())))
    for line, cells in rows:
        row = None
        with faults.collect():
            row = row_of({role: cells[place] for role, place in places.items()}, f"{where}:{line}",
                         {role: role for role in places})
        if row is not None:
            yield row
    faults.raise_collected()


def columns_in(header: Sequence[str], columns: Names, where: str) -> dict[str, str]:
    """Return part of an item -> its column in ``header``, ignoring case.

    Raises:
        Problem: a part has no column, or several.
    """
    found, faults = dict[str, str](), Collector()
    for role, options in columns.items():
        names = [str(name) for name in _options(options)]
        folded = {name.casefold() for name in names}
        fitting = [names[0]] if names[0] in header else list(dict.fromkeys(
            name for name in header if name.strip().casefold() in folded))
        if len(fitting) == 1:
            found[role] = fitting[0]
            continue
        what = f"no column '{names[0]}' for its {role}" if not fitting else (
            f"its {role} may be in the column {' or '.join(fitting)}")
        faults.add(Problem(what, where=where, fix=f"Existing columns: {', '.join(map(str, header)) or 'none'}; "
                                                  f"select one with `columns: {{{role}: NAME}}`",
                           code=Code.DATA_COLUMN))
    faults.raise_collected()
    return found


def row_of(value: Mapping[str, Any], where: str, columns: Mapping[str, str]) -> Row:
    """Return the row with the fields in ``columns`` of ``value``, in NFC.

    Raises:
        Problem: a column is missing, or contains half a character.
    """
    for role, name in columns.items():
        if name not in value:
            raise Problem(f"no column '{name}' for its {role}", where=where,
                          fix=f"Existing columns: {', '.join(map(str, value)) or 'none'}; select one with "
                              f"`columns: {{{role}: NAME}}`", code=Code.DATA_COLUMN)
    try:
        return Row(where, {role: _nfc(value[name]) for role, name in columns.items()})
    except UnicodeEncodeError:
        raise Problem("it contains half a character (a lone surrogate, such as \\ud83d)", where=where,
                      fix="Write the whole character, or remove it", code=Code.DATA_FORMAT) from None


def _options(options: str | int | Sequence[str | int]) -> list[str | int]:
    return [options] if isinstance(options, str | int) else list(options)


def _note_columns(columns: Names, found: Mapping[str, str], where: str, remarks: list[DataNote] | None) -> None:
    """Note the columns that are read under another than the usual name."""
    other = {role: name for role, name in found.items() if name != str(_options(columns[role])[0])}
    if other and remarks is not None:
        remarks.append(DataNote("columns", where, 0, ", ".join(
            f"{role} is read from the column '{name}'" for role, name in other.items())))


def _places_by_number(header: Sequence[str], names: Mapping[str, list[str | int]],
                      where: str) -> dict[str, int] | None:
    """Return the columns selected by number, from 0 or from -1 backwards; None if one is named."""
    numbers = {role: options[0] for role, options in names.items() if isinstance(options[0], int)}
    if len(numbers) < len(names):
        return None
    for role, number in numbers.items():
        if not -len(header) <= number < len(header):
            raise Problem(f"no column {number} for its {role}: the row has {len(header)} columns, numbered from 0",
                          where=where, fix="Correct `columns:`", code=Code.DATA_COLUMN)
    return {role: number % len(header) for role, number in numbers.items()}


def _is_header(rows: Cells, places: Mapping[str, int]) -> bool:
    """Whether the first row is a header: its label cell is not a label of other rows."""
    labels = [cells[places[_LABEL]].strip() for _, cells in rows] if _LABEL in places else []
    return labels.count(labels[0]) == 1 and 2 * len(set(labels)) <= len(labels) if labels else False


def _places_without_header(rows: Cells, names: Mapping[str, list[str | int]]) -> dict[str, int] | None:
    """Return the columns of a file without a header; None if the first row may be one.

    It is not a header if no cell is an expected name, and one cell is a label of other rows.
    """
    first = [cell.strip() for cell in rows[0][1]]
    known = {str(name).casefold() for options in names.values() for name in options}
    others = [role for role in names if role != _LABEL]
    if _LABEL not in names or len(first) != len(names) or len(rows) < _LEAST_ROWS or (
            known & {cell.casefold() for cell in first}):
        return None
    values = [[cells[place].strip() for _, cells in rows] for place in range(len(first))]
    labels = [place for place, column in enumerate(values) if column.count(column[0]) > 1
              and 2 * len(set(column)) <= len(column) and max(map(len, column)) <= _LONGEST_LABEL]
    if len(labels) != 1:
        return None
    return {_LABEL: labels[0], **dict(zip(others, (place for place in range(len(first)) if place != labels[0]),
                                          strict=True))}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is repeated in an object")
    return found


def _nfc(value: Any) -> Any:
    """Return ``value`` with every string in NFC."""
    if isinstance(value, str):
        value.encode()
        return normalized("NFC", value)
    if isinstance(value, list):
        return [_nfc(part) for part in value]
    if isinstance(value, dict):
        return {key: _nfc(part) for key, part in value.items()}
    return value
