"""Whether the folder's people have written its data statement, or the template's words still stand in it."""

from __future__ import annotations

from pathlib import Path

FILE = "statement.md"
UNWRITTEN = "Nobody has filled in this statement yet."  # stands in the template's


def stated(folder: Path) -> bool:
    """Whether ``folder``, a language's, holds a statement that somebody has filled in."""
    path = folder / FILE
    return path.is_file() and UNWRITTEN not in path.read_text(encoding="utf-8")
