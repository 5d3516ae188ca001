"""Numbers, intervals and tables as the card and the report write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

MISSING = "not measured"
_ESCAPES = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|~$&#!"})


def number(value: Any, digits: int = 3, percent: bool = False) -> str:
    """``value`` for reading: thousands separated, a fixed number of digits; ``not measured`` for None."""
    if value is None:
        return MISSING
    return f"{value:.{digits}%}" if percent else f"{value:,.{digits}f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose cells are shown as they are written."""
    lines = [[literal(cell) for cell in row] for row in (head, *rows)]
    lines.insert(1, ["---"] * len(head))
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


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
    """The 95 % interval of a score, itself not repeated; empty for None, as of a report made before it was computed."""
    return "" if interval is None else f"{interval[0]:.{digits}f} to {interval[2]:.{digits}f}"


def read_text(passes: float | None) -> str:
    """How much of its text a training read, a sentence: less than all of it where the budget ends before; or empty."""
    if passes is None:
        return ""
    return (f"Training read {passes:.1%} of the text that it was given." if passes < 1 else
            f"Training read the text that it was given {passes:.1f} times.")


def caveat(said: str) -> str:
    """What a stage says against its own figures, as a sentence with a space before it; empty where it says nothing."""
    return f" {said[:1].upper()}{said[1:]}." if said else ""
