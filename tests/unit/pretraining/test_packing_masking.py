"""Packing loses nothing; masking hides whole words and follows its generator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny import write_bert, write_llama
from vernacular.models import load_tokenizer
from vernacular.pretraining.masking import mask_words
from vernacular.pretraining.packing import pack


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return load_tokenizer(write_bert(tmp_path_factory.mktemp("bert")))


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.text("abc def.,'", max_size=60), min_size=1, max_size=8), length=st.integers(8, 40))
def test_every_token_is_in_a_block_once_and_in_order(bert, texts, length):
    blocks = pack(texts, bert, length)
    specials = set(bert.all_special_ids) - {bert.unk_token_id}
    packed = [token for row in blocks.tokens for token in row if token not in specials]
    wanted = [token for text in texts for token in bert.backend_tokenizer.encode(text, add_special_tokens=False).ids]
    assert packed == wanted
    assert blocks.tokens.shape[1] == length
    assert (blocks.tokens[:, 0] == bert.cls_token_id).all()
    assert blocks.attend[:-1].all()


def test_causal_blocks_have_no_frame_and_separated_documents(tmp_path):
    tokenizer = load_tokenizer(write_llama(tmp_path))
    blocks = pack(["the dog", "the fox"], tokenizer, 16)
    assert list(blocks.tokens[0]).count(tokenizer.eos_token_id) >= 2


def test_whole_words_are_masked(bert):
    blocks = pack(["zzzz yyyyy xxxxxx wwwww vvvvv uuuu " * 30], bert, 64)
    inputs, chosen = mask_words(blocks.tokens, blocks.words, 0.3, mask_id=bert.mask_token_id, vocabulary=len(bert),
                                generator=np.random.default_rng(1))
    mask = chosen.numpy()
    for row in range(len(blocks)):
        for word in set(blocks.words[row]) - {-1}:
            assert len(set(mask[row][blocks.words[row] == word])) == 1
    assert not mask[blocks.words == -1].any()
    assert (inputs.numpy()[~mask] == blocks.tokens[~mask]).all()
    assert 0.2 < mask[blocks.words >= 0].mean() < 0.4
    assert 0.7 < (inputs.numpy()[mask] == bert.mask_token_id).mean() < 0.9


def test_masks_follow_the_generator(bert):
    blocks = pack(["a b c d e f g h " * 20], bert, 32)
    first, again, other = (mask_words(blocks.tokens, blocks.words, 0.15, mask_id=4, vocabulary=len(bert),
                                      generator=np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
