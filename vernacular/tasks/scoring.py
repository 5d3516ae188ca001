"""Scores of a task from predictions, with paired bootstrap intervals over items. Metrics are scikit-learn's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from vernacular.tasks.items import IGNORED, NAME, Item

RESAMPLES = 1000
Predictions = Sequence[Sequence[int]]  # for each item the predicted label of each of its units


def flat(items: Sequence[Item], predictions: Predictions) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """True and predicted labels of all labelled units, and the item each belongs to."""
    truth, guess, owner = [], [], []
    for index, (item, predicted) in enumerate(zip(items, predictions, strict=True)):
        for label, value in zip(item.labels, predicted, strict=True):
            if label != IGNORED:
                truth.append(label)
                guess.append(value)
                owner.append(index)
    return np.array(truth), np.array(guess), np.array(owner)


def score(items: Sequence[Item], predictions: Predictions, by_word: bool) -> float:
    """Macro F1 over the labels of texts, or F1 of the label ``NAME`` over words."""
    truth, guess, _ = flat(items, predictions)
    if by_word:
        return float(f1_score(truth, guess, labels=[NAME], average="micro", zero_division=0))
    return float(f1_score(truth, guess, average="macro", labels=sorted(set(truth.tolist())), zero_division=0))


def _tables(items: Sequence[Item], predictions: Predictions, labels: Sequence[int]) -> NDArray[Any]:
    """(items, labels, 3): true positives, predicted and actual counts, from which F1 of any resample follows."""
    truth, guess, owner = flat(items, predictions)
    out = np.zeros((len(items), len(labels), 3))
    for column, label in enumerate(labels):
        for counts, hit in enumerate(((truth == label) & (guess == label), guess == label, truth == label)):
            np.add.at(out[:, column, counts], owner, hit)
    return out


def difference(items: Sequence[Item], ours: Sequence[Predictions], theirs: Sequence[Predictions], by_word: bool,
               seed: int) -> tuple[float, float, float]:
    """Mean difference of F1 (ours minus theirs, over seeds) with a 95% interval: (low, mean, high).

    Items and seeds are resampled together (paired bootstrap), so the interval holds both kinds of chance.
    """
    labels = [NAME] if by_word else sorted({label for item in items for label in item.labels if label != IGNORED})
    left = np.stack([_tables(items, predictions, labels) for predictions in ours])
    right = np.stack([_tables(items, predictions, labels) for predictions in theirs])
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(RESAMPLES):
        rows = generator.integers(0, len(items), len(items))
        seeds = generator.integers(0, len(ours), len(ours))
        values.append(_f1(left[seeds][:, rows].sum(1)) - _f1(right[seeds][:, rows].sum(1)))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(_f1(left.sum(1)) - _f1(right.sum(1))), float(high)


def _f1(tables: NDArray[Any]) -> float:
    hits, predicted, actual = tables[..., 0], tables[..., 1], tables[..., 2]
    return float((2 * hits / np.maximum(predicted + actual, 1)).mean())
