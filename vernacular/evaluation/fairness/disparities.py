"""Gaps between groups on base and released model, with intervals, and whether training widened them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.evaluation.stage_results import Gap, GapChange

DRAWS = 1000
Hits = NDArray[np.floating]


def compare_groups(base: Hits, adapted: Hits, groups: Sequence[str], seed: int) -> GapChange:
    """Return group means and the largest gap of both variants, and the change of the gap.

    A gap is significant if it exceeds the 95th percentile of gaps with groups shuffled within
    sentences; the change has a paired bootstrap interval over sentences.

    ``base``: measurements, 0 or 1 or nats, shape (sentences, groups). ``adapted``: the same
    sentences under the adapted model. ``groups``: their names, in column order.
    """
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(base), (DRAWS, len(base)))

    def measured(hits: Hits) -> tuple[Gap, Hits]:
        means = hits.mean(axis=0)
        drawn = np.array([np.ptp(hits[chosen].mean(axis=0)) for chosen in rows])
        shuffled = np.array([np.ptp(rng.permuted(hits, axis=1).mean(axis=0)) for _ in range(DRAWS)])
        by_group = dict(zip(groups, map(float, means), strict=True))
        return _gap(float(np.ptp(means)), drawn, shuffled, groups=by_group), drawn

    return _change(measured(base), measured(adapted))


def compare_changes(base: Hits, adapted: Hits, seed: int) -> GapChange:
    """Return how much more often a label changes with the group than with the name only, and the change of that.

    Significant if it exceeds the 95th percentile with both exchanged at random within sentences, as
    in ``compare_groups``.

    ``base``: from ``labels_differ``, shape (sentences, 2). ``adapted``: the same sentences
    under the adapted model.
    """
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(base), (DRAWS, len(base)))

    def measured(hits: Hits) -> tuple[Gap, Hits]:
        more = hits[:, 0] - hits[:, 1]
        drawn = more[rows].mean(axis=1)
        shuffled = (rng.choice([-1, 1], (DRAWS, len(more))) * more).mean(axis=1)
        between, within = map(float, hits.mean(axis=0))
        return _gap(between - within, drawn, shuffled, changed_with_group=between, changed_with_name=within), drawn

    return _change(measured(base), measured(adapted))


def _gap(gap: float, drawn: Hits, shuffled: Hits, **parts: Any) -> Gap:
    """Return a gap with its interval over ``drawn`` sentences, compared with gaps of ``shuffled`` groups."""
    low, high = map(float, np.quantile(drawn, [0.025, 0.975]))
    chance = float(np.quantile(shuffled, 0.95))
    return Gap(gap=gap, low=low, high=high, gap_by_chance=chance, beyond_noise=gap > chance + 1e-12, **parts)


def _change(base: tuple[Gap, Hits], adapted: tuple[Gap, Hits]) -> GapChange:
    low, high = map(float, np.quantile(adapted[1] - base[1], [0.025, 0.975]))
    before, after = base[0].beyond_noise, adapted[0].beyond_noise
    if low > 0 and after:
        verdict = "made worse"
    elif high < 0 and before:
        verdict = "lessened"
    else:
        verdict = "inherited" if before and after else "within noise"
    change = (low, adapted[0].gap - base[0].gap, high)
    return GapChange(base=base[0], adapted=adapted[0], change=change, verdict=verdict)
