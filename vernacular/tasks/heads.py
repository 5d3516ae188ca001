"""Where a head starts from: a logistic regression on the states of a body that has learned nothing yet (LP-FT)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.tasks.kind import IGNORED, Head
from vernacular.tasks.network import Encoded, Network, in_batches

_MOST_UNITS = 10_000  # more teach a start nothing, and cost minutes
_C, _ITERATIONS = 0.1, 300


def linear_start(network: Network, encoded: Sequence[Encoded], labels: Sequence[Sequence[int]],
                 padding: int) -> Head | None:
    """One label for each unit; None where there is only one label, which teaches no direction.

    Args:
        network: as ``Kind.network`` made it.
        encoded: the items to learn from.
        labels: of each item, one for each of its units, or ``IGNORED``.
        padding: the id of padding.
    """
    from sklearn.linear_model import LogisticRegression
    states, kept = _states(network, encoded, padding)
    target = np.array([label for number in range(kept) for label in labels[number]])
    states, target = states[target != IGNORED], target[target != IGNORED]
    if len(set(target.tolist())) < 2:
        return None
    mean, spread = states.mean(0), states.std(0) + 1e-6
    found = LogisticRegression(C=_C, max_iter=_ITERATIONS).fit((states - mean) / spread, target)
    weight, bias = found.coef_, found.intercept_
    if len(found.classes_) == 2:  # scikit-learn keeps one row for two labels
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    weight = weight / spread
    bias = bias - weight @ mean
    head = network.head
    out = np.zeros(tuple(head.weight.shape)), np.full(len(head.bias), bias.min() - 2)  # labels without a training item
    out[0][found.classes_], out[1][found.classes_] = weight, bias
    return _head(*out)


def many_start(network: Network, encoded: Sequence[Encoded], labels: Sequence[Sequence[int]],
               padding: int) -> Head | None:
    """Any number of labels for an item of one unit: a regression for each label against its absence."""
    from sklearn.linear_model import LogisticRegression
    states, kept = _states(network, encoded, padding)
    mean, spread = states.mean(0), states.std(0) + 1e-6
    weight, bias = np.zeros(tuple(network.head.weight.shape)), np.zeros(len(network.head.bias))
    for label in range(len(bias)):
        target = np.array([label in labels[number] for number in range(kept)])
        if target.all() or not target.any():
            bias[label] = 3.0 if target.all() else -3.0
            continue
        found = LogisticRegression(C=_C, max_iter=_ITERATIONS).fit((states - mean) / spread, target)
        weight[label] = found.coef_[0] / spread
        bias[label] = found.intercept_[0] - weight[label] @ mean
    return _head(weight, bias)


def _states(network: Network, encoded: Sequence[Encoded], padding: int) -> tuple[NDArray[Any], int]:
    """The states of the units of the first items, and how many items these are."""
    ends = np.cumsum([item.count for item in encoded])
    kept = max(1, int(np.searchsorted(ends, _MOST_UNITS, side="right")))
    return unit_states(network, encoded[:kept], padding), len(encoded[:kept])


def unit_states(network: Network, encoded: Sequence[Encoded], padding: int) -> NDArray[Any]:
    """The states of the units of all items in order: (units, hidden)."""
    def ask(rows: list[int]) -> list[NDArray[Any]]:
        batch = [encoded[row] for row in rows]
        found = network.states(batch, padding).float().cpu().numpy()
        return np.split(found, np.cumsum([item.count for item in batch])[:-1])

    return np.concatenate(in_batches(network, encoded, ask))


def _head(weight: NDArray[Any], bias: NDArray[Any]) -> Head:
    return {"weight": torch.tensor(weight, dtype=torch.float32), "bias": torch.tensor(bias, dtype=torch.float32)}
