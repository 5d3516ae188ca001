"""Sums that scores are made of, scores of such sums, and bootstrap intervals over items and seeds.

Items that come from one text are right or wrong together, so it is texts that are resampled, with all their items.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.tasks.kind import IGNORED, Answer, Item, Kind

RESAMPLES = 1000
FEWEST_TEXTS = 20  # of fewer the bootstrap makes too little: their items are resampled, and that is said
Interval = tuple[float, float, float]  # low, mean, high


def per_label(truths: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], labels: int) -> NDArray[Any]:
    """Hits, answers and truths of each label, over the units of an item that have one: (items, labels * 3)."""
    out = np.zeros((len(truths), labels, 3))
    for row, (truth, answer) in enumerate(zip(truths, answers, strict=True)):
        for true, told in zip(truth, answer, strict=True):
            if true != IGNORED:
                out[row, true, 0] += true == told
                out[row, told, 1] += 1
                out[row, true, 2] += 1
    return out.reshape(len(truths), -1)


def per_label_sets(truths: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], labels: int) -> NDArray[Any]:
    """The same where an item has any number of labels in no order."""
    out = np.zeros((len(truths), labels, 3))
    for row, (truth, answer) in enumerate(zip(truths, answers, strict=True)):
        out[row, sorted({*truth} & {*answer}), 0] = 1
        out[row, list(answer), 1] = 1
        out[row, list(truth), 2] = 1
    return out.reshape(len(truths), -1)


def f1(parts: NDArray[Any]) -> NDArray[Any]:
    """F1 of hits, answers and truths (..., 3); 0 where there are none."""
    found: NDArray[Any] = 2 * parts[..., 0] / np.maximum(parts[..., 1] + parts[..., 2], 1)
    return found


def macro_f1(parts: NDArray[Any]) -> NDArray[Any]:
    """Mean F1 of the labels that occur: of (..., labels, 3), (...)."""
    there = parts[..., 2] > 0
    found: NDArray[Any] = (f1(parts) * there).sum(-1) / np.maximum(there.sum(-1), 1)
    return found


def accuracy(parts: NDArray[Any]) -> NDArray[Any]:
    """Share of right labels: of (..., labels, 3), (...)."""
    found: NDArray[Any] = parts[..., 0].sum(-1) / np.maximum(parts[..., 2].sum(-1), 1)
    return found


def interval(kind: Kind, items: Sequence[Item], answers: Sequence[Sequence[Answer]], seed: int) -> Interval:
    """Mean of the score over seeds with a 95% interval, by the same bootstrap as ``difference``.

    Args:
        kind: of the task.
        items: that were scored.
        answers: for each seed the answers to ``items``; of a floor, which draws nothing, one list.
        seed: of the resamples.
    """
    mean, resampled = _resampled(kind, items, answers, seed)
    return _percentiles(resampled, mean)


def difference(kind: Kind, items: Sequence[Item], ours: Sequence[Sequence[Answer]],
               theirs: Sequence[Sequence[Answer]], seed: int) -> Interval:
    """Mean difference of the score (ours minus theirs, over seeds) with a 95% interval.

    Items and seeds are resampled together (paired bootstrap), so the interval holds both kinds of chance.

    Args:
        kind: of the task.
        items: that were scored.
        ours: for each seed the answers to ``items``.
        theirs: the same seeds of another arm.
        seed: of the resamples.
    """
    (mine, left), (other, right) = (_resampled(kind, items, answers, seed) for answers in (ours, theirs))
    return _percentiles(left - right, mine - other)


def texts_of(kind: Kind, items: Sequence[Item]) -> NDArray[np.int64]:
    """The number of the text that each item comes from, (items,), counted as they first occur."""
    numbers: dict[str | int, int] = {}
    return np.array([numbers.setdefault(kind.together(item) or row, len(numbers)) for row, item in enumerate(items)],
                    np.int64)


def _resampled(kind: Kind, items: Sequence[Item], answers: Sequence[Sequence[Answer]],
               seed: int) -> tuple[float, NDArray[Any]]:
    """The mean score over seeds, and its value in each resample of texts (or items) and seeds, (resamples,).

    Equal ``seed``, items and numbers of seeds give equal draws: that is what pairs two calls.
    """
    generator = np.random.default_rng(seed)
    unit = texts_of(kind, items)
    if unit.max() + 1 < FEWEST_TEXTS:
        unit = np.arange(len(items))
    count = unit.max() + 1
    weights = generator.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    seeds = generator.integers(0, len(answers), (RESAMPLES, len(answers)))
    sums = [_summed(kind.statistics(items, found), unit) for found in answers]
    scores = np.stack([_compared(kind, weights @ each) for each in sums])  # (seeds, resamples)
    whole = np.mean([_compared(kind, each.sum(0)) for each in sums])
    return float(whole), np.take_along_axis(scores, seeds.T, 0).mean(0)


def _summed(statistics: NDArray[Any], unit: NDArray[np.int64]) -> NDArray[Any]:
    """The sums of each unit, (units, sums), of those of its items, (items, sums)."""
    found = np.zeros((unit.max() + 1, statistics.shape[1]))
    np.add.at(found, unit, statistics)
    return found


def _percentiles(resampled: NDArray[Any], mean: float) -> Interval:
    low, high = np.percentile(resampled, [2.5, 97.5])
    return float(low), mean, float(high)


def _compared(kind: Kind, totals: NDArray[Any]) -> NDArray[Any]:
    """The score that is compared, of sums (..., sums)."""
    return next(iter(kind.measures(totals).values()))
