"""Vectors do not depend on the batch; contrast learns pairs, and the adapter gives the same after loading."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from peft import PeftModel

from tests.tiny import write_bert, write_llama
from vernacular.config.schema import Lora
from vernacular.models import load_model, load_tokenizer
from vernacular.tasks.pairs import Pair
from vernacular.tasks.sentence_retrieval.embedding import contrast, embed, fine_tune, same_text
from vernacular.tasks.sentence_retrieval.ranking import both_ways

SETTINGS = Lora(rank=4, alpha=8, epochs=40, learning_rate=1e-2, max_length=32, batch_size=8)
PAIRS = [Pair("the red fox", "over a river"), Pair("a green market", "jumps"), Pair("the dog", "looks and flies"),
         Pair("every bird", "sings")]


@pytest.mark.parametrize(("kind", "write"), [("masked", write_bert), ("causal", write_llama)])
def test_pairs_are_learned_and_survive_saving(kind, write, tmp_path):
    write(tmp_path / "base")
    model, tokenizer = load_model(tmp_path / "base", kind), load_tokenizer(tmp_path / "base")
    body = fine_tune(model, tokenizer, PAIRS, SETTINGS, 1)
    sources, targets = [pair.source for pair in PAIRS], [pair.target for pair in PAIRS]
    vectors = embed(body, tokenizer, sources, 32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert (both_ways(vectors @ embed(body, tokenizer, targets, 32).T, PAIRS) == 1).all()
    body.save_pretrained(tmp_path / "adapter")
    again = PeftModel.from_pretrained(load_model(tmp_path / "base", kind).base_model, tmp_path / "adapter").eval()
    assert np.allclose(embed(again, tokenizer, sources, 32), vectors, atol=1e-2)
    assert not np.allclose(embed(load_model(tmp_path / "base", kind).base_model, tokenizer, sources, 32), vectors,
                           atol=1e-2)


@pytest.mark.parametrize(("kind", "write"), [("masked", write_bert), ("causal", write_llama)])
def test_a_vector_does_not_depend_on_its_neighbours(kind, write, tmp_path):
    write(tmp_path)
    body, tokenizer = load_model(tmp_path, kind).base_model, load_tokenizer(tmp_path)
    texts = ["the fox", "a green river market over the dog", "jumps"]
    together = embed(body, tokenizer, texts, 32)
    assert np.allclose(together, np.concatenate([embed(body, tokenizer, [text], 32) for text in texts]), atol=2e-2)
    with pytest.raises(ValueError, match="no text"):
        embed(body, tokenizer, [], 32)


def test_contrast_by_hand():
    sources, targets = torch.eye(2), torch.eye(2)
    apart = torch.zeros((2, 2), dtype=torch.bool)
    assert float(contrast(sources, targets, apart)) < 1e-6
    assert float(contrast(sources, targets.flip(0), apart)) == pytest.approx(20, abs=1e-3)
    assert float(contrast(sources, targets.flip(0), ~torch.eye(2, dtype=torch.bool))) == 0  # no negative is left


def test_the_same_text_is_no_negative():
    pairs = [Pair("a", "x"), Pair("a", "y"), Pair("b", "z")]
    assert same_text(pairs).tolist() == [[False, True, False], [True, False, False], [False, False, False]]
