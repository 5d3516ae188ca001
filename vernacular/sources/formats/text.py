"""What a reader of a format yields and what it is handed. Reads nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vernacular.sandbox.frames import OpenFile


@dataclass(frozen=True, slots=True)
class Text:
    """A text that a file holds.

    Attributes:
        text: its lines, joined by newlines.
        part: what names it within the file (``GEN.1``); empty where nothing does.
        whole: file and part name this text alone.
        title, author, date: as far as the file says.
        flags: signs that were seen, such as ``encoding:windows-1252``.
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
    """What a person said of the files.

    Attributes:
        text_field: the field or column that holds the text, for formats with rows; in tables also its number.
        encoding: a Python codec for files that are not Unicode.
    """

    text_field: str | int = "text"
    encoding: str | None = None


Reader = Callable[[OpenFile, str, Options], Iterator[Text]]
