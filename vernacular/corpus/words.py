"""What counts as a word here: letters, marks and digits, with apostrophes and joiners inside (ng'ombe, m'chihema)."""

from __future__ import annotations

import regex

APOSTROPHES = "'’ʼ‘ʻ`"
_WORD = regex.compile(rf"[\p{{L}}\p{{M}}\p{{N}}]+(?:[{APOSTROPHES}\u200c\u200d][\p{{L}}\p{{M}}\p{{N}}]+)*")


def words(text: str) -> list[str]:
    """The words of ``text`` in order, in any script; a hyphen separates two words."""
    return _WORD.findall(text)


def plain_words(text: str) -> tuple[str, ...]:
    """The words of ``text`` casefolded and without what surrounds them: what two lines are compared by."""
    return tuple(_WORD.findall(text.casefold()))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Start and end (exclusive) of each word of ``words(text)``."""
    return [found.span() for found in _WORD.finditer(text)]
