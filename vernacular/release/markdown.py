"""Tables and sections that card, page and terminal render, and how numbers and intervals are written in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MISSING = "not measured"
_ESCAPES = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|~$&#!"})


def number(value: Any, digits: int = 3, percent: bool = False) -> str:
    """``value`` for reading: thousands separated, a fixed number of digits; ``not measured`` for None."""
    if value is None:
        return MISSING
    return f"{value:.{digits}%}" if percent else f"{value:,.{digits}f}"


@dataclass(frozen=True)
class Table:
    """A table of text; false without rows. ``str`` gives Markdown in which every cell is shown literally."""

    columns: Sequence[str]  # their titles
    rows: Sequence[Sequence[str]]  # a cell for each column
    narrow: Sequence[str] = ()  # titles of the columns for a terminal, where it is too narrow for all

    def __bool__(self) -> bool:
        return bool(self.rows)

    def __str__(self) -> str:
        lines = [[literal(cell) for cell in row] for row in (self.columns, *self.rows)]
        lines.insert(1, ["---"] * len(self.columns))
        return "\n".join(f"| {' | '.join(row)} |" for row in lines)


@dataclass(frozen=True)
class Section:
    """A part of the card, which ``report --full`` shows too."""

    title: str  # its heading; empty: belongs to the section before
    blocks: Sequence[str | Table]  # paragraphs in Markdown, and tables
    on_screen: bool = True  # whether the terminal shows it


def literal(text: str) -> str:
    """``text`` on one line so that Markdown shows it as it is written: no link, no picture, no HTML, no further cell.

    Lines of the text come from anywhere.
    """
    return " ".join(text.split()).translate(_ESCAPES)


def interval_text(interval: Sequence[float], digits: int = 3) -> str:
    """A difference with its 95 % interval, signed."""
    low, mean, high = interval
    return f"{mean:+.{digits}f}, 95 % interval {low:+.{digits}f} to {high:+.{digits}f}"


def signed(interval: Sequence[float], digits: int = 3) -> str:
    """The same for a table whose column head announces the interval in brackets."""
    low, mean, high = interval
    return f"{mean:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def range_text(interval: Sequence[float] | None, digits: int = 3) -> str:
    """The ends of a 95 % interval; empty for None."""
    return "" if interval is None else f"{interval[0]:.{digits}f} to {interval[2]:.{digits}f}"


def read_text(passes: float | None) -> str:
    """A sentence on how much of its text a training read; empty if that is not known."""
    if passes is None:
        return ""
    return (f"Training read {passes:.1%} of the text that it was given." if passes < 1 else
            f"Training read the text that it was given {passes:.1f} times.")


def caveat(text: str) -> str:
    """The caveat of a stage about its own figures, as a sentence with a space before it; empty without one."""
    return f" {text[:1].upper()}{text[1:]}." if text else ""


def plain(markdown: str) -> str:
    """A paragraph of the card as plain text; undoes ``literal``."""
    return re.sub(r"\\([\\`*_\[\]<>|~$&#!])|\*\*|`|^#+ |^> ", lambda mark: mark[1] or "", markdown, flags=re.MULTILINE)
