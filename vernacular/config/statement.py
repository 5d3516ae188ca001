"""The data statement of a language folder, and whether its people have written it yet."""

from __future__ import annotations

from pathlib import Path

from vernacular.core.files import File, Folder

FILE = "statement.md"
UNWRITTEN = "Nobody has filled in this statement yet."  # stands in the template's


def statement_of(folder: Path) -> File:
    """The file of the statement in ``folder``, a language's, whether or not it is there."""
    return Folder.of(folder).file(FILE)


def read_statement(folder: Path) -> str | None:
    """The statement in ``folder``, or None where there is none.

    Raises:
        Problem: it is no ordinary file, or not UTF-8.
    """
    file = statement_of(folder)
    return file.text() if file.exists() else None


def stated(folder: Path) -> bool:
    """Whether ``folder`` holds a statement that somebody has filled in.

    Raises:
        Problem: as ``read_statement``.
    """
    text = read_statement(folder)
    return text is not None and UNWRITTEN not in text
