"""What new tokens save follows the measured rows, and is never more than the largest of them."""

from __future__ import annotations

import pytest

from vernacular.forecast.ranges import Range, exactly
from vernacular.forecast.tokens import saved_share


def test_a_measured_row_is_given_as_it_is() -> None:
    assert saved_share(exactly(60_000), 2000, 50) == Range(.106, .183)
    assert saved_share(exactly(60_000), 0, 50) == Range(0, 0)


def test_more_text_and_fewer_uses_save_more() -> None:
    shares = [saved_share(exactly(words), 2000, 50).middle for words in (1, 5_000, 20_000, 100_000, 10**6, 10**8)]
    assert shares == sorted(shares) and shares[-1] == shares[-2] == pytest.approx((.223 + .291) / 2)
    by_uses = [saved_share(exactly(60_000), 2000, uses).middle for uses in (500, 50, 30, 20, 10, 8, 1)]
    assert by_uses == sorted(by_uses)
