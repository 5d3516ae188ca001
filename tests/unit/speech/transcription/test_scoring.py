"""Error rates by hand, intervals, pairing."""

from __future__ import annotations

import pytest

from vernacular.speech.transcription.scoring import count_edits, difference, error_rates, pooled


def test_edits_are_counted_of_characters_and_words_in_normal_form() -> None:
    edits = count_edits(["ab cd", "e\u0301"], ["ab ce", "\u00e9"])
    assert edits.characters.tolist() == [1, 0]
    assert edits.words.tolist() == [1, 0]
    assert edits.all_characters.tolist() == [5, 1]


def test_nothing_written_is_all_wrong() -> None:
    rates = error_rates(count_edits(["ab cd"] * 3, [""] * 3), ["a", "b", ""])
    assert (rates.cer.mean, rates.wer.mean) == (100, 100)
    assert rates.cer_over_speakers is None


def test_intervals_over_speakers_need_five() -> None:
    edits = count_edits(["abcd"] * 10, ["abcd"] * 5 + ["abcx"] * 5)
    rates = error_rates(edits, [f"speaker-{row % 5}" for row in range(10)])
    assert rates.cer.mean == pytest.approx(12.5)
    assert rates.cer.low < rates.cer.mean < rates.cer.high
    assert rates.cer_over_speakers is not None


def test_differences_are_paired_and_seeds_are_pooled() -> None:
    worse = count_edits(["abcd", "abcdef"], ["abxx", "abcdxx"])
    same = difference(worse, worse)
    assert same == (0, 0, 0)
    better = pooled([count_edits(["abcd", "abcdef"], ["abcd", "abcdef"]), worse])
    low, mean, high = difference(better, pooled([worse, worse]))
    assert low <= mean <= high < 0
    assert mean == pytest.approx(-20)
