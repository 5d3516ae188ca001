"""New rows: old ones keep their bits, tied decoders stay tied, constituents are averaged."""

from __future__ import annotations

import pytest
import torch

from tests.tiny import write_bert, write_llama
from vernacular.modeling.base_models import load_model
from vernacular.tokenizer.embedding_init import grow, new_rows


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_growing_touches_no_old_row(kind, tmp_path):
    model = load_model((write_bert if kind == "masked" else write_llama)(tmp_path), kind)
    old = model.get_input_embeddings().weight.detach().clone()
    rows = new_rows(model, [{1: 0.5, 2: 0.5}, {3: 1.0}, {}], seed=1)
    grow(model, rows)
    grown = model.get_input_embeddings().weight
    assert torch.equal(grown[:len(old)], old)
    assert torch.allclose(grown[len(old)], old[[1, 2]].mean(0))
    assert torch.equal(grown[len(old) + 1], old[3])
    assert model.get_output_embeddings().weight.data_ptr() == grown.data_ptr()
    if kind == "masked":
        assert model.get_output_embeddings().bias.shape == (len(old) + 3,)


def test_random_rows_follow_the_seed(tmp_path):
    model = load_model(write_bert(tmp_path), "masked")
    first, again, other = (new_rows(model, [{}] * 50, seed)["input"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_no_new_piece_is_no_change(tmp_path):
    model = load_model(write_bert(tmp_path), "masked")
    before = model.get_input_embeddings().weight.shape
    grow(model, new_rows(model, [], seed=1))
    assert model.get_input_embeddings().weight.shape == before


def test_spare_rows_of_the_base_are_filled_first(tmp_path):
    model = load_model(write_llama(tmp_path), "causal")
    old = model.get_input_embeddings().weight.detach().clone()
    first = len(old) - 2
    rows = new_rows(model, [{1: 1.0}, {2: 1.0}, {3: 1.0}], seed=1) | {"ids": torch.arange(first, first + 3)}
    grow(model, rows)
    grown = model.get_input_embeddings().weight
    assert len(grown) == len(old) + 1
    assert torch.equal(grown[:first], old[:first])
    assert torch.equal(grown[first:], old[[1, 2, 3]])


def test_an_untied_head_has_rows_of_its_own(tmp_path):
    from transformers import AutoConfig, LlamaForCausalLM

    config = AutoConfig.from_pretrained(write_llama(tmp_path))
    config.tie_word_embeddings = False
    model = LlamaForCausalLM(config)
    head = model.get_output_embeddings().weight.detach().clone()
    grow(model, new_rows(model, [{1: 0.25, 2: 0.75}], seed=1))
    grown = model.get_output_embeddings().weight.detach()
    assert torch.equal(grown[:-1], head)
    assert torch.allclose(grown[-1], 0.25 * head[1] + 0.75 * head[2])
