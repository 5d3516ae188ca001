"""Align the words of two forms of a line, for tasks that label words."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from vernacular.behavior_tests.schema import BehaviourTest

Words = Sequence[str]


def aligned(before: Words, after: Words, keeps_words: bool) -> list[tuple[int, int]]:
    """Return pairs of positions: the word of ``after`` for each word of ``before``.

    With ``keeps_words`` all words in order, if the numbers are equal; otherwise only equal words,
    since a spelling change may split or join words.
    """
    if keeps_words and len(before) == len(after):
        return [(at, at) for at in range(len(before))]
    return [(block.a + step, block.b + step) for block in _matcher(before, after).get_matching_blocks()
            for step in range(block.size)]


def compared(test: BehaviourTest, before: Words, after: Words) -> list[tuple[int, int]]:
    """Return the word pairs that an invariance test compares."""
    return [(was, at) for was, at in aligned(before, after, test.keeps_words)
            if test.compare == "all" or before[was] != after[at]]


def exchanged(before: Words, after: Words) -> list[int]:
    """Return the words of ``after`` that the change inserted, for which a minimum test expects its label."""
    if len(before) == len(after):
        return [at for at, word in enumerate(after) if before[at] != word]
    return [at for kind, _, _, start, stop in _matcher(before, after).get_opcodes() if kind != "equal"
            for at in range(start, stop)]


def comparable(test: BehaviourTest, before: Words, after: Words) -> bool:
    """Whether there is a word to judge; otherwise there is no case."""
    return bool(exchanged(before, after) if test.type == "minimum" else compared(test, before, after))


def _matcher(before: Words, after: Words) -> difflib.SequenceMatcher[str]:
    return difflib.SequenceMatcher(None, list(before), list(after), autojunk=False)
