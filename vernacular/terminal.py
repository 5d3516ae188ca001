"""Text for a terminal: control characters are escaped, lists are cut to a line."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""``text`` on one line, with control characters and marks that reorder it written as escapes such as ``\x1b``.

    Data may hold escape sequences that clear the screen or forge a line. Joiners without width, which scripts need to
    be written right, stay.
    """
    return "".join(" " if sign in "\t\n" else sign if unicodedata.category(sign) not in _CONTROL
                   and sign not in _DIRECTION else sign.encode("unicode_escape").decode("ascii")
                   for sign in text)


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
