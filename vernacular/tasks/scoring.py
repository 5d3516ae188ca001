"""Additive statistics, scores from their sums, and bootstrap intervals over items and seeds.

Items from one text are dependent, so texts are resampled with all their items; with fewer than
``FEWEST_TEXTS`` texts, items are, as the report notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.core.confidence import FEWEST_TEXTS, RESAMPLES
from vernacular.datasets.items import Item
from vernacular.tasks.base import IGNORED, Answer, Kind

Interval = tuple[float, float, float]  # low, mean, high


def per_label(truths: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], labels: int) -> NDArray[Any]:
    """Return hits, predictions and truths of each label over labeled units: (items, labels * 3)."""
    out = np.zeros((len(truths), labels, 3))
    for row, (truth, answer) in enumerate(zip(truths, answers, strict=True)):
        for true, answered in zip(truth, answer, strict=True):
            if true != IGNORED:
                out[row, true, 0] += true == answered
                out[row, answered, 1] += 1
                out[row, true, 2] += 1
    return out.reshape(len(truths), -1)


def per_label_sets(truths: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], labels: int) -> NDArray[Any]:
    """Like ``per_label``, for items with label sets."""
    out = np.zeros((len(truths), labels, 3))
    for row, (truth, answer) in enumerate(zip(truths, answers, strict=True)):
        out[row, sorted({*truth} & {*answer}), 0] = 1
        out[row, list(answer), 1] = 1
        out[row, list(truth), 2] = 1
    return out.reshape(len(truths), -1)


def f1(parts: NDArray[Any]) -> NDArray[Any]:
    """Return F1 of hits, predictions and truths (..., 3); 0 if there are none."""
    found: NDArray[Any] = 2 * parts[..., 0] / np.maximum(parts[..., 1] + parts[..., 2], 1)
    return found


def macro_f1(parts: NDArray[Any]) -> NDArray[Any]:
    """Return the mean F1 of occurring labels: of (..., labels, 3), (...)."""
    there = parts[..., 2] > 0
    found: NDArray[Any] = (f1(parts) * there).sum(-1) / np.maximum(there.sum(-1), 1)
    return found


def accuracy(parts: NDArray[Any]) -> NDArray[Any]:
    """Return the share of right labels: of (..., labels, 3), (...)."""
    found: NDArray[Any] = parts[..., 0].sum(-1) / np.maximum(parts[..., 2].sum(-1), 1)
    return found


def intervals(kind: Kind, items: Sequence[Item], answers: Sequence[Sequence[Answer]], seed: int) -> dict[str, Interval]:
    """Return score names -> mean over seeds with a 95% interval, by the same bootstrap as ``difference``.

    The first is the compared score.

    ``answers``: for each seed the predictions; for a deterministic baseline, one list.
    """
    return {name: _percentiles(resampled, mean)
            for name, (mean, resampled) in _resampled(kind, items, answers, seed).items()}


def interval(kind: Kind, items: Sequence[Item], answers: Sequence[Sequence[Answer]], seed: int) -> Interval:
    """Return the interval of the compared score."""
    return next(iter(intervals(kind, items, answers, seed).values()))


def difference(kind: Kind, items: Sequence[Item], ours: Sequence[Sequence[Answer]],
               theirs: Sequence[Sequence[Answer]], seed: int) -> Interval:
    """Return the difference of the compared score."""
    return next(iter(differences(kind, items, ours, theirs, seed).values()))


def differences(kind: Kind, items: Sequence[Item], ours: Sequence[Sequence[Answer]],
                theirs: Sequence[Sequence[Answer]], seed: int) -> dict[str, Interval]:
    """Return score names -> mean difference (ours minus theirs, over seeds) with a 95% interval.

    Items and seeds are resampled together (paired bootstrap), so the interval covers both.

    ``ours``: for each seed the predictions. ``theirs``: the same seeds of another variant.
    """
    mine, other = (_resampled(kind, items, answers, seed) for answers in (ours, theirs))
    return {name: _percentiles(resampled - other[name][1], mean - other[name][0])
            for name, (mean, resampled) in mine.items()}


def texts_of(kind: Kind, items: Sequence[Item]) -> NDArray[np.int64]:
    """Return the index of each item's text, (items,), in order of first occurrence."""
    numbers: dict[str | int, int] = {}
    return np.array([numbers.setdefault(kind.together(item) or row, len(numbers)) for row, item in enumerate(items)],
                    np.int64)


def _resampled(kind: Kind, items: Sequence[Item], answers: Sequence[Sequence[Answer]],
               seed: int) -> dict[str, tuple[float, NDArray[Any]]]:
    """Return score names -> mean over seeds, and values over resamples of texts (or items) and seeds.

    Equal ``seed``, items and numbers of seeds give equal draws, which pairs two calls.
    """
    generator = np.random.default_rng(seed)
    unit = texts_of(kind, items)
    if unit.max() + 1 < FEWEST_TEXTS:
        unit = np.arange(len(items))
    count = unit.max() + 1
    weights = generator.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    seeds = generator.integers(0, len(answers), (RESAMPLES, len(answers)))
    sums = [_summed(kind.statistics(items, found), unit) for found in answers]
    whole, drawn = ([kind.measures(totals) for totals in found]
                    for found in ([each.sum(0) for each in sums], [weights @ each for each in sums]))
    return {name: (float(np.mean([each[name] for each in whole])), np.take_along_axis(
        np.stack([each[name] for each in drawn]), seeds.T, 0).mean(0)) for name in whole[0]}


def _summed(statistics: NDArray[Any], unit: NDArray[np.int64]) -> NDArray[Any]:
    """Sum (items, sums) over the items of each unit: (units, sums)."""
    found = np.zeros((unit.max() + 1, statistics.shape[1]))
    np.add.at(found, unit, statistics)
    return found


def _percentiles(resampled: NDArray[Any], mean: float) -> Interval:
    low, high = np.percentile(resampled, [2.5, 97.5])
    return float(low), mean, float(high)
