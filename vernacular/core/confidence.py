"""95% bootstrap intervals of ratios of sums, with lines or documents as the resampled units.

A mean over characters or words is such a ratio. Task scores are other functions and resample seeds
too: see ``vernacular.tasks.scoring``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
FEWEST_TEXTS = 20  # with fewer texts an interval is too unreliable to show
Floats = NDArray[np.float64]


def ratio(above: Floats, below: Floats, seed: int) -> dict[str, float]:
    """Return ``mean``, ``low`` and ``high`` of sum(``above``) / sum(``below``), each of shape (units,)."""
    low, high = np.percentile(_resampled(above, below, seed), [2.5, 97.5])
    return {"mean": float(above.sum() / below.sum()), "low": float(low), "high": float(high)}


def ratio_difference(ours: tuple[Floats, Floats], theirs: tuple[Floats, Floats], seed: int) -> list[float]:
    """Return [low, mean, high] of the first ratio minus the second, paired over the same units."""
    low, high = np.percentile(_resampled(*ours, seed) - _resampled(*theirs, seed), [2.5, 97.5])
    return [float(low), float(ours[0].sum() / ours[1].sum() - theirs[0].sum() / theirs[1].sum()), float(high)]


def _resampled(above: Floats, below: Floats, seed: int) -> Floats:
    """Return the ratio in each resample, (resamples,); equal seeds and unit counts give equal draws."""
    rows = np.random.default_rng(seed).integers(0, len(above), (RESAMPLES, len(above)))
    ratios: Floats = above[rows].sum(1) / below[rows].sum(1)
    return ratios
