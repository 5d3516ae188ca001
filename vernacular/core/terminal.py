"""The one way to a terminal: what is written there has no control character of somebody else's; lists fit a line.

File names, titles and text come from outside and may hold escape sequences that clear the screen, forge a line or
reorder one. ``say`` writes a line; a process whose streams are guarded escapes whatever else is written to them.
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
    """What is written for each character that is escaped: in JSON, too, it means that character."""
    return {point: f"\\u{point:04x}" for point in range(0x10000)  # there are none beyond
            if unicodedata.category(chr(point)) in _CONTROL or chr(point) in _DIRECTION}


def escaped(text: str) -> str:
    r"""``text`` with control characters and marks that reorder it written as escapes such as ``\u001b``.

    Line feeds and tabs stay, and so do joiners without width, which scripts need to be written right.
    """
    return text if text.isprintable() else text.translate(_escapes() | {0x09: "\t", 0x0A: "\n"})


def printable(text: str) -> str:
    """``text`` as ``escaped`` has it, on one line: a line feed or tab is a space."""
    return text if text.isprintable() else text.translate(_escapes() | {0x09: " ", 0x0A: " "})


class Guarded(io.TextIOWrapper):
    """A standard stream that escapes control characters in all that is written to it.

    It says that it is no terminal, so that libraries do not color what they write; ``console`` writes to ``plain``.
    """

    def write(self, text: str) -> int:
        """Write ``text``, escaped."""
        return super().write(escaped(text))

    def isatty(self) -> bool:
        """No: escape sequences do not pass."""
        return False

    @property
    def plain(self) -> TextIO:
        """The same stream for what is escaped already."""
        self.flush()
        return open(self.fileno(), "w", encoding=self.encoding, errors=self.errors, buffering=1,
                    closefd=False)


def guard_streams() -> None:
    """Guard standard output and standard error of this process from here on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, Guarded):
            encoding, by_line, at_once = stream.encoding, stream.line_buffering, stream.write_through
            guarded = Guarded(stream.detach(), encoding=encoding, errors="backslashreplace", line_buffering=by_line,
                              write_through=at_once)
            setattr(sys, name, guarded)
            setattr(sys, f"__{name}__", guarded)


def say(line: str, *, err: bool = False) -> None:
    """Write one line to standard output, or to standard error."""
    stream = sys.stderr if err else sys.stdout
    stream.write(printable(line) + "\n")
    stream.flush()


def say_json(data: Any, indent: int | None = 1) -> None:
    """Write JSON in which control characters are escaped: it reads as ``data`` all the same."""
    sys.stdout.write(escaped(json.dumps(data, indent=indent, ensure_ascii=False)) + "\n")


def say_data(line: str) -> None:
    """Write a line of a data set: as it is to a file or pipe, for a program to read, and escaped on a terminal."""
    if isinstance(sys.stdout, Guarded) and not sys.stdout.buffer.isatty():
        io.TextIOWrapper.write(sys.stdout, line + "\n")
    else:
        sys.stdout.write(escaped(line) + "\n")


def printable_data(data: Any) -> Any:
    """Nested dictionaries and lists with every text in them, keys included, made printable."""
    if isinstance(data, str):
        return printable(data)
    if isinstance(data, dict):
        return {printable_data(name): printable_data(value) for name, value in data.items()}
    return [printable_data(value) for value in data] if isinstance(data, list | tuple) else data


def names_in_line(begin: str, names: Sequence[str], width: int) -> str:
    """``begin`` with as many of ``names`` (one at least) in parentheses as fit into ``width`` columns."""
    text = f"{begin}({names[0]}"
    for number, name in enumerate(names[1:], 1):
        last = number == len(names) - 1
        if len(text) + len(f", {name}") + len(")" if last else ", …)") > width:
            return f"{text}, …)"
        text += f", {name}"
    return f"{text})"
