"""Weights in two bytes or half a byte: the same answers within rounding, LoRA learns, merges, saves and resumes."""

from __future__ import annotations

import copy
import importlib.util

import numpy as np
import pytest
import torch

from tests.families import conformance, write_family
from tests.family_shapes import FAMILIES
from tests.tiny import write_bert, write_llama
from tests.unit.modeling.tiny_lora import interrupted, wrapped
from tests.unit.modeling.tiny_training import same
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import load_model
from vernacular.modeling.checkpoint import trained_weights
from vernacular.modeling.frozen_weights import ROWS, count_parameters, freeze_in
from vernacular.modeling.lora import merge
from vernacular.modeling.objectives import check_reading, nats
from vernacular.modeling.optimizer import optimizer_for
from vernacular.modeling.training_loop import batch_of, train

BITS = pytest.param("nf4", marks=pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None,
                                                    reason="bitsandbytes is not installed"))
STORED = ["bfloat16", BITS]


@pytest.mark.parametrize("precision", STORED)
def test_weights_take_fewer_bytes_and_logits_are_those_of_the_rounded_weights(precision, tmp_path):
    exact, stored = (load_model(write_llama(tmp_path), "causal", kind) for kind in ("float32", precision))
    ids = torch.arange(5, 45).view(2, 20)
    assert count_parameters(stored) == count_parameters(exact)
    taken, before = (sum(one.nbytes for one in model.parameters()) for model in (stored, exact))
    assert taken < 0.55 * before
    logits = stored(input_ids=ids).logits
    assert logits.dtype == torch.float32
    assert float((logits - exact(input_ids=ids).logits).abs().max()) < (0.01 if precision == "bfloat16" else 0.3)
    rounded = copy.deepcopy(exact)
    with torch.no_grad():
        for name, module in rounded.named_modules():
            if isinstance(module, torch.nn.Linear) and module is not rounded.get_output_embeddings():
                module.weight.copy_(stored.get_submodule(name).matrix(torch.float32))
        rounded.get_input_embeddings().weight.copy_(stored.get_input_embeddings().weight)
    torch.testing.assert_close(logits, rounded(input_ids=ids).logits)


@pytest.mark.parametrize("precision", STORED)
def test_lora_learns_and_merging_keeps_what_it_learned(precision, tmp_path, monkeypatch):
    monkeypatch.setattr("vernacular.modeling.device.has_bf16", lambda: False)
    model, plan, adapter = wrapped(tmp_path, "causal", precision, steps=40, learning_rate=1e-2)
    frozen = {name: one.detach().clone() for name, one in model.named_parameters() if not one.requires_grad}
    check_reading(model, batch_of(0, plan))
    done = train(model, plan, tmp_path / "c.pt", lambda line: None)
    assert sum(done.losses[-5:]) < sum(done.losses[:5]) - 0.5
    for name, one in model.named_parameters():
        assert one.dtype == torch.float32 or torch.equal(one, frozen[name])
    assert model.get_input_embeddings().new_rows.dtype == torch.float32
    with torch.no_grad():
        before = float(nats(model, batch_of(0, plan)))
        merged = merge(adapter)
        assert float(nats(merged, batch_of(0, plan))) == pytest.approx(before, rel=0.01)
        merged.save_pretrained(tmp_path / "out")
        again = load_model(tmp_path / "out", "causal", None)  # as it was saved
        assert again.stored_in == "bfloat16"
        assert float(nats(again, batch_of(0, plan))) == pytest.approx(float(nats(merged, batch_of(0, plan))), rel=1e-3)
        plain = load_model(tmp_path / "out", "causal")
        assert float(nats(plain, batch_of(0, plan))) == pytest.approx(before, rel=0.01)


@pytest.mark.parametrize("precision", STORED)
def test_a_training_resumes_to_the_same_bits_from_a_small_checkpoint(precision, tmp_path):
    model, plan, _ = wrapped(tmp_path, "causal", precision)
    whole = train(model, plan, tmp_path / "whole.pt", lambda line: None)
    wanted = trained_weights(model, optimizer_for(model, plan.settings))
    assert any(ROWS in name for name in wanted)
    assert sum(one.numel() for one in wanted.values()) < 0.6 * count_parameters(model)
    model, plan, _ = wrapped(tmp_path, "causal", precision, checkpoint_minutes=1e-9)
    interrupted(model, plan, tmp_path / "c.pt")
    model, plan, _ = wrapped(tmp_path, "causal", precision)
    assert train(model, plan, tmp_path / "c.pt", lambda line: None).losses == whole.losses
    assert same(trained_weights(model, optimizer_for(model, plan.settings)), wanted)


@pytest.mark.parametrize("family", ["bert", "deberta-v2", "gpt2", "gemma3_text", "qwen3", "falcon"])
def test_families_work_in_two_bytes(family, tmp_path):
    found = conformance(family, tmp_path, "bfloat16")
    assert {found[column] for column in ("new tokens", "LoRA", "recompute", "classifies texts")} <= {
        "yes", "no: transformers has no classifier of a text for gemma3_text models"}
    assert not found["packed"].startswith("no")


@pytest.mark.parametrize(("family", "precision"), [("mixtral", "bfloat16"), pytest.param("gpt2", *BITS.values,
                                                                                       marks=BITS.marks)])
def test_a_family_whose_weights_are_elsewhere_is_refused(family, precision, tmp_path):
    with pytest.raises(Problem) as found:
        load_model(write_family(family, tmp_path), FAMILIES[family], precision)
    assert found.value.code == Code.MODEL_KIND


def test_four_bits_are_refused_for_encoders_and_without_their_library(tmp_path, monkeypatch):
    with pytest.raises(Problem) as found:
        load_model(write_bert(tmp_path / "bert"), "masked", "nf4")
    assert found.value.code == Code.CONFIG_RULE
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Problem) as found:
        load_model(write_llama(tmp_path / "llama"), "causal", "nf4")
    assert found.value.code == Code.INSTALLATION


def test_repeating_it_changes_nothing(tmp_path):
    model = load_model(write_llama(tmp_path), "causal", "bfloat16")
    ids = torch.arange(5, 25)[None]
    before = model(input_ids=ids).logits
    again = freeze_in(model, "bfloat16")
    assert torch.equal(again(input_ids=ids).logits, before) and np.isfinite(before.detach().numpy()).all()
