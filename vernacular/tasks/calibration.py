"""Calibration: a temperature per trained classifier, fitted on dev items and folded into its last layer.

The head's weights and bias are divided by the temperature: predictions do not change, and every
user of the saved weights (such as ``pipeline(...)``) gets calibrated probabilities. Test items are
only used for measurement. After Guo et al. 2017, https://arxiv.org/abs/1706.04599.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from vernacular.datasets.items import Item
from vernacular.tasks.adapter_model import Network, in_batches
from vernacular.tasks.base import IGNORED, Labelling
from vernacular.tasks.calibration_report import Calibration, Quality

_MOST = 20.0  # limit of the temperature and of its inverse
_BINS = 15  # of confidence, equally wide, as in Guo et al.
Logits = Sequence[NDArray[Any]]  # of each item: (units, labels)


def label_logits(kind: Labelling, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> Logits:
    """Return the head's outputs for each item's units, in full precision."""
    encoded = kind.encode(items, tokenizer, longest)
    return in_batches(network, encoded, lambda rows: kind.logits(
        network, [encoded[row] for row in rows], tokenizer.pad_token_id), exact=True)


def calibrate(kind: Labelling, network: Network, tokenizer: Any, dev: Sequence[Item],
              longest: int) -> tuple[float, int]:
    """Fit a temperature on ``dev`` and fold it into the head; return it with the number of decisions."""
    logits, truths = decisions(kind, label_logits(kind, network, tokenizer, dev, longest) if dev else [], dev)
    temperature = fit_temperature(logits, truths)
    with torch.no_grad():
        for parameter in (network.head.weight, network.head.bias):
            if parameter is not None:
                parameter.div_(temperature)
    return temperature, len(truths)


def fit_temperature(logits: NDArray[np.float64], truths: NDArray[np.int64]) -> float:
    """Return the temperature with the highest likelihood; 1 without decisions.

    A normal prior on its logarithm (mean 0, variance 1) matters only for a few decisions: five
    correct ones must not give certainty.

    Args:
        logits: (decisions, labels).
        truths: (decisions,) the index of the right label.
    """
    if not len(truths):
        return 1.0

    def cost(exponent: float) -> float:
        likelihood = log_softmax(logits / math.exp(exponent), -1)[np.arange(len(truths)), truths].sum()
        return float(exponent ** 2 / 2 - likelihood)

    return math.exp(minimize_scalar(cost, bounds=(-math.log(_MOST), math.log(_MOST)), method="bounded").x)


def decisions(kind: Labelling, logits: Logits, items: Sequence[Item]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return logits of decisions with known truth (decisions, labels), and the truths (decisions,).

    A decision is the label of a text or word; for multi-label texts, each label's presence.
    """
    if kind.task.multi_label:
        scores = np.concatenate([np.zeros((0, len(kind.labels))), *logits])
        truth = np.zeros(scores.shape, np.int64)
        for row, item in enumerate(items):
            truth[row, list(item.labels)] = 1
        return np.stack([np.zeros(scores.size), scores.ravel()], -1), truth.ravel()
    rows = np.concatenate([np.zeros((0, len(kind.labels))), *map(kind.arranged, logits)]).astype(np.float64)
    truths = np.array([label for item in items for label in item.labels], np.int64)
    return rows[truths != IGNORED], truths[truths != IGNORED]


def measure(logits: NDArray[np.float64], truths: NDArray[np.int64]) -> Quality:
    """Return the quality of probabilities from ``logits`` (decisions, labels), at least one decision."""
    logs = log_softmax(logits, -1)
    found, rows = np.exp(logs), np.arange(len(truths))
    confidence, right = found.max(-1), found.argmax(-1) == truths
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, confidence - right, _BINS)
    squares = (found ** 2).sum(-1) - 2 * found[rows, truths] + 1
    return Quality(float(np.abs(gaps).sum() / len(truths)), float(-logs[rows, truths].mean()), float(squares.mean()))


def calibration_of(kind: Labelling, logits: Logits, test: Sequence[Item], temperature: float,
                   fitted: int) -> Calibration:
    """Return the effect of calibration on the test items.

    ``logits``: of the calibrated classifier. ``temperature``: that was folded in. ``fitted``:
    number of decisions it was fitted on.
    """
    rows, truths = decisions(kind, logits, test)
    return Calibration(temperature, fitted, measure(rows * temperature, truths), measure(rows, truths))


def label_shares(kind: Labelling, train: Sequence[Item]) -> dict[str, float]:
    """Return label -> its share of the training decisions; for multi-label, of the texts."""
    counted = Counter(label for item in train for label in item.labels if label != IGNORED)
    total = len(train) if kind.task.multi_label else sum(counted.values())
    return {label: counted[number] / max(1, total) for number, label in enumerate(kind.labels)}
