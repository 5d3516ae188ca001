"""What the text is made of, against its caps."""

from __future__ import annotations

import pytest

from vernacular.cleaning.source_mix import mix_gate, shares, words_by
from vernacular.config.cleaning import SourceMix

WORDS = {("bible", "religious", "CC0-1.0", ""): 20, ("web", "news", "unverified", "//a.example"): 50,
         ("web", "religious", "unverified", "//b.example"): 10, ("wiki", "encyclopedic", "CC-BY-SA-4.0", "x.txt"): 20}


def test_words_are_added_up_by_column() -> None:
    assert words_by(WORDS, "register") == {("news",): 50, ("religious",): 30, ("encyclopedic",): 20}
    assert next(iter(words_by(WORDS, "source", "register"))) == ("web", "news")


@pytest.mark.parametrize(("caps", "passed", "value"), [
    ({}, True, 0.3), ({"religious": 0.2}, False, 0.3), ({"encyclopedic": 0.1}, False, 0.2),
    ({"one_host": 0.4}, False, 0.5)])
def test_a_share_above_its_cap_is_warned_of(caps: dict[str, float], passed: bool, value: float) -> None:
    gate = mix_gate(shares(WORDS, SourceMix(**caps)))
    assert gate.passed is passed and not gate.blocking
    assert gate.value == pytest.approx(value) or passed
    output = ("religious: 30% of the words", "encyclopedic: 20% of the words", "the host a.example: 50% of the words")
    assert [one in gate.reason for one in output] == [passed or f"{100 * value:.0f}%" in one for one in output]


def test_nothing_at_all_passes() -> None:
    assert mix_gate(shares({}, SourceMix())).passed
