"""Likelihood per character does not depend on how a tokenizer cuts; the floor is a probability."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.tiny import ENGLISH, write_bert, write_llama
from vernacular.evaluation.likelihood import Scored, choose_words, difference, interval, likelihood
from vernacular.evaluation.ngram import CharacterModel, floor_nats
from vernacular.models import load_model, load_tokenizer


def test_a_uniform_model_pays_log_v_for_each_piece(tmp_path):
    write_bert(tmp_path)
    model, tokenizer = load_model(tmp_path, "masked"), load_tokenizer(tmp_path)
    with torch.no_grad():
        model.get_output_embeddings().weight.zero_()
    lines = ["the quick fox zzzz over"] * 3
    scored = likelihood(model, tokenizer, "masked", lines, 1)
    for index, (start, stop) in enumerate(choose_words(lines, 1)):
        pieces = len(tokenizer.tokenize(lines[index][start:stop]))
        assert scored.nats[index] == pytest.approx(pieces * math.log(len(tokenizer)), rel=1e-2)
        assert scored.size[index] == stop - start


def test_causal_bits_are_per_byte(tmp_path):
    write_llama(tmp_path)
    model, tokenizer = load_model(tmp_path, "causal"), load_tokenizer(tmp_path)
    scored = likelihood(model, tokenizer, "causal", ENGLISH[:5], 1)
    assert list(scored.size) == [len(line.encode()) for line in ENGLISH[:5]]
    assert (scored.nats > 0).all()


def test_the_same_words_are_scored_for_every_model():
    assert choose_words(ENGLISH, 3) == choose_words(ENGLISH, 3)
    with pytest.raises(ValueError, match="without a word"):
        choose_words(["..."], 1)


def test_intervals_hold_the_mean():
    scored = Scored(np.random.default_rng(1).gamma(2, 1, 200), np.full(200, 2.0))
    found = interval(scored, 1)
    assert found["low"] < found["mean"] < found["high"]
    low, mean, high = difference(scored, Scored(scored.nats + 0.5, scored.size), 1)
    assert low == pytest.approx(-0.25)
    assert mean == pytest.approx(-0.25)
    assert high == pytest.approx(-0.25)


def test_the_floor_is_a_distribution_and_learns():
    model = CharacterModel("abcabcabcabd")
    letters = set("abcd")
    for context in ("", "a", "ab", "zz", "cab"):
        known = sum(math.exp(-model.nats(context, letter)) for letter in letters)
        unknown = math.exp(-model.nats(context, "z"))
        assert known + unknown == pytest.approx(1.0)
    assert floor_nats("abab" * 50, ["abab"], [(0, 4)]) < floor_nats("qrst" * 50, ["abab"], [(0, 4)])
