"""LoRA with trainable rows: old weights stay, the merged model is the trained one, ties hold, it learns and resumes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.families import COLUMNS, write_family
from tests.unit.modeling.tiny_lora import NEW, interrupted, wrapped
from tests.unit.modeling.tiny_training import same, setting, weights
from vernacular.modeling.base_models import load_model
from vernacular.modeling.lora import merge, wrap
from vernacular.modeling.objectives import nats
from vernacular.modeling.training_loop import train
from vernacular.tokenizer.embedding_init import grow


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_only_the_new_rows_and_low_ranks_change_and_merging_changes_nothing(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("vernacular.modeling.device.has_bf16", lambda: False)
    model, plan, adapter = wrapped(tmp_path, kind, steps=40, learning_rate=1e-2)
    done = train(model, plan, tmp_path / "c.pt", lambda line: None)
    assert sum(done.losses[-5:]) < sum(done.losses[:5])
    batch = plan.objective.batch(plan.blocks, np.arange(4), (5,))
    ids = torch.from_numpy(batch.inputs).long()
    with torch.no_grad():
        before, loss = model(input_ids=ids).logits, nats(model, batch)
        merged = merge(adapter)
        torch.testing.assert_close(merged(input_ids=ids).logits, before, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(nats(merged, batch), loss, rtol=1e-4, atol=1e-4)
    rows = merged.get_input_embeddings().weight
    assert rows is merged.get_output_embeddings().weight
    old, first = load_model(tmp_path, kind), int(plan.new_rows[0])
    assert torch.equal(rows[:first], old.get_input_embeddings().weight)
    assert not torch.equal(rows[first:], torch.randn(NEW, 32, generator=torch.Generator().manual_seed(1)))
    merged.save_pretrained(tmp_path / "out")
    with torch.no_grad():
        again = load_model(tmp_path / "out", kind)(input_ids=ids).logits
    torch.testing.assert_close(again, before, rtol=1e-4, atol=1e-4)


def test_an_untied_head_learns_its_new_rows_too(tmp_path):
    """Else a new piece could be read and never be predicted."""
    model, plan = setting(tmp_path, "causal", method="lora", steps=10, learning_rate=1e-2)
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    old = len(model.get_input_embeddings().weight)
    grow(model, {name: torch.zeros(NEW, 32) for name in ("input", "output")})
    start = model.lm_head.weight.detach().clone()
    plan = replace(plan, new_rows=np.arange(old, old + NEW))
    plan.blocks.tokens[:, 5] = old + np.arange(len(plan.blocks)) % NEW
    adapter = wrap(model, plan.new_rows.tolist(), 8)
    train(model, plan, tmp_path / "c.pt", lambda line: None)
    merged = merge(adapter)
    assert merged.lm_head.weight is not merged.get_input_embeddings().weight
    for table in (merged.lm_head.weight, merged.get_input_embeddings().weight):
        assert table[old:].abs().sum(1).min() > 0  # they began at nought
    assert torch.equal(merged.lm_head.weight[:old], start[:old])


@pytest.mark.parametrize("family", ["phimoe", "mamba"])
def test_layers_that_are_more_than_a_product_or_are_not_called_are_left_out(family, tmp_path):
    """A router of experts returns a tuple; kernels read the weights of Mamba's last layer."""
    model = load_model(write_family(family, tmp_path), "causal")
    with torch.no_grad():
        COLUMNS["new tokens"](model, "causal")
    assert COLUMNS["LoRA"](model, "causal") == "yes"


def test_a_lora_training_resumes_to_the_same_result(tmp_path):
    model, plan, _ = wrapped(tmp_path, "masked")
    whole = train(model, plan, tmp_path / "whole.pt", lambda line: None)
    wanted = weights(model)
    model, plan, _ = wrapped(tmp_path, "masked", checkpoint_minutes=1e-9)
    interrupted(model, plan, tmp_path / "c.pt")
    model, plan, _ = wrapped(tmp_path, "masked")
    assert train(model, plan, tmp_path / "c.pt", lambda line: None).losses == whole.losses
    assert same(weights(model), wanted)
