"""Make differing spaces of two sentences visible: pages, cards and terminals collapse spaces."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher

LEGEND = "␣ is a space in only one of the two lines, ⍽ a no-break space."
_SIGNS = {" ": "␣", "\u00a0": "⍽"}
_UNSEEN = ("Zs", "Cc", "Cf")  # spaces, tabs, zero-width joiners


def with_blanks_shown(first: str, second: str) -> tuple[str, str]:
    """Return both forms with a sign for each space in only one of them; other differences are unchanged.

    Other invisible characters (a tab, a zero-width joiner) are shown by code point: ⟨U+200D⟩.
    """
    shown = "", ""
    for same, start, stop, begin, end in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        parts = first[start:stop], second[begin:end]
        if same != "equal" and all(unicodedata.category(char) in _UNSEEN for part in parts for char in part):
            parts = _signed(parts[0]), _signed(parts[1])
        shown = shown[0] + parts[0], shown[1] + parts[1]
    return shown


def _signed(blanks: str) -> str:
    return "".join(_SIGNS.get(char, f"⟨U+{ord(char):04X}⟩") for char in blanks)
