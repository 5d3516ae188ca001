"""Parallel text: two files of which line ``n`` of one translates line ``n`` of the other."""

from __future__ import annotations

from collections.abc import Iterator

from vernacular.errors import Problem
from vernacular.normal_form import normalized
from vernacular.tasks.kind import Row


def read_parallel(source: str, target: str, where: str, other: str) -> Iterator[Row]:
    """The pairs of two files; lines that are empty in both are passed over, and empty ones at the end of either.

    Args:
        source: text of the file of sources.
        target: text of the file of targets.
        where: how messages call the file of sources.
        other: how they call the file of targets.

    Raises:
        Problem: a line has no counterpart.
    """
    sides = _lines(source), _lines(target)
    both = min(map(len, sides))
    if any(any(lines[both:]) for lines in sides):
        raise Problem(f"{len(sides[0])} lines, but {other} has {len(sides[1])}", where=where,
                      fix="Each line needs its counterpart in the other file")
    for number, (left, right) in enumerate(zip(*sides, strict=False), 1):
        if bool(left) != bool(right):
            raise Problem("the line is empty in one of the two files", where=f"{where if right else other}:{number}",
                          fix="Give it its translation, or remove it from both")
        if left:
            yield Row(f"{where}:{number}", {"source": left, "target": right})


def _lines(text: str) -> list[str]:
    """The lines without the white space around them, in NFC; a line ends at a line feed alone, not at U+2028."""
    return [normalized("NFC", line.strip()) for line in text.removesuffix("\n").split("\n")] if text else []
