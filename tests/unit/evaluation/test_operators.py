"""The operators of behavioural tests: what they may never do to a line."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from vernacular.corpus.words import words
from vernacular.evaluation.behaviour.operators import AnyOperator
from vernacular.evaluation.behaviour.operators.base import Context, Given, Operator

LINES = st.text(alphabet=st.sampled_from("abdeikmnou ŵwéŋ'’.,!? 0123456789AM"), max_size=80)
EVERY = [
    {"operator": "normal_form", "to": "NFD"}, {"operator": "spaces", "where": "double"},
    {"operator": "spaces", "where": "trailing"}, {"operator": "letter_case", "to": "title"},
    {"operator": "letter_case", "to": "upper"}, {"operator": "apostrophe_variants"}, {"operator": "strip_diacritics"},
    {"operator": "final_punctuation"}, {"operator": "replace", "pairs": {"a": "aa"}},
    {"operator": "insert", "texts": ["xyz", "🙂"]}, {"operator": "quotes"}, {"operator": "digits"},
    {"operator": "typo", "count": 2}, {"operator": "swap_words", "lexicon": "names"}]
GIVEN = Given({"names": ["Amo", "Badu", "Kemi"]})


def make(data: dict[str, object]) -> Operator:
    return TypeAdapter(AnyOperator).validate_python(data)


def apply(data: dict[str, object], text: str, seed: int = 1) -> str:
    return make(data).apply(text, Context(random.Random(seed), GIVEN))


@pytest.mark.parametrize("data", EVERY, ids=str)
@given(text=LINES, seed=st.integers(0, 5))
def test_the_same_line_and_seed_give_the_same_result(data: dict[str, object], text: str, seed: int) -> None:
    assert apply(data, text, seed) == apply(data, text, seed)


@given(text=LINES)
def test_spaces_keep_the_words(text: str) -> None:
    for where in ("leading", "trailing", "double"):
        assert words(apply({"operator": "spaces", "where": where}, text)) == words(text)


@given(text=LINES)
def test_apostrophe_variants_change_apostrophes_alone(text: str) -> None:
    changed = apply({"operator": "apostrophe_variants"}, text)
    assert len(changed) == len(text)
    assert all(old == new or (old in "'’" and new in "'’ʼ‘`") for old, new in zip(text, changed, strict=True))


@given(text=LINES)
def test_diacritics_are_gone_and_nothing_else(text: str) -> None:
    bare = apply({"operator": "strip_diacritics"}, text)
    assert not any(unicodedata.category(char) == "Mn" for char in unicodedata.normalize("NFD", bare))
    assert apply({"operator": "strip_diacritics"}, bare) == bare


@given(text=LINES, seed=st.integers(0, 20))
def test_a_typo_swaps_two_letters(text: str, seed: int) -> None:
    changed = apply({"operator": "typo"}, text, seed)
    assert sorted(changed) == sorted(text)
    assert sum(old != new for old, new in zip(text, changed, strict=True)) in (0, 2)


@given(text=LINES)
def test_the_final_mark_toggles(text: str) -> None:
    changed = apply({"operator": "final_punctuation", "do": "remove"}, text)
    assert text.startswith(changed)


@pytest.mark.parametrize(("data", "text", "expected"), [
    ({"operator": "letter_case", "to": "title"}, "ng'ombe ya iye", "Ng'ombe Ya Iye"),
    ({"operator": "digits"}, "zaka 12000", "zaka 12,000"),
    ({"operator": "digits", "style": "plain"}, "zaka 12,000", "zaka 12000"),
    ({"operator": "final_punctuation"}, "amati.", "amati"),
    ({"operator": "final_punctuation"}, "amati", "amati."),
    ({"operator": "insert", "at": "start", "texts": ["7"]}, "amati", "7 amati"),
    ({"operator": "quotes", "pairs": ["«»"]}, "amati", "«amati»"),
    ({"operator": "replace", "pairs": {"aw": "aŵ"}}, "awo", "aŵo"),
    ({"operator": "normal_form"}, "ŵ", "w\u0302"),
    ({"operator": "strip_diacritics"}, "aŵo", "awo"),
    ({"operator": "strip_diacritics"}, "awo", "awo"),
])
def test_examples(data: dict[str, object], text: str, expected: str) -> None:
    assert apply(data, text) == expected


def test_a_swapped_word_is_new_to_the_line() -> None:
    for seed in range(20):
        assert apply({"operator": "swap_words", "lexicon": "names"}, "iye Amo, Amo ndi Badu", seed) in (
            "iye Kemi, Kemi ndi Badu", "iye Amo, Amo ndi Kemi")
    assert apply({"operator": "swap_words", "lexicon": "names"}, "palibe") == "palibe"
