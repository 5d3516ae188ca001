"""The character model: costs are those of the formula, order of words does not count, and storing changes nothing."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.langid.char_ngrams import ALPHABET, ORDER, CharacterModel, Table

WORDS = st.lists(st.text(alphabet="abcdeŋ'ɓ", min_size=1, max_size=9), min_size=1, max_size=30, unique=True)


def slow_cost(word: str, weights: dict[str, float]) -> float:
    """The cost of a word by the formula of Witten and Bell, with dictionaries."""
    seen: Counter[str] = Counter()
    for known, weight in weights.items():
        spelled = f" {known} "
        for end in range(2, len(spelled) + 1):
            for order in range(1, min(ORDER, end) + 1):
                seen[spelled[end - order:end]] += weight  # type: ignore[assignment]
    total: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for gram, number in seen.items():
        total[gram[:-1] + f"|{len(gram)}"] += number
        kinds[gram[:-1] + f"|{len(gram)}"] += 1
    spelled, cost = f" {word} ", 0.0
    for end in range(2, len(spelled) + 1):
        chance = 1 / ALPHABET
        for order in range(1, min(ORDER, end) + 1):
            gram = spelled[end - order:end]
            context = gram[:-1] + f"|{order}"
            if total[context]:
                chance = (seen[gram] + kinds[context] * chance) / (total[context] + kinds[context])
        cost -= math.log2(chance)
    return cost


@given(WORDS, WORDS)
def test_costs_are_those_of_the_formula(known: list[str], asked: list[str]) -> None:
    weights = {word: 1.0 + number % 3 for number, word in enumerate(known)}
    costs = CharacterModel.learn(weights).costs(asked)
    assert costs == pytest.approx([slow_cost(word, weights) for word in asked], rel=1e-4)


@given(WORDS)
def test_the_order_of_words_does_not_count(words: list[str]) -> None:
    one = CharacterModel.learn(dict.fromkeys(words, 1.0))
    other = CharacterModel.learn(dict.fromkeys(reversed(words), 1.0))
    assert np.allclose(one.costs(words), other.costs(words), rtol=1e-5)


def test_a_stored_model_costs_the_same() -> None:
    model = CharacterModel.learn({"ng'ombe": 2.0, "madzi": 1.0})
    again = CharacterModel.of_arrays(model.arrays("own"), "own")
    assert again.costs(["madzi", "moto", "x"]).tolist() == model.costs(["madzi", "moto", "x"]).tolist()


@given(st.dictionaries(st.integers(0, 2**64 - 1), st.floats(1, 100, width=32), max_size=200),
       st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_a_table_is_a_dictionary(numbers: dict[int, float], others: list[int]) -> None:
    table = Table(np.array(list(numbers), np.uint64), np.array(list(numbers.values()), np.float32))
    asked = [*numbers, *others]
    assert table.get(np.array(asked, np.uint64)).tolist() == [numbers.get(key, 0.0) for key in asked]
