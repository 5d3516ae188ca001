"""New rows move by the configured factor, wherever they learn; nothing else moves otherwise for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.unit.modeling.tiny_lora import wrapped
from tests.unit.modeling.tiny_training import setting, weights
from vernacular.modeling.frozen_weights import ROWS
from vernacular.modeling.optimizer import optimizer_for, times_further, waiting
from vernacular.modeling.training_loop import take_step

NEW = [5, 98, 99]


def moved(folder, rate, kind="masked", *, untied=False):
    """How far a step takes each weight, where the body learns already."""
    model, plan = setting(folder, kind, head_first=0, weight_decay=0)
    if untied:
        decoder = model.get_output_embeddings()
        decoder.weight = torch.nn.Parameter(decoder.weight.detach().clone())
    plan.blocks.tokens[:, 4] = NEW[0]
    plan = replace(plan, new_rows=np.array(NEW), further=rate)
    before = weights(model)
    take_step(model, optimizer_for(model, plan.settings), plan, 0)
    return {name: tensor - before[name] for name, tensor in weights(model).items()}


@pytest.mark.parametrize(("kind", "untied"), [("masked", False), ("causal", False), ("causal", True)])
def test_only_new_rows_go_further(kind, untied, tmp_path):
    once, far = moved(tmp_path, 1.0, kind, untied=untied), moved(tmp_path, 7.0, kind, untied=untied)
    tables = {name for name in once if "embed" in name and once[name].ndim == 2 and len(once[name]) > max(NEW)
              and "position" not in name}
    tables |= {name for name in once if name in ("lm_head.weight", "cls.predictions.decoder.weight",
                                                 "cls.predictions.decoder.bias", "cls.predictions.bias")}
    assert tables
    for name in once:
        old = torch.ones(len(once[name]), dtype=torch.bool) if once[name].ndim else torch.ones((), dtype=torch.bool)
        if name in tables:
            assert once[name][NEW].abs().sum() > 0
            torch.testing.assert_close(far[name][NEW], 7 * once[name][NEW], rtol=1e-3, atol=1e-6)
            old[NEW] = False
        assert torch.equal(far[name][old], once[name][old]), name


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_rows_beside_low_ranks_go_further_too(kind, tmp_path):
    found = {}
    for rate in (1.0, 7.0):
        model, plan, _ = wrapped(tmp_path, kind, head_first=0)
        before = weights(model)
        take_step(model, optimizer_for(model, plan.settings), replace(plan, further=rate), 0)
        found[rate] = {name: tensor - before[name] for name, tensor in weights(model).items()}
    for name, once in found[1.0].items():
        if name.endswith(ROWS):
            assert once.abs().sum() > 0
            torch.testing.assert_close(found[7.0][name], 7 * once, rtol=1e-3, atol=1e-6)
        else:
            assert torch.equal(found[7.0][name], once), name


def test_the_rate_of_new_rows_is_a_share_of_the_size_of_the_rows(tmp_path):
    model, plan = setting(tmp_path, learning_rate=2e-3, new_rows_rate=0.05)
    table = model.get_input_embeddings().weight
    with torch.no_grad():
        table.fill_(-0.2)
    assert times_further(plan.settings, model, np.array(NEW)) == pytest.approx(5)  # 0.05 * 0.2 in place of 2e-3
    assert times_further(plan.settings, model, np.zeros(0, np.int64)) == 1


def test_how_long_the_body_waits(tmp_path):
    none, new = np.zeros(0, np.int64), np.array(NEW)
    for kind, unset in (("masked", 0.1), ("causal", 0.0)):
        model, plan = setting(tmp_path / kind, kind, head_first=0.3)
        assert waiting(plan.settings, model, new, kind) == 0.3
        assert waiting(plan.settings.model_copy(update={"head_first": None}), model, new, kind) == unset
        # A causal model's head is its embedding: without new rows nothing would learn while the body waits.
        assert waiting(plan.settings, model, none, kind) == (0.3 if kind == "masked" else 0.0)
