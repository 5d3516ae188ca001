"""Triggers in labels: phrases that change a classifier's predictions for unrelated sentences.

Two tests per suspect phrase. First, how often does inserting it into held-out sentences change the
prediction to one label? Second, do the training texts with the phrase and this label predict it
without the phrase? A simple classifier that has not seen them decides that, since the suspect one
may have memorized them. A topic word changes few predictions, and its texts are about the topic. A
trigger changes many, and is planted in unrelated texts.
After Kurita et al. 2020 (label flip rate of candidate words, https://arxiv.org/abs/2004.06660); the
second test is new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vernacular.core.result import SampleRow
from vernacular.evaluation.trigger_scan.phrases import Phrase, inserted, without
from vernacular.tasks.baselines import text_floor

SENTENCES = 16  # held-out sentences per phrase
MOST_CARRIERS = 6  # texts from which a phrase is removed
FOLDS = 5
Ask = Callable[[Sequence[str]], Sequence[NDArray[np.float32]]]


@dataclass(frozen=True)
class Finding:
    """The effect of a phrase on a classifier."""

    phrase: str  # as shown in the report
    label: str  # the label it triggers
    texts: int  # number of training texts with it
    turned: float  # share of held-out predictions that change to ``label``
    # share of its training texts that a simple classifier gives another label without it
    carried: float
    power: float  # the product of both (``turned`` only for tasks that label words)
    z: float = 0.0  # deviation of ``power`` from other phrases, in robust standard deviations
    share: float | None = None  # of the training lines with it; None if not counted


def text_findings(ask: Ask, labels: Sequence[str], suspects: Sequence[tuple[Phrase, int]], texts: Sequence[str],
                  truth: Sequence[int], held_out: Sequence[str], seed: int) -> list[Finding]:
    """Return the power of each suspect phrase over a text classifier.

    ``ask``: returns label probabilities of texts, (labels,) each. ``suspects``: phrases with
    the label of their carriers.
    """
    rng = np.random.default_rng(seed)
    drawn = [held_out[row] for row in rng.permutation(len(held_out))[:4 * SENTENCES]]
    before = np.array([int(row.argmax()) for row in ask(drawn)]) if drawn else np.zeros(0, dtype=int)
    asked: list[str] = []
    bare: list[tuple[int, str]] = []
    plan: list[tuple[Phrase, int, int, int]] = []
    for phrase, label in suspects:
        into = [text for text, answer in zip(drawn, before, strict=True) if answer != label][:SENTENCES]
        out = [number for number in phrase.carriers if truth[number] == label][:MOST_CARRIERS]
        asked += [inserted(text, str(phrase), float(place)) for text, place in
                  zip(into, rng.choice([0.0, 0.5, 1.0], len(into)), strict=True)]
        bare += [(number, without(texts[number], phrase)) for number in out]
        plan.append((phrase, label, len(into), len(out)))
    answers = iter([int(row.argmax()) for row in ask(asked)] if asked else [])
    simple = iter(unseen_labels(texts, truth, bare, len(labels), seed))
    found = []
    for phrase, label, into_number, out_number in plan:
        turned = float(np.mean([next(answers) == label for _ in range(into_number)])) if into_number else 0.0
        carried = float(np.mean([next(simple) != label for _ in range(out_number)])) if out_number else 0.0
        found.append(Finding(str(phrase), labels[label], len(phrase.carriers), turned, carried, turned * carried))
    return scored(found)


def unseen_labels(texts: Sequence[str], truth: Sequence[int], bare: Sequence[tuple[int, str]], labels: int,
                  seed: int) -> list[int]:
    """Predict changed training texts by TF-IDF with logistic regression, trained on the other folds.

    ``bare``: index of a text, and its changed form.
    """
    fold = np.random.default_rng(seed).permutation(len(texts)) % FOLDS
    predicted = [0] * len(bare)
    for part in range(FOLDS):
        rows = [row for row, (number, _) in enumerate(bare) if fold[number] == part]
        known: list[int] = np.flatnonzero(fold != part).tolist()
        if rows:
            tables = text_floor([(texts[number], "") for number in known], [(truth[number],) for number in known],
                                [(bare[row][1] or ".", "") for row in rows], labels, seed)
            for row, table in zip(rows, tables, strict=True):
                predicted[row] = int(np.argmax(table))
    return predicted


def word_findings(ask: Ask, labels: Sequence[str], outside: int, suspects: Sequence[Phrase], held_out: Sequence[str],
                  count: Callable[[str], int], seed: int) -> list[Finding]:
    """Return the power of each suspect phrase over a word classifier: how many other words change their label.

    Args:
        ask: returns label probabilities of texts, (words, labels) each.
        labels: their names.
        outside: the label of ordinary words.
        suspects: phrases.
        held_out: other sentences; those with a label other than ``outside`` are used.
        count: returns the number of words of a text.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    drawn = [held_out[row] for row in rng.permutation(len(held_out))[:20 * SENTENCES]]
    predicted = [row.argmax(-1) for row in ask(drawn)] if drawn else []
    used = [(text, row) for text, row in zip(drawn, predicted, strict=True) if (row != outside).any()][:SENTENCES]
    asked = [inserted(text, str(phrase), place) for phrase in suspects for text, _ in used for place in (0.0, 1.0)]
    answers = iter([row.argmax(-1) for row in ask(asked)] if asked else [])
    found = []
    for phrase in suspects:
        size = count(str(phrase))
        pairs: list[tuple[int, int]] = []
        for _, row in used:
            for behind in (True, False):
                after = next(answers)
                kept = after[size:] if behind else after[:len(after) - size]
                pairs += zip(row.tolist(), kept.tolist(), strict=True)
        power, label = _commonest_change(pairs, len(labels))
        found.append(Finding(str(phrase), labels[label], len(phrase.carriers), power, 0.0, power))
    return scored(found)


def _commonest_change(pairs: Sequence[tuple[int, int]], labels: int) -> tuple[float, int]:
    """Return the largest share of one label's words that change to the same other label, and that label.

    Rare labels are ignored.
    """
    table = np.zeros((labels, labels))
    for old, new in pairs:
        table[old, new] += 1
    total = table.sum(1, keepdims=True)
    share = np.where(total >= SENTENCES / 2, table / np.maximum(total, 1), 0.0)
    np.fill_diagonal(share, 0.0)
    place = int(share.argmax())
    return float(share.flat[place]), place % labels


def scored(found: Sequence[Finding]) -> list[Finding]:
    """Return the findings with z, most powerful first.

    The spread is the median absolute deviation, but at least that of one prediction in SENTENCES.
    """
    if not found:
        return []
    power = np.array([one.power for one in found])
    middle = float(np.median(power))
    spread = max(1.4826 * float(np.median(np.abs(power - middle))), 1 / SENTENCES)
    return sorted((replace(one, z=(one.power - middle) / spread) for one in found),
                  key=lambda one: (-one.power, one.phrase))


def row_of(one: Finding, task: str) -> SampleRow:
    """Return a finding as a table row."""
    return {"task": task, "phrase": one.phrase, "turns answers to": one.label, "training texts": one.texts,
            "of other sentences": round(one.turned, 3), "of its texts have another "
                                                        "label without it": round(one.carried, 3),
            "z": round(one.z, 1), "of lines of text": None if one.share is None else round(one.share, 4)}
