"""Exact match and F1 as SQuAD counts them, but with articles kept; the floor points at a likely place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.tasks.question_answering.baseline import answer_length, nearest_span
from vernacular.tasks.question_answering.squad_metrics import exact, statistics, token_f1


@pytest.mark.parametrize(("answer", "wanted", "same", "f1"), [
    ("Lilongwe.", "lilongwe", 1, 1), ("ku Lilongwe", "Lilongwe", 0, 2 / 3), ("a Banda", "Banda", 0, 2 / 3),
    ("ng'ombe", "ng’ombe", 0, 0), ("", "", 1, 1), ("", "Lilongwe", 0, 0), ("x x y", "x y y", 0, 2 / 3),
    ("cafe\u0301", "café", 1, 1), ("Blantyre", "Lilongwe", 0, 0)])
def test_by_hand(answer, wanted, same, f1):
    assert exact(answer, wanted) == same
    assert token_f1(answer, wanted) == pytest.approx(f1)


@given(st.text(max_size=20), st.text(max_size=20))
def test_f1_is_fair_to_both_sides(left, right):
    assert token_f1(left, right) == token_f1(right, left) <= 1
    assert token_f1(left, left) == exact(left, left) == 1
    assert token_f1(left, right) >= exact(left, right)


def test_the_nearest_right_answer_counts():
    assert statistics([["a", "a b c"], [""], [""]], ["a b", "", "a"]).tolist() == [
        [pytest.approx(.8), 0, 1], [1, 1, 1], [0, 0, 1]]


def test_the_floor_looks_in_the_nearest_sentence():
    text = "The river is long. The capital of Malawi is Lilongwe today. A market opens."
    question = "What is the capital of Malawi?"
    assert nearest_span(question, text, 1) == "Lilongwe"
    assert nearest_span(question, text, 2) == "Lilongwe today"
    assert nearest_span(question, text, 9) == "The capital of Malawi is Lilongwe today."
    assert nearest_span("What?", "...", 1) == ""


def test_the_floor_knows_how_long_answers_are():
    assert answer_length(["a", "a b c", "a b c d e", ""]) == 3
    assert answer_length([""]) == 1
