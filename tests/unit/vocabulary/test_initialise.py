"""New rows: old ones keep their bits, tied decoders stay tied, constituents are averaged."""

from __future__ import annotations

import pytest
import torch

from tests.tiny import write_bert, write_llama
from vernacular.models import load_model
from vernacular.vocabulary.initialise import grow, new_rows


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_growing_touches_no_old_row(kind, tmp_path):
    model = load_model((write_bert if kind == "masked" else write_llama)(tmp_path), kind)
    old = model.get_input_embeddings().weight.detach().clone()
    rows = new_rows(model, [[1, 2], [3], []], "mean", seed=1)
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
    first, again, other = (new_rows(model, [[1]] * 50, "random", seed)["input"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_no_new_piece_is_no_change(tmp_path):
    model = load_model(write_bert(tmp_path), "masked")
    before = model.get_input_embeddings().weight.shape
    grow(model, new_rows(model, [], "mean", seed=1))
    assert model.get_input_embeddings().weight.shape == before
