"""Spans of a well-documented language inside a line of the language, such as English inside Chichewa.

Each word costs bits under the character model of the language (from the seed) and under one of the other language
(from its list of common words, ``word_lists``). The cheapest sequence of languages, where a change costs ``CHANGE``
bits, gives the spans (Viterbi 1967). Names are no evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vernacular.langid.char_ngrams import CharacterModel
from vernacular.text.words import APOSTROPHES, word_spans

CHANGE = 6.0  # bits of a change of language
MOST = 8.0  # most bits that one word counts for either side
LISTED = 8.0  # bits that a common word of one language counts for it
LEAST_WORDS = 3  # of a span
LEAST_LISTED = 1  # common words of the other language in a span
_APOSTROPHES = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
_MOST_WORDS = 400  # of a line that are looked at
_REMEMBERED = 500_000  # words whose weight is kept


@dataclass(frozen=True)
class Span:
    """A part of a line in another language."""

    language: str  # name of the word list
    start: int  # first character
    end: int  # behind the last character
    words: int


class ForeignSpans:
    """Finds spans of other languages.

    Args:
        own: character model of the language.
        common: its most common words, in lower case.
        lists: name of another language -> its common words.
    """

    def __init__(self, own: CharacterModel, common: Collection[str], lists: Mapping[str, Collection[str]]) -> None:
        self._own, self._common = own, frozenset(common)
        self._listed = {name: frozenset(words) - self._common for name, words in lists.items()}
        # common in both: no evidence; a seed often holds some sentences of the other language, too
        self._shared = {name: self._common.intersection(words) for name, words in lists.items()}
        self._models = {name: CharacterModel.learn(dict.fromkeys(sorted(words), 1.0)) for name, words in lists.items()}
        self._weights: dict[str, dict[str, float]] = {name: {} for name in lists}

    def find(self, lines: Sequence[str]) -> dict[int, list[Span]]:
        """Return the spans of each line that has any: index -> spans, in order."""
        found: dict[int, list[Span]] = {}
        for name, listed in self._listed.items():
            if not listed:
                continue
            asked = [index for index, line in enumerate(lines)
                     if len(listed.intersection(line.lower().split())) >= LEAST_LISTED]
            for index in asked:
                spans = self._spans(name, lines[index])
                if spans:
                    found.setdefault(index, []).extend(spans)
        return {index: _apart(spans) for index, spans in sorted(found.items())}

    def _spans(self, name: str, line: str) -> list[Span]:
        places = word_spans(line)[:_MOST_WORDS]
        plain = [line[start:end].translate(_APOSTROPHES) for start, end in places]
        words = [word.lower() for word in plain]
        weights = self._weights_of(name, words)
        # a capital inside a sentence marks a name: no evidence unless the word is a common one
        values = [0.0 if at and word[0].isupper() and words[at] not in self._listed[name] else weights[at]
                  for at, word in enumerate(plain)]
        spans = []
        for first, last in _path(values):
            listed = sum(word in self._listed[name] for word in words[first:last])
            if last - first >= LEAST_WORDS and listed >= LEAST_LISTED:
                spans.append(Span(name, places[first][0], places[last - 1][1], last - first))
        return spans

    def _weights_of(self, name: str, words: Sequence[str]) -> list[float]:
        """Return how many bits each word speaks for the other language; negative for the own one."""
        known = self._weights[name]
        if len(known) > _REMEMBERED:
            known.clear()
        new = sorted({word for word in words if word not in known})
        if new:
            costs = np.clip(self._own.costs(new) - self._models[name].costs(new), -MOST, MOST)
            for word, cost in zip(new, costs.tolist(), strict=True):
                known[word] = (0.0 if word in self._shared[name] or not any(map(str.isalpha, word))
                               else LISTED if word in self._listed[name]
                               else -LISTED if word in self._common else cost)
        return [known[word] for word in words]


def _path(values: Sequence[float]) -> list[tuple[int, int]]:
    """Return first and last (exclusive) of the stretches in the other language, on the cheapest path."""
    own, other = 0.0, -CHANGE / 2  # a line may begin in either
    from_own: list[tuple[bool, bool]] = []  # whether the best way to each state at a word came from the own language
    for value in values:
        stay, leave = own >= other - CHANGE, own - CHANGE > other
        from_own.append((stay, leave))
        own, other = max(own, other - CHANGE), max(other, own - CHANGE) + value
    foreign, spans, end = other > own, [], len(values)
    for at in range(len(values) - 1, -1, -1):
        before = not from_own[at][1] if foreign else not from_own[at][0]
        if foreign and not before:
            spans.append((at, end))
        if not foreign and before:
            end = at
        foreign = before
    if foreign and values:
        spans.append((0, end))
    return spans[::-1]


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Return the longest of spans that overlap, in order."""
    chosen: list[Span] = []
    for span in sorted(spans, key=lambda span: (-span.words, span.start)):
        if all(span.end <= other.start or span.start >= other.end for other in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda span: span.start)
