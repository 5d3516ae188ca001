"""What counts as a word here: letters, marks and digits, with apostrophes and joiners inside (ng'ombe, m'chihema).

One rule for every script, by Unicode's properties: the Ethiopic wordspace, the Tibetan tsheg and the marks that end a
sentence in Ol Chiki and N'Ko are punctuation and part two words; the tone marks and apostrophes of N'Ko and the
modifier letters of Ol Chiki are marks and letters and stand inside one. So Tibetan is counted in syllables.

Scripts that put no space between words (those in which Unicode's line breaking asks for a dictionary or breaks
anywhere: Thai, Lao, Khmer, Burmese, Han, kana, Yi, Javanese, Balinese and the like) are counted in characters: each
letter with its marks is a word. That keeps every count, share and overlap finite and the same for everybody; finding
true words would need a dictionary that small languages do not have. In such languages, and in Tibetan, a run of 13
words is short: raise ``splits.overlap_words``. Korean has spaces and is counted like Latin.
"""

from __future__ import annotations

import re

import regex

APOSTROPHES = "'’ʼ‘ʻ`"
_INSIDE = rf"[{APOSTROPHES}\u200c\u200d]"
# A letter of a script without spaces; the full-width Latin letters break lines like Han, but are no such letters.
UNSPACED = r"[[\p{lb=SA}\p{lb=ID}\p{lb=CJ}\p{lb=AK}\p{lb=AS}]&&[\p{L}--\p{sc=Latn}]]"
_SPACED = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{UNSPACED}]"
_ANY_WORD = regex.compile(rf"{UNSPACED}\p{{M}}*|{_SPACED}+(?:{_INSIDE}{_SPACED}+)*", regex.V1)
# The same where no such letter occurs, twice as fast; what may hold one is seen at a glance, and is more than does.
_SPACED_WORD = regex.compile(rf"[\p{{L}}\p{{M}}\p{{N}}]+(?:{_INSIDE}[\p{{L}}\p{{M}}\p{{N}}]+)*")
_MAY_BE_UNSPACED = re.compile("[^\0-\u0dff\u1e00-\u2e7f]")


def words(text: str) -> list[str]:
    """The words of ``text`` in order, in any script; a hyphen separates two words."""
    return _pattern(text).findall(text)


def plain_words(text: str) -> tuple[str, ...]:
    """The words of ``text`` casefolded and without what surrounds them: what two lines are compared by."""
    return tuple(words(text.casefold()))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Start and end (exclusive) of each word of ``words(text)``."""
    return [found.span() for found in _pattern(text).finditer(text)]


def _pattern(text: str) -> regex.Pattern[str]:
    return _SPACED_WORD if text.isascii() or not _MAY_BE_UNSPACED.search(text) else _ANY_WORD
