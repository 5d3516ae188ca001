"""Input and output types of format readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vernacular.sandbox.frames import OpenFile


@dataclass(frozen=True, slots=True)
class Text:
    """A text in a file."""

    text: str  # its lines, joined by newlines
    part: str = ""  # its name within the file (``GEN.1``); may be empty
    whole: bool = False  # whether file and part identify this text
    title: str = ""  # title, author and date: if the file contains them
    author: str = ""
    date: str = ""
    flags: tuple[str, ...] = ()  # observations, such as ``encoding:windows-1252``


@dataclass(frozen=True)
class Options:
    """Reading options set by the user."""

    # the field or column with the text, for row formats; in tables also its number
    text_field: str | int = "text"
    encoding: str | None = None  # a Python codec for files that are not Unicode


Reader = Callable[[OpenFile, str, Options], Iterator[Text]]
