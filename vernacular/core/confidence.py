"""95% bootstrap intervals of ratios of sums over units that are right or wrong together: lines, documents.

A mean over characters or words is such a ratio: what all units cost, through how large they are. Scores of tasks are
other functions of sums, and draw seeds too: ``vernacular.tasks.scoring``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
FEWEST_TEXTS = 20  # of fewer the bootstrap makes too little, and whoever shows an interval says so or shows none
Floats = NDArray[np.float64]


def ratio(above: Floats, below: Floats, seed: int) -> dict[str, float]:
    """``above`` through ``below``, summed over units, each (units,): ``mean``, ``low``, ``high``."""
    low, high = np.percentile(_resampled(above, below, seed), [2.5, 97.5])
    return {"mean": float(above.sum() / below.sum()), "low": float(low), "high": float(high)}


def ratio_difference(ours: tuple[Floats, Floats], theirs: tuple[Floats, Floats], seed: int) -> list[float]:
    """The first ratio minus the second, of the same units, paired: [low, mean, high]."""
    low, high = np.percentile(_resampled(*ours, seed) - _resampled(*theirs, seed), [2.5, 97.5])
    return [float(low), float(ours[0].sum() / ours[1].sum() - theirs[0].sum() / theirs[1].sum()), float(high)]


def _resampled(above: Floats, below: Floats, seed: int) -> Floats:
    """The ratio in each resample, (resamples,); equal seeds and numbers of units give equal draws."""
    rows = np.random.default_rng(seed).integers(0, len(above), (RESAMPLES, len(above)))
    found: Floats = above[rows].sum(1) / below[rows].sum(1)
    return found
