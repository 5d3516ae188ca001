"""Initialize a head by logistic regression on the states of the untrained body (LP-FT)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.tasks.adapter_model import Encoded, Network, in_batches
from vernacular.tasks.base import IGNORED, Head

_MOST_UNITS = 10_000  # more add little and cost minutes
_C, _ITERATIONS = 0.1, 300


def linear_start(network: Network, encoded: Sequence[Encoded], labels: Sequence[Sequence[int]],
                 padding: int, balanced: bool = False) -> Head | None:
    """Return a head for one label per unit; None if there is only one label.

    ``network``: from ``Kind.bare``. ``labels``: of each item, one per unit, or ``IGNORED``.
    ``balanced``: whether labels are weighted equally.
    """
    states, kept = _states(network, encoded, padding)
    target = np.array([label for number in range(kept) for label in labels[number]])
    states, target = states[target != IGNORED], target[target != IGNORED]
    classes = sorted(set(target.tolist()))
    if len(classes) < 2:
        return None
    weight, bias = _regression(states, target, network.head.bias is not None, balanced)
    out = np.zeros((network.head.out_features, weight.shape[1])), np.full(network.head.out_features, bias.min() - 2)
    out[0][classes], out[1][classes] = weight, bias  # the others are labels without training items
    return _head(network, *out)


def many_start(network: Network, encoded: Sequence[Encoded], labels: Sequence[Sequence[int]],
               padding: int) -> Head | None:
    """Return a head for multi-label items of one unit: a regression for each label."""
    states, kept = _states(network, encoded, padding)
    weight, bias = np.zeros((network.head.out_features, states.shape[1])), np.zeros(network.head.out_features)
    for label in range(len(bias)):
        target = np.array([label in labels[number] for number in range(kept)])
        if target.all() or not target.any():
            bias[label] = 3.0 if target.all() else -3.0
            continue
        rows, shifts = _regression(states, target, network.head.bias is not None)
        weight[label], bias[label] = rows[1] - rows[0], shifts[1] - shifts[0]
    return _head(network, weight, bias)


def _regression(states: NDArray[Any], target: NDArray[Any], biased: bool,
                balanced: bool = False) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return weights (classes, hidden) and biases (classes,) of a logistic regression; 0 unless ``biased``."""
    from sklearn.linear_model import LogisticRegression
    mean, spread = states.mean(0) * biased, states.std(0) + 1e-6
    found = LogisticRegression(C=_C, max_iter=_ITERATIONS, fit_intercept=biased,
                               class_weight="balanced" if balanced else None).fit((states - mean) / spread, target)
    weight, bias = found.coef_, np.broadcast_to(found.intercept_, len(found.coef_))
    if len(found.classes_) == 2:  # scikit-learn keeps one row for two labels
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    weight = weight / spread
    return weight, bias - weight @ mean


def _states(network: Network, encoded: Sequence[Encoded], padding: int) -> tuple[NDArray[Any], int]:
    """Return the states of the first items' units, and the number of these items."""
    ends = np.cumsum([item.count for item in encoded])
    kept = max(1, int(np.searchsorted(ends, _MOST_UNITS, side="right")))
    return unit_states(network, encoded[:kept], padding), len(encoded[:kept])


def unit_states(network: Network, encoded: Sequence[Encoded], padding: int) -> NDArray[Any]:
    """Return the states of all items' units in order: (units, hidden)."""
    def ask(rows: list[int]) -> list[NDArray[Any]]:
        batch = [encoded[row] for row in rows]
        found = network.states(batch, padding).float().cpu().numpy()
        return np.split(found, np.cumsum([item.count for item in batch])[:-1])

    return np.concatenate(in_batches(network, encoded, ask))


def _head(network: Network, weight: NDArray[Any], bias: NDArray[Any]) -> Head:
    found = {"weight": torch.tensor(weight, dtype=torch.float32), "bias": torch.tensor(bias, dtype=torch.float32)}
    return {name: found[name] for name, _ in network.head.named_parameters()}
