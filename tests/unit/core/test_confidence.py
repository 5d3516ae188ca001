"""Intervals of ratios hold the ratio, cover what is true as often as they say, and pair what is of the same units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.core.confidence import ratio, ratio_difference

SIZES = st.lists(st.tuples(st.floats(0, 100), st.floats(1, 100)), min_size=2, max_size=30)


@given(units=SIZES, seed=st.integers(0, 9))
def test_an_interval_lies_within_the_units_it_is_of(units: list[tuple[float, float]], seed: int) -> None:
    above, below = np.array(units).T
    found = ratio(above, below, seed)
    assert found["mean"] == pytest.approx(above.sum() / below.sum())
    least, most = (above / below).min(), (above / below).max()
    assert least - 1e-9 <= found["low"] <= found["high"] <= most + 1e-9
    assert found == ratio(above, below, seed)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Of 200 samples of 60 documents with as many tokens to a word as their words have, which is 2 on average."""
    draw, hits = np.random.default_rng(1), 0
    for _ in range(200):
        words = draw.integers(5, 50, 60).astype(float)
        found = ratio(words * draw.normal(2, 0.4, 60), words, 1)
        hits += found["low"] <= 2 <= found["high"]
    assert 180 <= hits <= 198


@given(units=SIZES, apart=st.floats(-5, 5))
def test_what_differs_by_the_same_everywhere_differs_by_it_surely(units: list[tuple[float, float]],
                                                                  apart: float) -> None:
    above, below = np.array(units).T
    assert ratio_difference((above + apart * below, below), (above, below), 1) == pytest.approx([apart] * 3, abs=1e-6)
