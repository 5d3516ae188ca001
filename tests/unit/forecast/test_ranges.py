"""Ranges add up, and read as a person would say them."""

from __future__ import annotations

import pytest

from vernacular.forecast.ranges import Range, exactly, total


@pytest.mark.parametrize(("low", "high", "message"), [
    (0.2, 0.9, "1 second"), (20, 35, "20 to 35 seconds"), (61, 130, "1.0 to 2.2 minutes"),
    (720, 1080, "12 to 18 minutes"), (10_800, 18_000, "3.0 to 5.0 hours")])
def test_time_is_reported_in_the_unit_that_fits(low: float, high: float, message: str) -> None:
    assert Range(low, high).time() == message


def test_counts_claim_no_more_than_two_digits() -> None:
    assert Range(463_211, 541_876).count() == "460,000 to 540,000"
    assert exactly(80).count() == "80" and Range(95, 1_234).count() == "95 to 1,200"


def test_a_total_is_narrower_than_its_ends_and_holds_the_middle() -> None:
    parts = [Range(10, 30)] * 4
    found = total(parts)
    assert 40 < found.low < 80 < found.high < 120 and found.middle == pytest.approx(80)
    assert total([Range(10, 30)]) == Range(10, 30)
