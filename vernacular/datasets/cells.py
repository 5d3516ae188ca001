"""The cells of CSV and TSV, with quotes around them or with quotes that belong to the text.

TSV is written both ways: by spreadsheets and ``csv`` with quotes around cells that need them, by others with every
quote as it stands in the text. Which is meant shows in the file: who quotes does so for every cell that holds a quote,
and doubles those inside.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field

import regex

from vernacular.core import delimited as separated
from vernacular.core.errors import Collector, Problem
from vernacular.datasets.notes import DataNote

Cells = list[tuple[int, list[str]]]  # line and cells of each row
_QUOTED = regex.compile(r'"(?:[^"]|"")*+"')


@dataclass
class _Reading:
    """A file read in one of the two ways: the rows as long as the header, and what is wrong with the others."""

    rows: Cells
    faults: Collector = field(default_factory=Collector)


def read_cells(text: str, where: str, delimiter: str, quoted: bool | None, remarks: list[DataNote],
               faults: Collector) -> Cells:
    """The rows of a table, its header included, each as long as the header.

    Args:
        text: of the file.
        where: how messages call it.
        delimiter: between the cells.
        quoted: whether quotes stand around cells; None: as csv is written, and as the file shows of tsv.
        remarks: takes up how quotes were read, where they could be read otherwise.
        faults: takes up what is wrong.
    """
    if quoted is None and delimiter != "\t":
        quoted = True  # text has commas; of tabs it has none, so that tsv files are written without quotes as well
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
        plain.faults.add(Problem("with quotes around cells it has other rows than without", where=f"{where}:{line}",
                                 fix="Set `quoted: true` if quotes only mark where a cell ends, `quoted: false` if "
                                     "they belong to the text"))
        return plain
    lines = [line for (line, cells), (_, others) in zip(quoted.rows, plain.rows, strict=True) if cells != others]
    remarks.append(DataNote("rows_with_quotes", f"{where}:{lines[0]}", len(lines), (
        "rows with quotes around a cell, which are taken off as in CSV (`quoted: false` keeps them)" if by_rule else
        "rows with quotes around a cell, which are read as text (`quoted: true` takes them off)")))
    return quoted if by_rule else plain


def _written_with_quotes(rows: Cells) -> bool:
    """Whether quotes in ``rows``, read as text, are those that CSV puts around cells.

    Each cell with a quote in it is then in quotes itself, and some cell needs them, or all cells of a column have them.
    """
    cells = [cell for _, row in rows for cell in row if '"' in cell]
    if not all(_QUOTED.fullmatch(cell) for cell in cells):
        return False
    return any('"' in cell[1:-1] for cell in cells) or any(
        all(_QUOTED.fullmatch(row[place]) for _, row in rows) for place in range(len(rows[0][1]) if rows else 0))


def _quoted(text: str, where: str, delimiter: str) -> _Reading:
    """As spreadsheets write it: a cell may stand in quotes and then hold anything."""
    reader = separated.reader(text, delimiter=delimiter, strict=True)
    rows, line, broken = Cells(), 1, None
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row):
                rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        broken = Problem(f"not in the form of a table ({error})", where=f"{where}:{line}",
                         fix="Correct this row: a cell that begins with a quotation mark ends with one, and those "
                             "inside are doubled")
    return _even(rows, where, broken)


def _plain(text: str, where: str, delimiter: str) -> _Reading:
    """A row a line, quotes are text."""
    return _even([(number, line.split(delimiter)) for number, line in enumerate(text.split("\n"), 1) if line.strip()],
                 where)


def _even(rows: Cells, where: str, broken: Problem | None = None) -> _Reading:
    reading = _Reading([])
    if broken is not None:
        reading.faults.add(broken)
    elif not rows:
        reading.faults.add(Problem("nothing stands in it", where=where, fix="Write a header and a row for each item"))
    width = len(rows[0][1]) if rows else 0
    for line, cells in rows:
        if len(cells) == width:
            reading.rows.append((line, cells))
        else:
            reading.faults.add(Problem(
                f"{len(cells)} cell{'s' * (len(cells) != 1)}, where the header has {width}", where=f"{where}:{line}",
                fix="Give each row as many cells as the header; text with a separator or a line break in it needs "
                    "quotes around it"))
    return reading
