"""Packing loses nothing; masking hides whole words and follows its generator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from tests.generate import Writing, make_documents
from tests.tiny import write_bert, write_llama
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.modeling.masking import mask_words
from vernacular.modeling.objectives import nats, objective_for
from vernacular.modeling.packing import pack


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return load_tokenizer(write_bert(tmp_path_factory.mktemp("bert")))


@settings(max_examples=50)
@given(texts=st.lists(st.text("abc def.,'", max_size=60), min_size=1, max_size=8), length=st.integers(8, 40))
def test_every_token_is_in_a_block_once_and_in_order(bert, texts, length):
    blocks = pack(texts, bert, length)
    specials = set(bert.all_special_ids) - {bert.unk_token_id}
    packed = [token for row in blocks.tokens for token in row if token not in specials]
    wanted = [token for text in texts for token in bert.backend_tokenizer.encode(text, add_special_tokens=False).ids]
    assert packed == wanted
    assert blocks.tokens.shape[1] == length
    assert (~blocks.attend[:-1]).sum(1).max(initial=0) <= 2  # no room for a frame and a token
    for tokens, attend, pieces, positions, words in zip(blocks.tokens, blocks.attend, blocks.pieces, blocks.positions,
                                                        blocks.words, strict=True):
        for piece in set(pieces[attend]):
            inside = tokens[attend & (pieces == piece)]
            assert (inside[0], inside[-1]) == (bert.cls_token_id, bert.sep_token_id)
            assert list(positions[attend & (pieces == piece)]) == list(range(len(inside)))
        numbers = words[words >= 0]
        assert (np.diff(numbers) >= 0).all() and set(np.diff(numbers)) <= {0, 1}


def test_causal_documents_begin_and_end_with_the_end_of_a_text(tmp_path):
    tokenizer = load_tokenizer(write_llama(tmp_path))
    blocks = pack(["the dog", "the fox"], tokenizer, 16)
    for piece in (0, 1):
        inside = blocks.tokens[0][blocks.pieces[0] == piece]
        assert inside[0] == inside[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(inside[1:-1]) == ("the dog", "the fox")[piece]
    long = pack(["the dog sees the fox " * 10], tokenizer, 16)
    assert (long.tokens == tokenizer.eos_token_id)[long.attend].sum() == 2  # a document that is cut is not closed


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_no_token_sees_beyond_its_piece(kind, tmp_path):
    (write_bert if kind == "masked" else write_llama)(tmp_path)
    model, tokenizer = load_model(tmp_path, kind), load_tokenizer(tmp_path)
    texts = ["the red fox jumps", "a lazy dog", "the crow flies over the river"]
    objective = objective_for(kind, tokenizer, 0.5)
    apart = [pack([text], tokenizer, 32) for text in texts]
    together = pack(texts, tokenizer, 32)
    assert len(together) == 1
    with torch.no_grad():
        whole = objective.batch(together, np.arange(1), (1,))
        total = 0.0
        for number, alone in enumerate(apart):
            inside = together.pieces[0] == number
            length = inside.sum()
            inputs, targets = alone.tokens.copy(), np.full(alone.tokens.shape, -100)
            inputs[0, :length], targets[0, :length] = whole.inputs[0][inside], whole.targets[0][inside]
            total += float(nats(model, replace(whole, inputs=inputs, targets=targets, pieces=alone.pieces,
                                               positions=alone.positions)))
        assert float(nats(model, whole)) == pytest.approx(total, rel=1e-5)


def test_whole_words_are_masked(bert):
    blocks = pack(["zzzz yyyyy xxxxxx wwwww vvvvv uuuu " * 30], bert, 64)
    inputs, chosen = mask_words(blocks.tokens, blocks.words, 0.3, mask_id=bert.mask_token_id, vocabulary=len(bert),
                                generator=np.random.default_rng(1))
    mask = chosen
    for row in range(len(blocks)):
        for word in set(blocks.words[row]) - {-1}:
            assert len(set(mask[row][blocks.words[row] == word])) == 1
    assert not mask[blocks.words == -1].any()
    assert (inputs[~mask] == blocks.tokens[~mask]).all()
    assert 0.2 < mask[blocks.words >= 0].mean() < 0.4
    assert 0.7 < (inputs[mask] == bert.mask_token_id).mean() < 0.9


def test_without_spaces_each_letter_that_begins_a_token_begins_a_word():
    """Metaspace parts nothing there, so a whole phrase would be masked or none of it."""
    lao = Writing("Laoo", list("ກຂຄງຈຊຍດຕນບປ"), list("າະີູ"), between="", comma="", stop="")
    texts = [text.replace("\n", " ") for texts in make_documents(writing=lao).values() for text in texts]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer.train_from_iterator(texts, trainers.UnigramTrainer(
        vocab_size=200, special_tokens=["<pad>", "<unk>", "<mask>"], unk_token="<unk>", show_progress=False))
    xlmr = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>",
                                   mask_token="<mask>")
    blocks = pack(texts, xlmr, 64)
    _, chosen = mask_words(blocks.tokens, blocks.words, 0.15, mask_id=2, vocabulary=200,
                           generator=np.random.default_rng(1))
    assert 0.13 < chosen[blocks.words >= 0].mean() < 0.17
    assert chosen.mean(1).max() < 0.5
    spaced = "the dog's house, ድመት ቤት, अच्छा घर"
    words = pack([spaced], xlmr, 64).words[0]
    assert words[words >= 0].tolist() == tokenizer.encode(spaced).word_ids


def test_the_bytes_of_a_letter_are_one_word(tmp_path):
    words = pack(["the ກຂ fox"], load_tokenizer(write_llama(tmp_path)), 32).words[0]
    assert np.unique(words[words >= 0], return_counts=True)[1].tolist()[1:3] == [1 + 3, 3]  # the space and a letter


def test_masks_follow_the_generator(bert):
    blocks = pack(["a b c d e f g h " * 20], bert, 32)
    first, again, other = (mask_words(blocks.tokens, blocks.words, 0.15, mask_id=4, vocabulary=len(bert),
                                      generator=np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
