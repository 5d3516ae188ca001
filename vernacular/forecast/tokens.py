"""Estimate how much new tokens will shorten text, from measurements with other text of this size.

Measured with this project's search: docs/experiments/when-it-pays.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from vernacular.forecast.ranges import Range

# Least uses of a new token -> (words of training text, least and greatest share of saved tokens)
# over three languages, MiniLM.
SAVED: dict[int, Sequence[tuple[int, float, float]]] = {
    50: ((7_500, .006, .070), (15_000, .017, .111), (30_000, .052, .144), (60_000, .106, .183), (120_000, .163, .234),
         (240_000, .223, .291)),
    20: ((7_500, .026, .114), (15_000, .071, .155), (30_000, .116, .200), (60_000, .177, .245), (120_000, .252, .306),
         (240_000, .321, .367)),
    8: ((7_500, .081, .169), (15_000, .141, .213), (30_000, .191, .262), (60_000, .257, .310), (120_000, .347, .374),
        (240_000, .403, .431))}


def saved_share(words: Range, new_tokens: int, least_uses: int) -> Range:
    """Return the share of a text's tokens that new ones will save.

    Args:
        words: of the training text.
        new_tokens: their limit.
        least_uses: required of each.
    """
    if not new_tokens:
        return Range(0.0, 0.0)
    return Range(_saved(words.low, least_uses, 1), _saved(words.high, least_uses, 2))


def _saved(words: float, least_uses: int, column: int) -> float:
    """Interpolate between the rows of ``SAVED``, in logarithms, without extrapolation."""
    uses = sorted(SAVED)
    least = min(max(least_uses, uses[0]), uses[-1])
    below = max(one for one in uses if one <= least)
    above = min(one for one in uses if one >= least)
    share = 0.0 if above == below else math.log(least / below) / math.log(above / below)
    return sum(part * _along([(row[0], row[column]) for row in SAVED[one]], words)
               for one, part in ((below, 1 - share), (above, share)))


def _along(rows: Sequence[tuple[int, float]], words: float) -> float:
    if words <= rows[0][0]:
        return rows[0][1] * words / rows[0][0]
    for (left, low), (right, high) in pairwise(rows):
        if words <= right:
            return low + (high - low) * math.log(words / left) / math.log(right / left)
    return rows[-1][1]
