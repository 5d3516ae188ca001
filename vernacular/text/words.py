"""The definition of a word: letters, marks and digits, with inner apostrophes and joiners (ng'ombe, m'chihema).

One rule for all scripts, by Unicode properties: the Ethiopic wordspace, the Tibetan tsheg and the
sentence marks of Ol Chiki and N'Ko are punctuation and separate words; the tone marks and
apostrophes of N'Ko and the modifier letters of Ol Chiki are part of words. So Tibetan is counted in
syllables.

Scripts without spaces between words (Thai, Lao, Khmer, Burmese, Han, kana, Yi, Javanese, Balinese
and others, by Unicode's line breaking classes) are counted in characters: each letter with its
marks is a word. Real words would need a dictionary that small languages lack. In such languages,
and in Tibetan, 13 words are a short run: raise ``splits.overlap_words``. Korean has spaces and is
counted like Latin.
"""

from __future__ import annotations

import re

import regex

APOSTROPHES = "'’ʼ‘ʻ`"
_INSIDE = rf"[{APOSTROPHES}\u200c\u200d]"
# A letter of a script without spaces; full-width Latin letters have the same line breaking class,
# but are excluded.
UNSPACED = r"[[\p{lb=SA}\p{lb=ID}\p{lb=CJ}\p{lb=AK}\p{lb=AS}]&&[\p{L}--\p{sc=Latn}]]"
_SPACED = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{UNSPACED}]"
_ANY_WORD = regex.compile(rf"{UNSPACED}\p{{M}}*|{_SPACED}+(?:{_INSIDE}{_SPACED}+)*", regex.V1)
# A faster pattern for texts without such letters; the check for them may give false positives.
_SPACED_WORD = regex.compile(rf"[\p{{L}}\p{{M}}\p{{N}}]+(?:{_INSIDE}[\p{{L}}\p{{M}}\p{{N}}]+)*")
_MAY_BE_UNSPACED = re.compile("[^\0-\u0dff\u1e00-\u2e7f]")


def words(text: str) -> list[str]:
    """Return the words of ``text`` in order, in any script; a hyphen separates two words."""
    return _pattern(text).findall(text)


def plain_words(text: str) -> tuple[str, ...]:
    """Return the casefolded words of ``text`` without surrounding characters, for comparing lines."""
    return tuple(words(text.casefold()))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return start and end (exclusive) of each word of ``words(text)``."""
    return [found.span() for found in _pattern(text).finditer(text)]


def _pattern(text: str) -> regex.Pattern[str]:
    return _SPACED_WORD if text.isascii() or not _MAY_BE_UNSPACED.search(text) else _ANY_WORD
