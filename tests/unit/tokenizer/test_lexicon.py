"""Word translations are found from sentences alone, and become mixtures of the base's tokens."""

from __future__ import annotations

import random

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from vernacular.tokenizer.lexicon import translated, translation_table

ENGLISH = [f"word{number}" for number in range(30)]
OURS = [f"liwu{number}" for number in range(30)]


def pairs(count: int = 400) -> list[tuple[str, str]]:
    draw = random.Random(3)
    made = []
    for _ in range(count):
        numbers = draw.sample(range(30), draw.randint(3, 7))
        made.append((" ".join(OURS[number] for number in numbers),
                     " ".join(["the", *(ENGLISH[number] for number in reversed(numbers))])))
    return made


def tokenizer(words: list[str]) -> Tokenizer:
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(["[UNK]", "the", *words])}, "[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


def test_a_new_token_starts_from_what_translates_it() -> None:
    base, extended = tokenizer(ENGLISH), tokenizer([*ENGLISH, *OURS])
    ids = [extended.token_to_id(word) for word in OURS]
    found = translated(extended, base, ids, pairs())
    assert set(found) == set(ids)
    for number, index in enumerate(ids):
        mixture = found[index]
        assert sum(mixture.values()) == pytest.approx(1) and max(mixture) < base.get_vocab_size()
        assert max(mixture, key=mixture.__getitem__) == base.token_to_id(ENGLISH[number])
        assert mixture[base.token_to_id(ENGLISH[number])] > 0.7


def test_a_token_that_no_pair_holds_has_no_mixture() -> None:
    base, extended = tokenizer(ENGLISH), tokenizer([*ENGLISH, *OURS, "unheard"])
    ids = [extended.token_to_id(word) for word in ("liwu3", "unheard")]
    assert set(translated(extended, base, ids, pairs())) == set(ids[:1])


def test_probabilities_of_a_source_token_sum_to_one() -> None:
    sources, targets = [np.array([4, 9]), np.array([4])], [np.array([1, 2]), np.array([2])]
    found = list(zip(*translation_table(sources, targets), strict=True))
    for source in (4, 9):
        assert sum(share for token, _, share in found if token == source) == pytest.approx(1)
    best = {source: max((share, target) for token, target, share in found if token == source)[1] for source in (4, 9)}
    assert best == {4: 2, 9: 1}
