"""Lines that identification refused although something speaks for the language, by kind, for a speaker to look at.

Evidence is a probability close below the threshold, a document whose other lines are mostly accepted, or common words
of the seed without their diacritics. The kind names what is unusual about the line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from vernacular.core.normal_forms import normalized
from vernacular.langid.foreign_spans import ForeignSpans
from vernacular.text.words import APOSTROPHES, words

KINDS = {  # in the order in which they are tried
    "short": "of fewer than four words", "no_marks": "without the diacritics or tone marks of the seed",
    "code_switched": "with a part in another language", "names": "mostly of names",
    "headline": "headlines or parts of lists", "other_spelling": "with common words in another spelling",
    "other": "without such a sign"}
NUMBERS = {name: number for number, name in enumerate(KINDS, 1)}  # 0: nothing speaks for the language
CLOSE = 0.1  # probability from which a line is close to the threshold
INSIDE = 0.5  # share of a document's words in accepted lines, from which its other lines are looked at
_SHORT, _HEADLINE = 4, 12  # words
_MARKED = 0.05  # share of the seed's common words with diacritics, from which their absence is noticed
_BARE = 0.15  # share of a line's words that are common ones without their diacritics
_RESPELLED = 0.1  # share of a line's words that are common ones in another spelling
_LEAST = 2  # such words in a line
_FOREIGN, _NAMES = 0.2, 0.5  # shares of a line's words
_LIST = re.compile(r"^\s*(?:[-–—•*·▪]|\(?\d+[.)]|\(?[a-zA-Z][.)]\s)|(?:[,;][^,;]{1,25}){4}")
_ENDS = re.compile(r"[.!?…։။።।॥۔؟߹᱾᱿»”\"]\s*$")
_APOSTROPHES = str.maketrans("", "", APOSTROPHES)
_DOUBLED = re.compile(r"(.)\1+")


class RefusedLines:
    """Sorts refused lines by kind.

    Args:
        common: the most common words of the seed, in lower case.
        spans: finds parts in other languages.
    """

    def __init__(self, common: Collection[str], spans: ForeignSpans) -> None:
        self._common, self._spans = frozenset(common), spans
        bare = {_bare(word) for word in self._common if _bare(word) != word}
        marked = len(bare) >= _MARKED * len(self._common)
        self._bare = frozenset(bare) - self._common if marked else frozenset()
        self._skeletons = frozenset(map(_skeleton, self._common))

    def kinds(self, texts: Sequence[str], probabilities: Sequence[float], shares: Sequence[float],
              foreign: Collection[int]) -> NDArray[np.uint8]:
        """Return the kind of each line, 0 if nothing speaks for the language.

        Args:
            texts: the refused lines.
            probabilities: that they are in the language.
            shares: of the words of each line's document that are in accepted lines.
            foreign: index of those that are surely in another language.
        """
        found = np.zeros(len(texts), dtype=np.uint8)
        asked: list[int] = []
        for index, text in enumerate(texts):
            near = index not in foreign and (probabilities[index] >= CLOSE or shares[index] >= INSIDE)
            if not near and not self._bare:
                continue
            plain = words(text.lower())
            bare = self._is_bare(text, plain)
            if near or bare:
                found[index] = NUMBERS["short" if len(plain) < _SHORT else "no_marks" if bare else "other"]
                asked += [index] if found[index] == NUMBERS["other"] else []
        spans = self._spans.find([texts[index] for index in asked])
        for place, index in enumerate(asked):
            inside = sum(span.words for span in spans.get(place, ()))
            found[index] = NUMBERS[self._kind(texts[index], inside)]
        return found

    def _is_bare(self, text: str, plain: Sequence[str]) -> bool:
        if not self._bare:
            return False
        number = sum(word in self._bare for word in plain)
        return number >= max(_LEAST, _BARE * len(plain)) and sum(
            _bare(word) != word for word in plain) <= _MARKED * len(plain)

    def _kind(self, text: str, inside: int) -> str:
        every = words(text)
        if inside >= _FOREIGN * len(every):
            return "code_switched"
        if sum(word[0].isupper() for word in every[1:]) >= _NAMES * max(len(every) - 1, 1):
            return "names"
        if _LIST.search(text) or (len(every) <= _HEADLINE and not _ENDS.search(text)):
            return "headline"
        respelled = sum(word not in self._common and _skeleton(word) in self._skeletons
                        for word in (word.lower() for word in every))
        return "other_spelling" if respelled >= max(_LEAST, _RESPELLED * len(every)) else "other"


def _bare(word: str) -> str:
    """Return ``word`` without diacritics."""
    if word.isascii():
        return word
    return "".join(letter for letter in normalized("NFD", word) if unicodedata.category(letter) != "Mn")


def _skeleton(word: str) -> str:
    """Return what spellings of a word have in common: without diacritics, apostrophes and double letters."""
    return _DOUBLED.sub(r"\1", _bare(word).translate(_APOSTROPHES))
