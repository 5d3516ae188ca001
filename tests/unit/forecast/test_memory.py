"""Which card a training fits on."""

from __future__ import annotations

from vernacular.forecast.memory import CARDS, card_for, fits
from vernacular.modeling.memory import GIB


def test_a_card_must_hold_more_than_the_tensors():
    assert fits(6 * GIB, 8) and not fits(8 * GIB, 8)
    assert card_for(6 * GIB) == 8 and card_for(8 * GIB) == 12
    assert card_for(CARDS[-1] * GIB) is None
