"""Test whether letters belong to a script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import regex
from numpy.typing import NDArray

from vernacular.text.codepoints import LETTER, LIMIT, MARK, Batch, points_of

_PARTS = {"Jpan": ("Hani", "Hira", "Kana"), "Kore": ("Hang", "Hani"), "Hans": ("Hani",), "Hant": ("Hani",),
          "Hrkt": ("Hira", "Kana"), "Latf": ("Latn",), "Latg": ("Latn",), "Aran": ("Arab",), "Cyrs": ("Cyrl",),
          "Syre": ("Syrc",), "Syrj": ("Syrc",), "Syrn": ("Syrc",)}  # ISO 15924 codes that are not Unicode scripts


def knows_script(script: str) -> bool:
    """Whether Unicode knows the ISO 15924 code ``script``."""
    try:
        regex.compile(in_script(script))
    except regex.error:
        return False
    return True


def in_script(script: str) -> str:
    """Return the set of letters of an ISO 15924 code, for use in a pattern of the module ``regex``."""
    return "[" + "".join(rf"\p{{sc={part}}}" for part in _PARTS.get(script, (script,))) + "]"


@cache
def foreign_to(script: str) -> NDArray[np.bool_]:
    """Return per code point whether it is a letter or mark of another script, common ones excluded."""
    table = np.zeros(LIMIT, dtype=np.bool_)
    table[points_of(rf"[[\p{{L}}\p{{M}}]--[{in_script(script)}\p{{sc=Zyyy}}\p{{sc=Zinh}}]]+")] = True
    return table


def other_script(lines: Sequence[str], script: str, least: float) -> dict[int, str]:
    """Return the lines with less than ``least`` of their letters in ``script``, with the reason.

    Marks count as letters: they are a third of Khmer or Thai text, and a Latin name would otherwise
    weigh too much.
    """
    if script == "Latn" and all(map(str.isascii, lines)):
        return {}
    batch = Batch.of(lines)
    foreign = batch.sums(foreign_to(script).take(batch.codes))
    letters = batch.sums((batch.kinds & (LETTER | MARK)) != 0)
    share = 1 - foreign / np.maximum(letters, 1)
    return {index: f"{share[index]:.0%} of its letters are {script}, less than {least:.0%}"
            for index in np.flatnonzero(share < least).tolist()}
