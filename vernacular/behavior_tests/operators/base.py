"""The interface of operators and their resources.

Operators are in ``writing``, ``typos`` and ``words``.

Operators are pure: equal line, seed and word lists give equal results. One that finds nothing to
change returns the line unchanged, and the case is skipped.
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
    """What a suite provides to operators and templates."""

    lexicons: Mapping[str, Sequence[str]] = field(default_factory=dict)  # name -> words
    # name -> word -> replacements
    pairs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # the rows of keys from top to bottom, each from left to right
    keyboard: Sequence[Sequence[str]] = QWERTY


@dataclass(frozen=True)
class Context:
    """What an operator may use besides the line: a seeded generator and the suite's lists."""

    rng: random.Random
    given: Given = field(default_factory=Given)


class Operator(Strict, ABC):
    """A change to a line.

    ``keeps_words``: words before and after correspond one to one, unless a replacement has another
    number of words (2000 as 2,000). ``may_be_idle``: text without anything to change passes an
    invariance test, since both forms are equal.
    """

    keeps_words: ClassVar[bool] = True
    may_be_idle: ClassVar[bool] = False

    @abstractmethod
    def apply(self, text: str, context: Context) -> str:
        """Return the changed text, or ``text`` itself if nothing applies."""

    def lists(self) -> set[str]:
        """Return the names of its word lists."""
        return set()

    def pair_lists(self) -> set[str]:
        """Return the names of its lists of pairs."""
        return set()

    def invisible(self) -> bool:
        """Whether readers cannot see the change, so that no failure is tolerated."""
        return False


class Place(NamedTuple):
    """A match of a word list entry in a line: start and end (exclusive) of its first and last word."""

    start: int
    stop: int
    entry: str


def find_entries(text: str, entries: Iterable[str], any_case: bool = False) -> list[Place]:
    """Find entries in ``text`` as whole words, left to right, the longest first, including nested ones.

    ``entries``: of one or more words (Nkhata Bay) separated by any spaces. ``any_case``:
    whether a lower-case entry also matches capitalized words.
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
    """Return the entries by their words, and their numbers of words in descending order."""
    return {squeezed(entry): entry for entry in entries}, sorted({len(word_spans(entry)) for entry in entries} - {0},
                                                                 reverse=True)


def apart(places: Iterable[Place]) -> list[Place]:
    """Return nonoverlapping ``places``: of several with the same first word, the longest."""
    kept: list[Place] = []
    for place in places:
        if not kept or place.start >= kept[-1].stop:
            kept.append(place)
    return kept


def squeezed(text: str) -> str:
    """Return ``text`` with single spaces between words."""
    return " ".join(text.split())


def each_word(text: str, change: Callable[[str], str]) -> str:
    """Apply ``change`` to every word of ``text``, keeping what is between words."""
    return at_each(text, word_spans(text), change)


def at_each(text: str, spans: Iterable[tuple[int, int]], change: Callable[[str], str]) -> str:
    """Apply ``change`` to the ``spans`` of ``text`` (start and end, ascending)."""
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], change(text[start:stop])]
        end = stop
    return "".join(parts) + text[end:]


def like(word: str, model: str) -> str:
    """Return ``word`` with the capitals of ``model``: all, the first only, or unchanged."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
