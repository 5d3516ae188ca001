"""Decide whether a case fails, from a model's probabilities; failure rates with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vernacular.behavior_tests.feedback import Known
from vernacular.behavior_tests.labels import columns_of
from vernacular.behavior_tests.schema import BehaviourTest
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.evaluation.behavior.cases import Case
from vernacular.evaluation.behavior.word_alignment import compared, exchanged

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Answer:
    """A model's prediction for a line."""

    probabilities: Array  # shape (labels,) for a line, (words, labels) for its words
    # the predicted label index, of the line or of each word; entity labels are decoded
    # jointly, so it may differ from each word's likeliest label
    given: tuple[int, ...]
    words: tuple[str, ...] = ()  # the words if the model labels words; else empty


@dataclass(frozen=True)
class Outcome:
    """Whether a case failed, by how much (to find the worst), and the predictions before and after."""

    failed: bool
    distance: float
    before: str
    after: str


def judge(test: BehaviourTest, labels: Sequence[str], forms: Sequence[Answer], case: Case) -> Outcome:
    """Decide whether the case fails.

    Args:
        test: the expectation.
        labels: the task's labels; column n of the probabilities is ``labels[n]``.
        forms: the predictions for ``case.versions``: original and changed line, or only the filled
            line.
        case: for the words in a template's slots, and speakers' marks.

    Raises:
        Problem: the test expects a label that the task does not have.
    """
    by_word = forms[-1].probabilities.ndim == 2
    if case.known is not None:
        return _judge_known(test, labels, forms[-1], case.known)
    named = test.expect.label if test.expect else None
    wanted = [] if named is None else _columns(test, labels, named)
    if by_word:
        before = forms[0] if case.before is not None else None
        return _judge_words(test, labels, wanted, before, forms[-1], case.filled)
    return _judge_line(test, labels, wanted, forms)


def judge_likelihood(test: BehaviourTest, scores: Sequence[float]) -> Outcome:
    """Decide whether the likelihood of the forms fails to decrease from one to the next.

    Args:
        test: of type ``likelihood``.
        scores: nats per character (bits per byte) of the good sentence and of each worse one; NaN
            if one has a word unknown to the tokenizer, which fails.
    """
    shown = tuple("unknown to the tokenizer" if math.isnan(score) else f"{score:.2f}" for score in scores)
    if any(math.isnan(score) for score in scores):
        return Outcome(True, 0.0, shown[0], shown[-1])
    lead = max(better - worse for better, worse in pairwise(scores))
    return Outcome(lead > test.tolerance or lead == 0, max(0.0, lead), shown[0], " > ".join(shown[1:]))


def _columns(test: BehaviourTest, labels: Sequence[str], label: str) -> list[int]:
    found = columns_of(labels, label)
    if not found:
        raise Problem(f"the test '{test.name}' expects the label '{label}', which '{test.task}' lacks",
                      where="behaviour", fix=f"Its labels: {', '.join(labels)}", code=Code.DATA_LABEL)
    return found


def _judge_line(test: BehaviourTest, labels: Sequence[str], wanted: Sequence[int], forms: Sequence[Answer]) -> Outcome:
    first, last = forms[0].probabilities, forms[-1].probabilities
    (old,), (new,) = forms[0].given, forms[-1].given
    if test.type == "minimum":
        before = _prediction_text(labels, old, first) if len(forms) > 1 else ""
        return Outcome(new not in wanted, 1 - float(last[wanted].sum()), before, _prediction_text(labels, new, last))
    if test.type == "invariance":
        move = _move(first, last, old, new)
        return Outcome(new != old and move > test.tolerance, move, _prediction_text(labels, old, first),
                       _prediction_text(labels, new, last))
    assert test.expect is not None  # validated by the schema
    looked_at, sign = wanted or [old], 1 if test.expect.probability == "rises" else -1
    values = [float(form.probabilities[looked_at].sum()) for form in forms]
    name = test.expect.label or labels[old]
    wrong_way = max(sign * (earlier - later) for earlier, later in pairwise(values))
    short = test.expect.margin - sign * (values[-1] - values[0])
    return Outcome(wrong_way > test.tolerance or (test.expect.margin > 0 and short > 0),
                   max(0.0, wrong_way, short if test.expect.margin else 0.0), f"{name} {values[0]:.2f}",
                   f"{name} {' > '.join(f'{value:.2f}' for value in values[1:])}")


def _move(before: Array, after: Array, old: int, new: int) -> float:
    """Return how much a prediction changed: the loss of the old label or the gain of the new one, the larger one."""
    return float(max(abs(before[old] - after[old]), abs(after[new] - before[new])))


def _judge_known(test: BehaviourTest, labels: Sequence[str], answer: Answer, known: Known) -> Outcome:
    """Check that the answer marked right is given; if only wrong ones are known, that none of them is."""
    table, given = answer.probabilities.reshape(-1, len(labels)), list(answer.given)
    line = answer.probabilities.ndim == 1

    def columns(answer_labels: str) -> list[int]:
        return [_columns(test, labels, label)[0] for label in ([answer_labels] if line else answer_labels.split())]

    if known.right is None:
        wrong = [columns(answer) for answer in known.wrong]
        chance = sum(float(np.prod([row[column] for row, column in zip(table, answer, strict=True)]))
                     for answer in wrong)
        return Outcome(given in wrong, chance, f"not {' or '.join(known.wrong)}", _marked(labels, given))
    right = columns(known.right)
    chance = min(float(row[column]) for row, column in zip(table, right, strict=True))
    return Outcome(given != right, 1 - chance, known.right, _marked(labels, given))


def _marked(labels: Sequence[str], columns: Sequence[int]) -> str:
    return " ".join(labels[column] for column in columns)


def _prediction_text(labels: Sequence[str], column: int, probabilities: Array) -> str:
    return f"{labels[column]} {float(probabilities[column]):.2f}"


def _judge_words(test: BehaviourTest, labels: Sequence[str], wanted: Sequence[int], before: Answer | None,
                 after: Answer, filled: Sequence[str]) -> Outcome:
    new = after.given
    if test.type == "minimum":
        looked_at = ([at for at, word in enumerate(after.words) if not filled or word in filled] if before is None
                     else exchanged(before.words, after.words))
        missed = [at for at in looked_at if new[at] not in wanted]
        lack = max((1 - float(after.probabilities[at][wanted].sum()) for at in looked_at), default=1.0)
        return Outcome(bool(missed) or not looked_at, lack, "", _words(labels, after.words, new, missed or looked_at))
    assert before is not None  # an invariance test changes a line
    old = before.given
    moves = [(_move(before.probabilities[was], after.probabilities[at], old[was], new[at]), was, at)
             for was, at in compared(test, before.words, after.words)]
    # Without tolerance every changed prediction counts, even if a word changed only because of its
    # neighbor.
    wrong = [(was, at) for move, was, at in moves
             if old[was] != new[at] and (move > test.tolerance or test.tolerance == 0)]
    return Outcome(bool(wrong), max((move for move, _, _ in moves), default=0.0),
                   _words(labels, before.words, old, [was for was, _ in wrong]),
                   _words(labels, after.words, new, [at for _, at in wrong]))


def _words(labels: Sequence[str], words: Sequence[str], columns: Sequence[int], at: Sequence[int]) -> str:
    return ", ".join(f"{words[place]} {labels[columns[place]]}" for place in at[:5])
