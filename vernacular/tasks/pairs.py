"""Parallel text and other pairs: a source and its target, for retrieval, translation and generation.

Read from two files that agree line by line, or from the rows of a table; what is done with them is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vernacular.errors import Problem


@dataclass(frozen=True)
class Pair:
    """A source and its target, each one line.

    Attributes:
        source: what is given: a sentence of the other language, or a prompt.
        target: what is wanted: its translation, or the answer.
    """

    source: str
    target: str


def one_line(text: str) -> str:
    """``text`` with every run of white space as one space: a line break ends an answer."""
    return " ".join(text.split())


def read_lines(source: Path, target: Path, shown: tuple[str, str]) -> list[Pair]:
    """The pairs of two UTF-8 files in which line ``n`` of one translates line ``n`` of the other.

    Lines that are empty in both are passed over.

    Args:
        source: the file of sources.
        target: the file of targets.
        shown: what to call the two files in an error.

    Raises:
        Problem: a file that is not there or is not UTF-8; a line without its counterpart.
    """
    sides = [_lines(path, name) for path, name in zip((source, target), shown, strict=True)]
    if len(sides[0]) != len(sides[1]):
        raise Problem(f"{len(sides[0])} lines, but {shown[1]} has {len(sides[1])}", where=shown[0],
                      fix="Each line needs its counterpart in the other file")
    return _pairs(zip(*sides, strict=True), shown[0])


def from_rows(rows: Iterable[Mapping[str, Any]], source: str, target: str, where: str) -> list[Pair]:
    """The pairs in two columns of a table.

    Args:
        rows: the rows by column name.
        source: the column of sources.
        target: the column of targets.
        where: what to call the table in an error.

    Raises:
        Problem: a column that a row lacks, or that is no text.
    """
    found = []
    for number, row in enumerate(rows, 1):
        for column in (source, target):
            if not isinstance(row.get(column), str):
                raise Problem(f"row {number} has no text in '{column}'", where=where,
                              fix=f"It has: {', '.join(map(str, row))}; name the columns of source and target")
        found.append((row[source], row[target]))
    return _pairs(found, where)


def _lines(path: Path, shown: str) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Problem("there is no such file", where=shown, fix="Correct the path") from None
    except UnicodeDecodeError as error:
        raise Problem(f"not UTF-8 at byte {error.start}", where=shown, fix="Save it as UTF-8") from None
    return text.removesuffix("\n").split("\n") if text else []  # splitlines would also break at U+2028 in a sentence


def _pairs(rows: Iterable[tuple[str, str]], where: str) -> list[Pair]:
    found = []
    for number, (source, target) in enumerate(rows, 1):
        pair = Pair(one_line(source), one_line(target))
        if pair.source and pair.target:
            found.append(pair)
        elif pair.source or pair.target:
            raise Problem(f"pair {number} has only one side", where=where, fix="Give it its counterpart, or remove it")
    return found
