"""Text from anywhere, made safe for a terminal. Decides nothing of how a table or a line looks."""

from __future__ import annotations

import unicodedata
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
