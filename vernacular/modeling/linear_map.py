"""A linear map from features of texts to the vectors of their pictures: ridge regression in closed form.

The penalty is chosen by cross-validation over pictures, never on scored items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PENALTIES = 10.0 ** np.arange(-3, 3.1, 0.5)  # relative to the mean variance of a feature
_FOLDS = 5
_SEED = 1
_DIRECTIONS = 256
_LEAST = 1e-6  # of the largest variance


@dataclass(frozen=True)
class LinearMap:
    """``features @ weight.T + bias``."""

    weight: NDArray[np.float64]  # (width, features)
    bias: NDArray[np.float64]  # (width,)

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float64]:
        """Return the vectors of ``features``: (texts, width)."""
        found: NDArray[np.float64] = features @ self.weight.T + self.bias
        return found


def fit_map(features: NDArray[Any], targets: NDArray[Any], groups: Sequence[str]) -> LinearMap:
    """Return the map with the smallest error on pictures that it was not fitted to.

    Args:
        features: (texts, features).
        targets: (texts, width).
        groups: of each text its picture, or another name of what must not be on both sides.
    """
    features, targets = features.astype(np.float64), targets.astype(np.float64)
    codes = np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)[1]
    order = np.random.default_rng(_SEED).permutation(codes.max() + 1)
    fold_of = order[codes] % _FOLDS
    errors = np.zeros(len(_PENALTIES))
    for fold in range(_FOLDS):
        inside = fold_of != fold
        if inside.all() or not inside.any():
            continue
        for number, found in enumerate(_maps(features[inside], targets[inside])):
            errors[number] += np.square(found(features[~inside]) - targets[~inside]).sum()
    return _maps(features, targets)[int(errors.argmin())]


def half_whitening(vectors: NDArray[Any], exponent: float = 0.25) -> NDArray[np.float64]:
    """Return the matrix that divides principal components by the fourth root of their variance: (width, directions).

    Pictures differ most in few directions, such as color; texts name what is in the others. With whole whitening
    (square roots) less is found: `docs/experiments/pictures.md`. All directions are orthogonal to the mean: its
    product with a text would be added to the similarity of that text and every picture.

    Args:
        vectors: (pictures, width).
        exponent: of the variance that is divided by.
    """
    vectors = vectors.astype(np.float64)
    mean = vectors.mean(0)
    centered = vectors - mean
    centered -= np.outer(centered @ mean, mean) / max(mean @ mean, 1e-12)
    values, axes = np.linalg.eigh(centered.T @ centered)
    kept = np.flatnonzero(values > _LEAST * max(values[-1], 1e-12))[-_DIRECTIONS:]
    found: NDArray[np.float64] = axes[:, kept] * (values[kept] / values[-1]) ** -exponent if len(kept) else axes
    return found


def _maps(features: NDArray[Any], targets: NDArray[Any]) -> list[LinearMap]:
    """Return the map for each of ``_PENALTIES``."""
    means = features.mean(0), targets.mean(0)
    centered = features - means[0]
    values, vectors = np.linalg.eigh(centered.T @ centered)
    scale, projected = max(values.mean(), 1e-12), vectors.T @ (centered.T @ (targets - means[1]))
    found = []
    for penalty in _PENALTIES:
        weight = (vectors @ (projected / (np.maximum(values, 0) + penalty * scale)[:, None])).T
        found.append(LinearMap(weight, means[1] - weight @ means[0]))
    return found
