"""The data statement of a language folder, and whether it has been written."""

from __future__ import annotations

from pathlib import Path

from vernacular.core.files import File, Folder

FILE = "statement.md"
UNWRITTEN = "Nobody has filled in this statement yet."  # in the template's statement


def statement_of(folder: Path) -> File:
    """Return the statement's file in a language's ``folder``, existing or not."""
    return Folder.of(folder).file(FILE)


def read_statement(folder: Path) -> str | None:
    """Return the statement in ``folder``, or None.

    Raises:
        Problem: it is not a regular file, or not UTF-8.
    """
    file = statement_of(folder)
    return file.text() if file.exists() else None


def stated(folder: Path) -> bool:
    """Whether ``folder`` has a statement that somebody has written.

    Raises:
        Problem: as ``read_statement``.
    """
    text = read_statement(folder)
    return text is not None and UNWRITTEN not in text
