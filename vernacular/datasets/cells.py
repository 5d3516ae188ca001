"""Cells of CSV and TSV, with or without quoting.

TSV is written both ways: spreadsheets and ``csv`` quote cells where needed, others write quotes
literally. The file shows which: a writer that quotes does so for every cell with a quote, and
doubles inner quotes.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field

import regex

from vernacular.core import delimited as separated
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.datasets.notes import DataNote

Cells = list[tuple[int, list[str]]]  # line and cells of each row
_QUOTED = regex.compile(r'"(?:[^"]|"")*+"')


@dataclass
class _Reading:
    """A file parsed one way: rows with the header's length, and the errors of the others."""

    rows: Cells
    faults: Collector = field(default_factory=Collector)


def read_cells(text: str, where: str, delimiter: str, quoted: bool | None, remarks: list[DataNote],
               faults: Collector) -> Cells:
    """Return the rows of a table, including the header, all with the header's length.

    Args:
        text: of the file.
        where: the file's name in messages.
        delimiter: between the cells.
        quoted: whether cells are quoted; None: yes for csv, detected for tsv.
        remarks: receives how ambiguous quotes were read.
        faults: receives the errors.
    """
    if quoted is None and delimiter != "\t":
        quoted = True  # commas occur in text, so csv needs quotes; tabs do not
    if quoted is not None:
        reading = _quoted(text, where, delimiter) if quoted else _plain(text, where, delimiter)
    else:
        reading = _as_it_shows(_quoted(text, where, delimiter), _plain(text, where, delimiter), where, remarks)
    for problem in filter(None, [reading.faults.combined()]):
        faults.add(problem)
    return reading.rows


def _as_it_shows(quoted: _Reading, plain: _Reading, where: str, remarks: list[DataNote]) -> _Reading:
    if bool(quoted.faults) != bool(plain.faults):
        return plain if quoted.faults else quoted
    by_rule = _written_with_quotes(plain.rows)
    if quoted.faults or quoted.rows == plain.rows:
        return quoted if by_rule else plain
    if [line for line, _ in quoted.rows] != [line for line, _ in plain.rows]:
        line = next(one[0] for one, other in zip(quoted.rows, plain.rows, strict=False) if one != other)
        plain.faults.add(Problem("ambiguous quoting: the file parses differently with "
                                 "and without CSV quotes", where=f"{where}:{line}",
                                 fix="Set `quoted: true` if quotes only delimit cells, `quoted: false` if they "
                                     "belong to the text", code=Code.DATA_QUOTING))
        return plain
    lines = [line for (line, cells), (_, others) in zip(quoted.rows, plain.rows, strict=True) if cells != others]
    remarks.append(DataNote("rows_with_quotes", f"{where}:{lines[0]}", len(lines), (
        "rows with quoted cells, read as in CSV (`quoted: false` keeps the quotes)" if by_rule else
        "rows with quoted cells, read as text (`quoted: true` removes the quotes)")))
    return quoted if by_rule else plain


def _written_with_quotes(rows: Cells) -> bool:
    """Whether quotes in ``rows``, read as text, look like CSV quoting.

    That is, every cell with a quote is quoted, and some cell needs it or a whole column is quoted.
    """
    cells = [cell for _, row in rows for cell in row if '"' in cell]
    if not all(_QUOTED.fullmatch(cell) for cell in cells):
        return False
    return any('"' in cell[1:-1] for cell in cells) or any(
        all(_QUOTED.fullmatch(row[place]) for _, row in rows) for place in range(len(rows[0][1]) if rows else 0))


def _quoted(text: str, where: str, delimiter: str) -> _Reading:
    """Parse with CSV quoting."""
    reader = separated.reader(text, delimiter=delimiter, strict=True)
    rows, line, broken = Cells(), 1, None
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        broken = Problem(f"not a valid table ({error})", where=f"{where}:{line}",
                         fix="Correct this row: a cell that begins with a quotation mark must end with one, and "
                             "inner ones are doubled", code=Code.DATA_FORMAT)
    return _even(rows, where, broken)


def _plain(text: str, where: str, delimiter: str) -> _Reading:
    """Parse one row per line, with literal quotes."""
    return _even([(number, line.split(delimiter)) for number, line in enumerate(text.split("\n"), 1) if line.strip()],
                 where)


def _even(rows: Cells, where: str, broken: Problem | None = None) -> _Reading:
    reading = _Reading([])
    if broken is not None:
        reading.faults.add(broken)
    elif not rows:
        reading.faults.add(Problem("the file is empty", where=where, fix="Write a header and one row per item",
                                   code=Code.DATA_EMPTY))
    width = len(rows[0][1]) if rows else 0
    for line, cells in rows:
        if len(cells) == width:
            reading.rows.append((line, cells))
        else:
            reading.faults.add(Problem(
                f"{len(cells)} cell{'s' * (len(cells) != 1)}, but the header has {width}", where=f"{where}:{line}",
                fix="Give each row as many cells as the header; quote text that contains a separator or a line "
                    "break", code=Code.DATA_FORMAT))
    return reading
