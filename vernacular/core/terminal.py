"""Safe terminal output: control characters from outside are escaped, lists fit on a line.

File names, titles and text may contain escape sequences that clear the screen, forge a line or
reorder one. ``say`` writes a line; a process with guarded streams escapes all other output.
"""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any, TextIO

_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@cache
def _escapes() -> dict[int, str]:
    """Map each character to escape to its JSON-compatible escape sequence."""
    return {point: f"\\u{point:04x}" for point in range(0x10000)  # the Basic Multilingual Plane contains all of them
            if unicodedata.category(chr(point)) in _CONTROL or chr(point) in _DIRECTION}


def escaped(text: str) -> str:
    r"""Escape control and bidirectional characters of ``text`` as in ``\u001b``.

    Line feeds, tabs and zero-width joiners, which some scripts need, are kept.
    """
    return text if text.isprintable() else text.translate(_escapes() | {0x09: "\t", 0x0A: "\n"})


def printable(text: str) -> str:
    """Return ``text`` escaped and on one line: line feeds and tabs become spaces."""
    return text if text.isprintable() else text.translate(_escapes() | {0x09: " ", 0x0A: " "})


class Guarded(io.TextIOWrapper):
    """A standard stream that escapes control characters in all output.

    It reports that it is not a terminal, so that libraries write no colors; ``console`` uses
    ``plain``.
    """

    def write(self, text: str) -> int:
        """Write ``text``, escaped."""
        return super().write(escaped(text))

    def isatty(self) -> bool:
        """Return False: escape sequences are not passed on."""
        return False

    @property
    def plain(self) -> TextIO:
        """The stream for text that is already escaped."""
        self.flush()
        return open(self.fileno(), "w", encoding=self.encoding, errors=self.errors, buffering=1,
                    closefd=False)


def guard_streams() -> None:
    """Guard standard output and standard error of this process."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, Guarded):
            encoding, by_line, at_once = stream.encoding, stream.line_buffering, stream.write_through
            guarded = Guarded(stream.detach(), encoding=encoding, errors="backslashreplace", line_buffering=by_line,
                              write_through=at_once)
            setattr(sys, name, guarded)
            setattr(sys, f"__{name}__", guarded)


def say(line: str, *, err: bool = False) -> None:
    """Write one line to standard output or standard error."""
    stream = sys.stderr if err else sys.stdout
    stream.write(printable(line) + "\n")
    stream.flush()


def say_json(data: Any, indent: int | None = 1) -> None:
    """Write JSON with control characters escaped; it parses to ``data``."""
    sys.stdout.write(escaped(json.dumps(data, indent=indent, ensure_ascii=False)) + "\n")


def say_data(line: str) -> None:
    """Write a line of data: unchanged to a file or pipe, escaped on a terminal."""
    if isinstance(sys.stdout, Guarded) and not sys.stdout.buffer.isatty():
        io.TextIOWrapper.write(sys.stdout, line + "\n")
    else:
        sys.stdout.write(escaped(line) + "\n")


def printable_data(data: Any) -> Any:
    """Make every string in nested dictionaries and lists printable, keys included."""
    if isinstance(data, str):
        return printable(data)
    if isinstance(data, dict):
        return {printable_data(name): printable_data(value) for name, value in data.items()}
    return [printable_data(value) for value in data] if isinstance(data, list | tuple) else data


def names_in_line(begin: str, names: Sequence[str], width: int) -> str:
    """Return ``begin`` with as many ``names`` in parentheses as fit into ``width`` columns, at least one."""
    text = f"{begin}({names[0]}"
    for number, name in enumerate(names[1:], 1):
        last = number == len(names) - 1
        if len(text) + len(f", {name}") + len(")" if last else ", …)") > width:
            return f"{text}, …)"
        text += f", {name}"
    return f"{text})"
