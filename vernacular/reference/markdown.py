"""Markdown of the generated pages: the note on top, and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

COMMAND = "make reference"


def opening(title: str, origin: str) -> str:
    """The first lines of a page: a comment that names its origin in the code, and the title."""
    return f"<!-- Generated from {origin} by `{COMMAND}`. -->\n# {title}\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may contain any text."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |"
                     for line in lines) + "\n"
