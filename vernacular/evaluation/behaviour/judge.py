"""Whether a case fails, from the probabilities a model gave; failure rates with intervals. Pure arithmetic."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vernacular.errors import Problem
from vernacular.evaluation.behaviour.schema import BehaviourTest

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Answer:
    """What a model says of one line.

    Attributes:
        probabilities: shape (labels,) for a line, (words, labels) for its words.
        words: the words, where the model labels words; else empty.
    """

    probabilities: Array
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """Whether a case failed, how far (0 to 1, for finding the worst), and what was answered before and after."""

    failed: bool
    distance: float
    before: str
    after: str


def wilson(failures: int, cases: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson score interval (95 %) of ``failures`` among ``cases``; (0, 1) where there is no case."""
    if cases == 0:
        return 0.0, 1.0
    rate, square = failures / cases, z * z / cases
    middle = rate + square / 2
    half = z * math.sqrt(rate * (1 - rate) / cases + square / (4 * cases))
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    return (0.0 if failures == 0 else max(0.0, low)), (1.0 if failures == cases else min(1.0, high))


def judge(test: BehaviourTest, labels: Sequence[str], before: Answer | None, after: Answer,
          filled: Sequence[str] = (), keeps_words: bool = True) -> Outcome:
    """Whether the case fails.

    Args:
        test: what must hold.
        labels: the task's labels; column n of the probabilities is ``labels[n]``.
        before: the answer to the line as it was; None for a template.
        after: the answer to the changed or filled line.
        filled: words put into a template's slots.
        keeps_words: whether the change keeps the number of words; if not, words are matched by their form.

    Raises:
        Problem: the test expects a label that the task does not have.
    """
    wanted = _column(test, labels)
    if after.probabilities.ndim == 1:
        return _judge_line(test, labels, wanted, before, after)
    return _judge_words(test, labels, wanted, before, after, filled, keeps_words)


def _column(test: BehaviourTest, labels: Sequence[str]) -> int:
    if test.expect is None:
        return -1
    if test.expect.label not in labels:
        raise Problem(f"the test '{test.name}' expects the label '{test.expect.label}', which '{test.task}' lacks",
                      where="behaviour", fix=f"Its labels: {', '.join(labels)}")
    return list(labels).index(test.expect.label)


def _judge_line(test: BehaviourTest, labels: Sequence[str], wanted: int, before: Answer | None,
                after: Answer) -> Outcome:
    new = int(after.probabilities.argmax())
    if before is None or test.type == "minimum":
        lack = 1 - float(after.probabilities[wanted])
        return Outcome(new != wanted, lack, "", _said(labels, new, after.probabilities))
    old = int(before.probabilities.argmax())
    said = _said(labels, old, before.probabilities), _said(labels, new, after.probabilities)
    if test.type == "invariance":
        fall = float(before.probabilities[old] - after.probabilities[old])
        return Outcome(new != old and fall > test.tolerance, abs(fall), *said)
    assert test.expect is not None  # a directional test has one
    rise = float(after.probabilities[wanted] - before.probabilities[wanted])
    wrong_way = -rise if test.expect.probability == "rises" else rise
    return Outcome(wrong_way > test.tolerance, max(0.0, wrong_way), *said)


def _said(labels: Sequence[str], column: int, probabilities: Array) -> str:
    return f"{labels[column]} {float(probabilities[column]):.2f}"


def _judge_words(test: BehaviourTest, labels: Sequence[str], wanted: int, before: Answer | None, after: Answer,
                 filled: Sequence[str], keeps_words: bool) -> Outcome:
    new = after.probabilities.argmax(axis=1)
    pairs = aligned(before.words, after.words, keeps_words) if before is not None else []
    if pairs is None:
        assert before is not None
        return Outcome(True, 1.0, f"{len(before.words)} words", f"{len(after.words)} words")
    if test.type == "minimum":
        looked_at = ([at for at, word in enumerate(after.words) if not filled or word in filled] if before is None
                     else [at for was, at in pairs if before.words[was] != after.words[at]])
        missed = [at for at in looked_at if new[at] != wanted]
        lack = max((1 - float(after.probabilities[at][wanted]) for at in looked_at), default=1.0)
        return Outcome(bool(missed) or not looked_at, lack, "", _words(labels, after.words, new, missed or looked_at))
    assert before is not None  # an invariance test changes a line
    if test.compare == "changed":
        pairs = [(was, at) for was, at in pairs if before.words[was] != after.words[at]]
    old = before.probabilities.argmax(axis=1)
    falls = [(float(before.probabilities[was][old[was]] - after.probabilities[at][old[was]]), was, at)
             for was, at in pairs]
    wrong = [(fall, was, at) for fall, was, at in falls if old[was] != new[at] and fall > test.tolerance]
    furthest = max((fall for fall, _, _ in falls), default=0.0)
    return Outcome(bool(wrong), max(0.0, furthest), _words(labels, before.words, old, [was for _, was, _ in wrong]),
                   _words(labels, after.words, new, [at for _, _, at in wrong]))


def _words(labels: Sequence[str], words: Sequence[str], columns: NDArray[np.integer], at: Sequence[int]) -> str:
    return ", ".join(f"{words[place]} {labels[int(columns[place])]}" for place in at[:5])


def aligned(before: Sequence[str], after: Sequence[str], keeps_words: bool) -> list[tuple[int, int]] | None:
    """Which word of ``after`` each word of ``before`` became.

    Returns:
        Pairs of positions. With ``keeps_words`` one for every word, or None if their number differs (a failure in
        itself); without, those of the words that are the same in both, or None if they are fewer than half.
    """
    if keeps_words:
        return [(at, at) for at in range(len(before))] if len(before) == len(after) else None
    blocks = difflib.SequenceMatcher(None, list(before), list(after), autojunk=False).get_matching_blocks()
    pairs = [(block.a + step, block.b + step) for block in blocks for step in range(block.size)]
    return pairs if 2 * len(pairs) >= len(before) else None
