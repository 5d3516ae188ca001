"""What an operator is, and what it may draw on. The operators themselves stand in ``writing``, ``slips`` and ``words``.

Operators are pure: the same line, seed and word lists give the same result. One that finds nothing to change returns
the line as it is, and the case is skipped. They know nothing of models, tasks or files.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, NamedTuple

from vernacular.config.strict import Strict
from vernacular.text.words import word_spans

QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True)
class Given:
    """What the suite gives to its operators and templates.

    Attributes:
        lexicons: name -> words.
        pairs: name -> word -> what may stand in its place.
        keyboard: the rows of keys from top to bottom, each row the characters from left to right.
    """

    lexicons: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pairs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    keyboard: Sequence[Sequence[str]] = QWERTY


@dataclass(frozen=True)
class Context:
    """What an operator may draw on besides the line: a seeded generator and what the suite gives."""

    rng: random.Random
    given: Given = field(default_factory=Given)


class Operator(Strict, ABC):
    """A change to a line.

    ``keeps_words``: the words before and after correspond one to one, unless what is put in is written as more words or
    fewer (2000 as 2,000). ``may_be_idle``: text in which there is nothing to change passes an invariance test, for both
    forms of it are the same.
    """

    keeps_words: ClassVar[bool] = True
    may_be_idle: ClassVar[bool] = False

    @abstractmethod
    def apply(self, text: str, context: Context) -> str:
        """``text`` changed, or ``text`` itself where there is nothing to change."""

    def lists(self) -> set[str]:
        """Names of the word lists that it draws on."""
        return set()

    def pair_lists(self) -> set[str]:
        """Names of the lists of pairs that it draws on."""
        return set()

    def invisible(self) -> bool:
        """Whether a reader cannot see the change, so that no failure is forgiven."""
        return False


class Place(NamedTuple):
    """Where an entry of a word list stands in a line: start and end (exclusive) of its first and last word."""

    start: int
    stop: int
    entry: str


def standing(text: str, entries: Iterable[str], any_case: bool = False) -> list[Place]:
    """Where entries stand in ``text`` as whole words, from left to right, the longest first; one inside another too.

    Args:
        text: a line.
        entries: each a word or several (Nkhata Bay), which stand beside each other with any space between.
        any_case: whether an entry in lower case stands for its words with capitals as well.
    """
    index, sizes = _index(tuple(entries))
    spans, found = word_spans(text), []
    for first, (start, _) in enumerate(spans):
        for _, stop in [spans[first + size - 1] for size in sizes if first + size <= len(spans)]:
            run = squeezed(text[start:stop])
            entry = index.get(run, index.get(run.lower()) if any_case else None)
            if entry is not None:
                found.append(Place(start, stop, entry))
    return found


@lru_cache(maxsize=64)
def _index(entries: tuple[str, ...]) -> tuple[dict[str, str], list[int]]:
    """The entries by their words, and how many words they have, the most first."""
    return {squeezed(entry): entry for entry in entries}, sorted({len(word_spans(entry)) for entry in entries} - {0},
                                                                 reverse=True)


def apart(places: Iterable[Place]) -> list[Place]:
    """Those of ``standing`` that do not overlap: where several begin with the same word, the longest."""
    kept: list[Place] = []
    for place in places:
        if not kept or place.start >= kept[-1].stop:
            kept.append(place)
    return kept


def squeezed(text: str) -> str:
    """``text`` with one space between words."""
    return " ".join(text.split())


def each_word(text: str, change: Callable[[str], str]) -> str:
    """``text`` with every word changed by ``change``, and what stands between the words as it was."""
    return at_each(text, word_spans(text), change)


def at_each(text: str, spans: Iterable[tuple[int, int]], change: Callable[[str], str]) -> str:
    """``text`` with what stands at ``spans`` (start and end, ascending) changed by ``change``, the rest as it was."""
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], change(text[start:stop])]
        end = stop
    return "".join(parts) + text[end:]


def like(word: str, model: str) -> str:
    """``word`` with the capitals of ``model``: all, the first alone, or as it is."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
