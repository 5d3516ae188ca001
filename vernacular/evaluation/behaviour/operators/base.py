"""What an operator is, and what it may draw on. The operators themselves stand in ``writing``, ``slips`` and ``words``.

Operators are pure: the same line, seed and word lists give the same result. One that finds nothing to change returns
the line as it is, and the case is skipped. They know nothing of models, tasks or files.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from vernacular.config.strict import Strict
from vernacular.corpus.words import word_spans

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


def each_word(text: str, change: Callable[[str], str]) -> str:
    """``text`` with every word changed by ``change``, and what stands between the words as it was."""
    parts, end = [], 0
    for start, stop in word_spans(text):
        parts += [text[end:start], change(text[start:stop])]
        end = stop
    return "".join(parts) + text[end:]


def like(word: str, model: str) -> str:
    """``word`` with the capitals of ``model``: all, the first alone, or as it is."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word
