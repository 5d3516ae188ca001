"""Gaps between groups on base and released model, with intervals, and whether training widened them."""

from __future__ import annotations

from collections.abc import Sequence

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
    found, gaps = {}, {}
    for arm, hits in (("base", base), ("adapted", adapted)):
        means = hits.mean(axis=0)
        gap = float(np.ptp(means))
        gaps[arm] = np.array([np.ptp(hits[drawn].mean(axis=0)) for drawn in rows])
        chance = float(np.quantile([np.ptp(rng.permuted(hits, axis=1).mean(axis=0)) for _ in range(DRAWS)], 0.95))
        low, high = (float(value) for value in np.quantile(gaps[arm], [0.025, 0.975]))
        found[arm] = Gap(groups=dict(zip(groups, (float(value) for value in means), strict=True)), gap=gap, low=low,
                         high=high, gap_by_chance=chance, beyond_noise=gap > chance + 1e-12)
    return _change(found["base"], found["adapted"], gaps["adapted"] - gaps["base"])


def compare_changes(base: Hits, adapted: Hits, seed: int) -> GapChange:
    """Return how much more often a label changes with the group than with the name only, and the change of that.

    Significant if it exceeds the 95th percentile with both exchanged at random within sentences, as
    in ``compare_groups``.

    ``base``: from ``labels_differ``, shape (sentences, 2). ``adapted``: the same sentences
    under the adapted model.
    """
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(base), (DRAWS, len(base)))
    found, gaps = {}, {}
    for arm, hits in (("base", base), ("adapted", adapted)):
        more = hits[:, 0] - hits[:, 1]
        gaps[arm] = more[rows].mean(axis=1)
        chance = float(np.quantile((rng.choice([-1, 1], (DRAWS, len(more))) * more).mean(axis=1), 0.95))
        low, high = (float(value) for value in np.quantile(gaps[arm], [0.025, 0.975]))
        between, within = (float(value) for value in hits.mean(axis=0))
        found[arm] = Gap(gap=between - within, changed_with_group=between, changed_with_name=within, low=low, high=high,
                         gap_by_chance=chance, beyond_noise=between - within > chance + 1e-12)
    return _change(found["base"], found["adapted"], gaps["adapted"] - gaps["base"])


def _change(base: Gap, adapted: Gap, drawn: Hits) -> GapChange:
    low, high = (float(value) for value in np.quantile(drawn, [0.025, 0.975]))
    before, after = base.beyond_noise, adapted.beyond_noise
    if low > 0 and after:
        verdict = "made worse"
    elif high < 0 and before:
        verdict = "lessened"
    else:
        verdict = "inherited" if before and after else "within noise"
    return GapChange(base=base, adapted=adapted, change=(low, adapted.gap - base.gap, high), verdict=verdict)
