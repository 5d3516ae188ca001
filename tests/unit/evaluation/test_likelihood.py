"""Likelihood per character does not depend on how a tokenizer cuts; the floor is a probability."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.tiny import ENGLISH, write_bert, write_llama
from vernacular.evaluation.char_ngram_baseline import floor_nats
from vernacular.evaluation.likelihood import difference, interval
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.likelihood import (
    Scored,
    _windows,
    causal_likelihood,
    choose_words,
    likelihood,
    masked_likelihood,
)
from vernacular.modeling.packing import opening, pack


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


def test_a_word_longer_than_the_window_is_scored_whole(tmp_path):
    write_bert(tmp_path)
    model, tokenizer = load_model(tmp_path, "masked"), load_tokenizer(tmp_path)
    with torch.no_grad():
        model.get_output_embeddings().weight.zero_()
    word = "quickfoxover" * 4
    line, pieces = f"the fox {word} the dog", len(tokenizer.tokenize(word))
    scored = masked_likelihood(model, tokenizer, [line], [[(8, 8 + len(word))]], longest=8)
    assert pieces > 8
    assert scored.nats[0] == pytest.approx(pieces * math.log(len(tokenizer)), rel=1e-2)


def test_causal_bits_are_per_byte(tmp_path):
    write_llama(tmp_path)
    model, tokenizer = load_model(tmp_path, "causal"), load_tokenizer(tmp_path)
    scored = likelihood(model, tokenizer, "causal", ENGLISH[:5], 1)
    assert list(scored.size) == [len(line.encode()) for line in ENGLISH[:5]]
    assert (scored.nats > 0).all()


def test_unknown_words_count_as_unpredicted(tmp_path):
    """One unknown piece for a whole word, predicted with certainty, must not beat a tokenizer that spells it."""
    write_bert(tmp_path)
    model, tokenizer = load_model(tmp_path, "masked"), load_tokenizer(tmp_path)
    with torch.no_grad():
        bias = model.get_output_embeddings().bias
        bias.zero_()
        bias[tokenizer.unk_token_id] = 1e4
    lines = ["ᱡᱚᱦᱟᱨ ᱡᱚᱦ ᱟᱨ ᱦᱟ ᱨᱚ"] * 3
    scored = likelihood(model, tokenizer, "masked", lines, 1)
    assert list(scored.unknown) == list(scored.size)
    assert scored.mean == pytest.approx(math.log(6))  # five letters and the space: drawn blindly


def test_every_byte_of_a_long_line_is_scored_once(tmp_path):
    write_llama(tmp_path)
    model, tokenizer = load_model(tmp_path, "causal"), load_tokenizer(tmp_path)
    line = " ".join(ENGLISH)
    whole = causal_likelihood(model, tokenizer, [line, ENGLISH[0]], longest=32, size=3)
    assert list(whole.size) == [len(line.encode()), len(ENGLISH[0].encode())]
    ids = list(range(100))
    for longest in (7, 32, 99, 100, 200):
        found = list(_windows(ids, 1, longest))
        assert [token for window, new in found for token in window[new:]] == ids[1:]
        assert all(len(window) <= longest and new >= min(1, len(window)) for window, new in found)
        assert all(new >= longest // 2 for _, new in found[1:])
    with torch.no_grad():
        model.get_output_embeddings().weight.zero_()  # tied: every piece is as likely as any other
    uniform = causal_likelihood(model, tokenizer, [line], longest=32)
    pieces = len(tokenizer.backend_tokenizer.encode(line, add_special_tokens=False).ids)
    assert uniform.nats[0] == pytest.approx(pieces * math.log2(len(tokenizer)), rel=1e-2)


def test_a_text_begins_as_in_training(tmp_path):
    write_llama(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    assert opening(tokenizer) == [tokenizer.eos_token_id]
    tokenizer.add_special_tokens({"bos_token": "<|begin|>"})
    assert opening(tokenizer) == [tokenizer.bos_token_id]
    assert pack(["the fox"], tokenizer, 16).tokens[0, 0] == tokenizer.bos_token_id


def test_the_same_words_are_scored_for_every_model():
    assert choose_words(ENGLISH, 3) == choose_words(ENGLISH, 3)
    with pytest.raises(ValueError, match="without a word"):
        choose_words(["..."], 1)


def test_intervals_hold_the_mean():
    scored = Scored(np.random.default_rng(1).gamma(2, 1, 200), np.full(200, 2.0), np.zeros(200))
    found = interval(scored, 1)
    assert found.low < found.mean < found.high
    low, mean, high = difference(scored, Scored(scored.nats + 0.5, scored.size, scored.unknown), 1)
    assert low == pytest.approx(-0.25)
    assert mean == pytest.approx(-0.25)
    assert high == pytest.approx(-0.25)


def test_the_floor_is_a_distribution_and_learns():
    for context in ("", "a", "ab", "zz", "cab"):
        span = (len(context), len(context) + 1)
        nats = floor_nats("abcabcabcabd", [context + letter for letter in "abcdz"], [span] * 5)
        assert np.exp(-nats).sum() == pytest.approx(1.0)  # z represents all letters that were never seen
    lines, spans = ["abab", "ab"], [(0, 4), (1, 2)]
    known, strange = floor_nats("abab" * 50, lines, spans), floor_nats("qrst" * 50, lines, spans)
    assert known.shape == (2,) and (known < strange).all()
