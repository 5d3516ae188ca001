"""Ranks of pictures for texts and of texts for pictures, among all distinct ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RANKS = (1, 5, 10)  # recall is measured at


def both_ranks(scores: NDArray[Any], right: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rank of the first right picture for each text, and of the first right text for each picture.

    Ties count against the right one, and NaN scores nothing.

    Args:
        scores: (texts, pictures) similarity.
        right: (texts, pictures) whether they belong together.
    """
    return _ranks(scores, right), _ranks(scores.T, right.T)


def _ranks(scores: NDArray[Any], right: NDArray[np.bool_]) -> NDArray[np.int64]:
    best = np.where(right, scores, -np.inf).max(1, keepdims=True)
    found: NDArray[np.int64] = 1 + (~(scores < best) & ~right).sum(1)
    return found


def distinct(names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the distinct ``names`` in the order of their first occurrence, and the place of each name among them."""
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return list(places), np.array([places[name] for name in names], np.int64)
