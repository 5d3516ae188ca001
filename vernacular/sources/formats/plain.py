"""Plain text. Decoding is in ``encoding``, Markdown in ``markdown``."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import decode
from vernacular.sources.formats.packed import content
from vernacular.sources.formats.text import Options, Text

_BLANK = regex.compile(r"\n[^\S\n]*\n\s*")


def encoding_flags(name: str) -> tuple[str, ...]:
    """Return a flag for text that was not UTF-8; else nothing."""
    return () if name == "utf-8" else (f"encoding:{name}",)


def read_plain(file: OpenFile, where: str, options: Options) -> Iterator[Text]:
    """Yield texts separated by blank lines; without blank lines, each line is a text.

    Raises:
        Problem: the encoding is unknown.
    """
    text, name = decode(content(file, where), where, options.encoding)
    for part in plain_texts(text):
        yield Text(part, flags=encoding_flags(name))


def plain_texts(text: str) -> list[str]:
    """Split a plain file into texts at blank lines, or into lines if there are none."""
    text = text.strip()
    parts = _BLANK.split(text)
    return parts if len(parts) > 1 else text.split("\n")
