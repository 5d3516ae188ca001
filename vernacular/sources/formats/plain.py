"""Plain text. Bytes become text in ``encoding``, Markdown in ``markdown``."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.packed import content
from vernacular.sources.formats.text import Options, Text

_BLANK = regex.compile(r"\n[^\S\n]*\n\s*")


def encoding_flags(name: str) -> tuple[str, ...]:
    """The flag that says that a text was not kept in UTF-8; none if it was."""
    return () if name == "utf-8" else (f"encoding:{name}",)


def read_plain(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Texts parted by blank lines; without a blank line, each line is one.

    Raises:
        Problem: the encoding cannot be told.
    """
    text, name = decode(content(file, where), where, options.encoding)
    for part in plain_texts(text):
        yield Text(part, flags=encoding_flags(name))


def plain_texts(text: str) -> list[str]:
    """The texts of a plain file: parted by blank lines, or one a line where there is no blank line."""
    text = text.strip()
    parts = _BLANK.split(text)
    return parts if len(parts) > 1 else text.split("\n")
