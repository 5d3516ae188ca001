"""Which words of two forms of a line an answer is compared on, for tasks that label words. Asks no model."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from vernacular.behavior_tests.schema import BehaviourTest

Words = Sequence[str]


def aligned(before: Words, after: Words, keeps_words: bool) -> list[tuple[int, int]]:
    """Which word of ``after`` each word of ``before`` became, as pairs of positions.

    With ``keeps_words`` one for every word, if there are as many in both; else those of the words that are the same in
    both: a change of spelling may part a word or join two, which is no fault of the model.
    """
    if keeps_words and len(before) == len(after):
        return [(at, at) for at in range(len(before))]
    return [(block.a + step, block.b + step) for block in _matcher(before, after).get_matching_blocks()
            for step in range(block.size)]


def compared(test: BehaviourTest, before: Words, after: Words) -> list[tuple[int, int]]:
    """The pairs of words whose answers an invariance test compares."""
    return [(was, at) for was, at in aligned(before, after, test.keeps_words)
            if test.compare == "all" or before[was] != after[at]]


def exchanged(before: Words, after: Words) -> list[int]:
    """The words of ``after`` that the change put there, of which a minimum test expects its label."""
    if len(before) == len(after):
        return [at for at, word in enumerate(after) if before[at] != word]
    return [at for kind, _, _, start, stop in _matcher(before, after).get_opcodes() if kind != "equal"
            for at in range(start, stop)]


def comparable(test: BehaviourTest, before: Words, after: Words) -> bool:
    """Whether there is a word to judge; without one there is no case."""
    return bool(exchanged(before, after) if test.type == "minimum" else compared(test, before, after))


def _matcher(before: Words, after: Words) -> difflib.SequenceMatcher[str]:
    return difflib.SequenceMatcher(None, list(before), list(after), autojunk=False)
