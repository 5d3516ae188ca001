"""One form for one text: Unicode NFC, single spaces, no control characters. Apostrophes and case stay as they are."""

from __future__ import annotations

import unicodedata

import regex

_SPACE = regex.compile(r"[\s\u00a0\u2028\u2029\u0085]+")
# Control characters, zero-width space, byte order mark, soft hyphen and direction marks. The joiners U+200C and U+200D
# stay: Persian and Indic spelling needs them.
_INVISIBLE = regex.compile(r"[\p{Cc}\u200b\ufeff\u00ad\u2060\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def normalise(line: str) -> str:
    """``line`` in its normal form; normalising twice changes nothing more."""
    line = _INVISIBLE.sub("", _SPACE.sub(" ", line))
    return unicodedata.normalize("NFC", " ".join(part for part in line.split(" ") if part))
