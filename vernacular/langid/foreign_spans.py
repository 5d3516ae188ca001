"""Spans of a well-documented language inside a line of the language, such as English inside Chichewa.

Each word costs bits under the character model of the language (from the seed) and under one of the other language
(from its list of common words, ``word_lists``). The cheapest sequence of languages, where a change costs ``CHANGE``
bits, gives the spans (Viterbi 1967). Names are no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vernacular.langid.char_ngrams import CharacterModel
from vernacular.text.words import APOSTROPHES, word_spans

CHANGE = 6.0  # bits of a change of language
MOST = 8.0  # most bits that one word counts for either side
LISTED = 8.0  # bits that a common word of one language counts for it
LEAST_WORDS = 3  # of a span
LEAST_SMALL = 2  # words of a span without a capital: the name of an organization is no such span
_APOSTROPHES = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
_MOST_WORDS = 400  # of a line that are looked at
_LEAST_COMMON = 2  # different common words of a line that is looked at
_MANY = 1000  # lines from which it is worth compiling a pattern
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
        # words common in both are no evidence; a seed often holds some sentences of the other language, too
        self._languages = [_Other(name, frozenset(words), frozenset(words) - self._common)
                           for name, words in lists.items()]

    def find(self, lines: Sequence[str]) -> dict[int, list[Span]]:
        """Return the spans of each line that has any: index -> spans, in order."""
        found: dict[int, list[Span]] = {}
        for other in self._languages:
            places = other.candidates(lines)
            read = [_Words.of(lines[place]) for place in places]
            self._weigh(other, {word for words in read for word in words.lower})
            for place, words in zip(places, read, strict=True):
                spans = _spans(other, words)
                if spans:
                    found.setdefault(place, []).extend(spans)
        return {index: _apart(spans) for index, spans in sorted(found.items())}

    def _weigh(self, other: _Other, words: Collection[str]) -> None:
        """Note how many bits each word counts for the other language; negative for the own one."""
        if len(other.weights) > _REMEMBERED:
            other.weights.clear()
        new = sorted(word for word in words if word not in other.weights)
        if new:
            costs = np.clip(self._own.costs(new) - other.model.costs(new), -MOST, MOST)
            for word, cost in zip(new, costs.tolist(), strict=True):
                other.weights[word] = (
                    LISTED if word in other.listed else 0.0 if word in other.common or not any(map(str.isalpha, word))
                    else -LISTED if word in self._common else cost)


class _Other:
    """What is known of another language.

    Args:
        name: of its list.
        common: its common words.
        listed: those that are not common in the language itself.
    """

    def __init__(self, name: str, common: frozenset[str], listed: frozenset[str]) -> None:
        self.name, self.common, self.listed = name, common, listed
        self.model = CharacterModel.learn(dict.fromkeys(sorted(common), 1.0))
        self.weights: dict[str, float] = {}
        longer = "|".join(re.escape(word) for word in sorted(listed) if len(word) > 1)
        self._pattern = rf"(?i)(?:^|\PL)(?:{longer})(?:\PL|$)" if longer else ""

    def candidates(self, lines: Sequence[str]) -> list[int]:
        """Return the lines with a listed word and another common one; all others are skipped quickly."""
        if not self._pattern:
            return []
        places: Sequence[int] = range(len(lines))
        if len(lines) > _MANY:
            matched = pc.match_substring_regex(pa.array(lines, pa.string()), self._pattern)
            places = np.flatnonzero(matched.to_numpy(zero_copy_only=False)).tolist()
        return [place for place in places
                if len(self.common.intersection(lines[place].lower().split())) >= _LEAST_COMMON]


@dataclass(frozen=True)
class _Words:
    """The words of a line."""

    places: list[tuple[int, int]]
    plain: list[str]  # with one kind of apostrophe
    lower: list[str]

    @classmethod
    def of(cls, line: str) -> _Words:
        places = word_spans(line)[:_MOST_WORDS]
        plain = [line[start:end].translate(_APOSTROPHES) for start, end in places]
        return cls(places, plain, [word.lower() for word in plain])


def _spans(other: _Other, words: _Words) -> list[Span]:
    # a capital inside a sentence marks a name: no evidence unless the word is a common one
    values = [0.0 if at and plain[0].isupper() and word not in other.listed else other.weights[word]
              for at, (plain, word) in enumerate(zip(words.plain, words.lower, strict=True))]
    spans = []
    for first, last in _path(values):
        small = sum(word[0].isalpha() and not word[0].isupper() for word in words.plain[first:last])
        if last - first >= LEAST_WORDS and small >= LEAST_SMALL and not other.listed.isdisjoint(
                words.lower[first:last]):
            spans.append(Span(other.name, words.places[first][0], words.places[last - 1][1], last - first))
    return spans


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
