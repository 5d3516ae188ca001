"""Tokenize lines for the identifier: normalized words without names, numbers and marks.

Names are removed, since a foreign name is no evidence of the language around it: a word with a
capital inside a sentence, or with two capitals. If most words of a line look like names (a
headline), all of them count.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from vernacular.text.words import APOSTROPHES, words

_APOSTROPHES = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
_ENDS = frozenset(".!?:;…“”\"«»()[]—–-/|።፣፤፥፡။།।॥۔؟؛،߹߸᱾᱿")
_PLAIN_ENDS = ",.!?:;"
_CLOSING = "'’”\"»)]*_"
_LEAST_PLAIN = 0.5


@dataclass(frozen=True)
class Batch:
    """The words of many lines."""

    words: NDArray[np.int64]  # vocabulary index of each word, shape ``(words,)``
    lines: NDArray[np.int64]  # the line of each word, ascending
    number: int  # of lines


class Reader:
    """Converts lines to words of a growing vocabulary; tokens are cached.

    Attributes:
        vocabulary: the words so far, in lower case, with one kind of apostrophe.
    """

    def __init__(self, most_tokens: int = 2_000_000) -> None:
        self.vocabulary: list[str] = []
        self._index: dict[str, int] = {}
        self._most = most_tokens
        self._forget()

    def _forget(self) -> None:
        self._tokens: dict[str, int] = {}  # token -> its number
        self._words, self._marks = array("q"), array("q")  # of all tokens, concatenated
        self._starts = array("q", [0])  # where the words of each token begin

    def read(self, lines: Sequence[str]) -> Batch:
        """Return the words of ``lines``."""
        if len(self._tokens) > self._most:
            self._forget()
        tokens = [line.split() for line in lines]
        flat = list(chain.from_iterable(tokens))
        for token in set(flat).difference(self._tokens):
            self._tokens[token] = len(self._tokens)
            bare = token.rstrip(_PLAIN_ENDS)
            if bare.isascii() and bare.isalpha():  # most tokens; a shortcut with the same result
                lower = bare.lower()
                self._words.append(self._number(lower))
                self._marks.append((0 if lower == bare else _capitals(bare)) + (
                    0 if bare is token else 4 * (token[len(bare):] != "" and token[-1] in _ENDS)))
            else:
                for number, marks in self._parts(token):
                    self._words.append(number)
                    self._marks.append(marks)
            self._starts.append(len(self._words))
        # release the views on return: an array with views cannot grow
        words, marked, starts = (np.frombuffer(found, np.int64) if found else np.zeros(0, np.int64)
                                 for found in (self._words, self._marks, self._starts))
        ids = np.fromiter(map(self._tokens.__getitem__, flat), np.int64, len(flat))
        per_line = np.fromiter(map(len, tokens), np.int64, len(tokens))
        first, sizes = starts[ids], starts[ids + 1] - starts[ids]
        ends = np.cumsum(sizes)
        at = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(first - (ends - sizes), sizes)
        line_of = np.repeat(np.repeat(np.arange(len(lines)), per_line), sizes)
        return _plain(words[at], marked[at], line_of, len(lines))

    def add(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the index of each of ``names``, normalized words; add new ones."""
        for name in names:
            if name not in self._index:
                self._number(name)
        return np.fromiter(map(self._index.__getitem__, names), np.int64, len(names))

    def _number(self, plain: str) -> int:
        number = self._index.get(plain)
        if number is None:
            number = self._index[plain] = len(self.vocabulary)
            self.vocabulary.append(plain)
        return number

    def _parts(self, token: str) -> tuple[tuple[int, int], ...]:
        """Return (index, marks) of each word in a token; mark bits: 1 first capital, 2 inner, 4 ends, 8 opens."""
        found = []
        for word in words(token):
            if not any(map(str.isalpha, word)):
                continue
            number = self._number(word.translate(_APOSTROPHES).lower())
            marks = _capitals(word)
            found.append([number, marks])
        if found:
            bare = token.rstrip(_CLOSING)
            found[-1][1] += 4 * (bool(token) and (token[-1] in _ENDS or (bool(bare) and bare[-1] in _ENDS)))
            found[0][1] += 8 * (token[0] in _ENDS)
        elif token[-1:] in _ENDS:
            return ((-1, 4),)  # only a mark: what follows begins a sentence
        return tuple((number, marks) for number, marks in found)


def _capitals(word: str) -> int:
    """Return 1 for an initial capital, 3 for a later one too, 0 for a lower-case prefix (isiZulu, kaDe)."""
    return (1 + 2 * (word[1:].lower() != word[1:])) if word[0].isupper() else 0


def _plain(index: NDArray[np.int64], marks: NDArray[np.int64], line_of: NDArray[np.int64], number: int) -> Batch:
    """Remove likely names, line by line."""
    first = np.ones(len(index), bool)
    first[1:] = (line_of[1:] != line_of[:-1]) | ((marks[:-1] & 4) > 0)
    first |= (marks & 8) > 0
    name = ((marks & 2) > 0) | (((marks & 1) > 0) & ~first)
    real = index >= 0
    index, line_of, name = index[real], line_of[real], name[real]
    total = np.bincount(line_of, minlength=number)
    plain = np.bincount(line_of[~name], minlength=number)
    keep = ~name | (plain < _LEAST_PLAIN * total)[line_of]
    return Batch(index[keep], line_of[keep], number)
