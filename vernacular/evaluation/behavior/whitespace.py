"""Spaces that two forms of a sentence do not share, made visible: pages, cards and terminals show two spaces as one."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher

LEGEND = "␣ is a space that one of the two lines alone has, ⍽ one at which no line breaks."
_SIGNS = {" ": "␣", "\u00a0": "⍽"}
_UNSEEN = ("Zs", "Cc", "Cf")  # spaces, tabs, joiners of no width


def with_blanks_shown(first: str, second: str) -> tuple[str, str]:
    """Both forms, with a sign for each space that one of them alone has; what differs by letters stays as it is.

    What else cannot be seen (a tab, a joiner of no width) is shown by its number: ⟨U+200D⟩.
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
