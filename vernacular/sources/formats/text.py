"""Input and output types of format readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vernacular.sandbox.frames import OpenFile


@dataclass(frozen=True, slots=True)
class Text:
    """A text in a file.

    Attributes:
        text: its lines, joined by newlines.
        part: its name within the file (``GEN.1``); may be empty.
        whole: whether file and part identify this text.
        title, author, date: if the file contains them.
        flags: observations, such as ``encoding:windows-1252``.
    """

    text: str
    part: str = ""
    whole: bool = False
    title: str = ""
    author: str = ""
    date: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """Reading options set by the user.

    Attributes:
        text_field: the field or column with the text, for row formats; in tables also its number.
        encoding: a Python codec for files that are not Unicode.
    """

    text_field: str | int = "text"
    encoding: str | None = None


Reader = Callable[[OpenFile, str, Options], Iterator[Text]]
