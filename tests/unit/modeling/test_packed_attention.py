"""Packed blocks are read so that each piece has the states that it has alone, in every family."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.families import LENGTH, PAGE, blocks_of, conformance, page, plan_of, write_family
from tests.family_shapes import FAMILIES, TOKENS
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import load_model
from vernacular.modeling.heads import ends_with_decoder, logits_of
from vernacular.modeling.objectives import check_reading, read
from vernacular.modeling.packed_attention import Packing, choose_packing, read_packed
from vernacular.modeling.training_loop import batch_of

# Sliding windows need a mask of their own; convolutions and recurrence leak past every mask.
WAYS = {
    "bert": Packing.MASK, "roberta": Packing.MASK, "distilbert": Packing.MASK, "electra": Packing.MASK,
    "albert": Packing.MASK, "modernbert": Packing.LAYERS, "deberta-v2": Packing.ALONE, "convbert": Packing.UNPADDED,
    "llama": Packing.MASK, "mistral": Packing.LAYERS, "gemma2": Packing.LAYERS, "gemma3_text": Packing.LAYERS,
    "gemma4_text": Packing.LAYERS, "olmo3": Packing.LAYERS, "cohere2": Packing.LAYERS, "qwen3_5_text": Packing.ALONE,
    "lfm2": Packing.ALONE, "mamba2": Packing.ALONE, "opt": Packing.MASK, "bloom": Packing.ALONE}


@pytest.mark.parametrize("family", WAYS)
def test_a_piece_of_a_block_has_the_logits_that_it_has_alone(family: str, tmp_path: Path) -> None:
    kind, plan = FAMILIES[family], plan_of(FAMILIES[family])
    model = load_model(write_family(family, tmp_path), kind)
    assert choose_packing(model, LENGTH, kind == "causal") is WAYS[family]
    batch = batch_of(0, plan)
    ids = torch.from_numpy(batch.inputs.astype(np.int64))
    with torch.no_grad():
        alone = torch.cat([model(input_ids=part).logits for part in torch.split(ids, [4, 26, LENGTH - 30], dim=1)], 1)
        packed = logits_of(model, read(model, batch).flatten(0, 1)).view_as(alone)
    torch.testing.assert_close(packed, alone, rtol=0, atol=1e-4 * float(alone.abs().max()))


@pytest.mark.slow
def test_the_page_of_families_is_what_they_do(tmp_path: Path) -> None:
    found = {family: conformance(family, tmp_path / family) for family in FAMILIES}
    assert PAGE.read_text(encoding="utf-8") == page(found)


def test_the_page_lists_all_families_and_how_they_are_packed() -> None:
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    packed = {row[0].removeprefix("| "): row[2] for row in rows[1:]}
    assert set(packed) == set(FAMILIES) and WAYS.items() <= packed.items()


@pytest.mark.parametrize("family", ["mistral", "lfm2", "modernbert"])
def test_one_mask_for_all_layers_would_be_wrong(family: str, tmp_path: Path) -> None:
    """These families trained under the wrong mask, and no check saw it."""
    kind = FAMILIES[family]
    model, blocks = load_model(write_family(family, tmp_path), kind), blocks_of(1)
    pieces, positions = blocks.pieces, blocks.positions
    inputs = {"input_ids": torch.from_numpy(blocks.tokens.astype(np.int64))}
    with torch.no_grad():
        right = read_packed(model, inputs, pieces, positions, kind == "causal")
        model.packing = Packing.MASK
        wrong = read_packed(model, inputs, pieces, positions, kind == "causal")
    assert float((right - wrong).abs().max()) > 0.1 * float(right.abs().max())


@pytest.mark.parametrize("length", [16, 20, 21])
@pytest.mark.parametrize("family", ["bert", "llama", "convbert", "mamba"])
def test_blocks_may_be_short(family: str, length: int, tmp_path: Path) -> None:
    model = load_model(write_family(family, tmp_path), FAMILIES[family])
    assert choose_packing(model, length, FAMILIES[family] == "causal").value in ("mask", "alone", "unpadded")


def test_a_window_hardly_shorter_than_a_block_is_seen(tmp_path: Path) -> None:
    model = load_model(write_family("mistral", tmp_path), "causal")
    for layer in (model.config, *(part.config for part in model.modules() if hasattr(part, "config"))):
        layer.sliding_window = LENGTH - 4
    assert choose_packing(model, LENGTH, True) is Packing.LAYERS


def test_a_family_that_fails_on_text_is_refused_and_stays_in_training(tmp_path: Path) -> None:
    model = load_model(write_family("bert", tmp_path), "masked").train()
    model.base_model.register_forward_hook(lambda *_: (None,))
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        choose_packing(model, LENGTH, False)
    assert model.training


def test_a_head_that_adds_to_the_logits_does_not_end_with_its_decoder(tmp_path: Path) -> None:
    model = load_model(write_family("bert", tmp_path), "masked")
    forward, extra = model.cls.forward, torch.randn(TOKENS)  # as in ESM
    model.cls.forward = lambda states: forward(states) + extra
    assert not ends_with_decoder(model)
    check_reading(model, batch_of(0, plan_of("masked")))


def test_a_high_cap_of_logits_is_seen(tmp_path: Path) -> None:
    model = load_model(write_family("gemma2", tmp_path), "causal")
    model.config.final_logit_softcapping = 1000.0
    assert not ends_with_decoder(model)


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_a_model_that_depends_on_more_than_the_text_is_refused(family: str, tmp_path: Path) -> None:
    model = load_model(write_family(family, tmp_path), FAMILIES[family])
    model.get_input_embeddings().register_forward_hook(lambda module, inputs, out: out + torch.randn_like(out))
    with pytest.raises(Problem, match="VN-MODEL-KIND"):
        check_reading(model, batch_of(0, plan_of(FAMILIES[family])))


def test_a_gradient_follows_a_choice_made_within_mixed_precision(tmp_path: Path) -> None:
    """Autocast keeps the weights that it converted; those converted without gradients would not be trained."""
    plan = plan_of("masked")
    model = load_model(write_family("bert", tmp_path), "masked")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states = read(model, batch_of(0, plan))
        assert ends_with_decoder(model)
        logits_of(model, states.flatten(0, 1)).float().square().sum().backward()
    assert all(parameter.grad is not None for name, parameter in model.named_parameters() if "attention" in name)
