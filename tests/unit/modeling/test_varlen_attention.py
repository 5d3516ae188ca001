"""Attention by lengths gives the states of texts read alone and the gradients of masks, also compiled."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.families import FAMILIES, LENGTH, blocks_of, plan_of, write_family
from vernacular.modeling import packed_attention, varlen_attention
from vernacular.modeling.base_models import load_model
from vernacular.modeling.device import autocast
from vernacular.modeling.objectives import check_reading, nats
from vernacular.modeling.packed_attention import Packing, choose_packing, read_packed
from vernacular.modeling.training_loop import batch_of, recompute_states
from vernacular.modeling.varlen_attention import cumulative_lengths

# What a mask takes for these: one for all layers, or one for each type.
FOLLOWED = {"bert": Packing.MASK, "xlm-roberta": Packing.MASK, "llama": Packing.MASK, "gpt2": Packing.MASK,
            "modernbert": Packing.LAYERS, "mistral": Packing.LAYERS, "gemma3_text": Packing.LAYERS}


@pytest.fixture
def as_on_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attention by lengths is tried on the processor, too."""
    monkeypatch.setattr(packed_attention, "has_kernel", lambda device: True)


def _weights(query: torch.Tensor, key: torch.Tensor, cumulative: torch.Tensor, scale: float | None,
             window: list[int]) -> tuple[torch.Tensor, float]:
    """What the documentation of ``varlen_attn`` says, with a mask of all tokens: (heads, tokens, tokens)."""
    at = torch.arange(len(query))
    piece = torch.searchsorted(cumulative[1:].long(), at, right=True)
    left, right = (len(at) if side < 0 else side for side in window)
    apart = at[:, None] - at
    mask = (piece[:, None] == piece) & (apart <= left) & (apart >= -right)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = torch.einsum("qhd,khd->hqk", query.float(), _each(key, query)) * scale
    return scores.masked_fill(~mask, -torch.inf).softmax(-1), scale


def _each(part: torch.Tensor, query: torch.Tensor) -> torch.Tensor:
    return part.float().repeat_interleave(query.shape[1] // part.shape[1], 1)


def _kernel(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, first: torch.Tensor, second: torch.Tensor,
            longest: int, other: int, causal: bool, scale: float | None, window: list[int], gqa: bool = False, *_: Any
            ) -> tuple[torch.Tensor, ...]:
    assert causal == (window == [-1, 0]) and gqa == (query.shape[1] != key.shape[1])
    assert longest == other >= int(first.diff().max()) and first.dtype == torch.int32
    out = torch.einsum("hqk,khd->qhd", _weights(query, key, first, scale, window)[0], _each(value, query))
    state = torch.zeros(2, dtype=torch.uint64)
    return out.to(query.dtype).contiguous(), torch.zeros(query.shape[1], len(query)), state


def _kernel_backward(slope: torch.Tensor, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
                     out: torch.Tensor, lse: torch.Tensor, first: torch.Tensor, second: torch.Tensor, longest: int,
                     other: int, causal: bool, state: torch.Tensor, scale: float | None, window: list[int]
                     ) -> tuple[torch.Tensor, ...]:
    weights, scale = _weights(query, key, first, scale, window)
    slope = slope.float()
    of_weights = torch.einsum("qhd,khd->hqk", slope, _each(value, query))
    of_scores = weights * (of_weights - (weights * of_weights).sum(-1, keepdim=True)) * scale
    found = (torch.einsum("hqk,khd->qhd", of_scores, _each(key, query)),
             torch.einsum("hqk,qhd->khd", of_scores, query.float()), torch.einsum("hqk,qhd->khd", weights, slope))
    return tuple(one.unflatten(1, (part.shape[1], -1)).sum(2).to(part.dtype).contiguous()
                 for one, part in zip(found, (query, key, value), strict=True))


@pytest.fixture
def kernel(as_on_a_card: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """PyTorch's operation, with a slow kernel for the processor."""
    monkeypatch.setattr(varlen_attention, "has_kernel", lambda device: True)
    monkeypatch.setattr(varlen_attention, "_kernel_takes", lambda query: True)
    with torch.library._scoped_library("torch_attn", "IMPL") as library:
        library.impl("_varlen_attn", _kernel, "CPU")
        library.impl("_varlen_attn_backward", _kernel_backward, "CPU")
        yield


def loaded(family: str, folder: Path) -> Any:
    """A tiny model with the attention that transformers chooses on a GPU."""
    model = load_model(write_family(family, folder), FAMILIES[family])
    model.set_attn_implementation("sdpa")
    return model


def gradients(model: Any, way: Packing, family: str) -> dict[str, torch.Tensor]:
    model.packing = way
    model.zero_grad()
    nats(model.train(), batch_of(0, plan_of(FAMILIES[family]))).backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize("family", FOLLOWED)
def test_states_are_those_of_texts_alone_and_gradients_those_of_masks(
        family: str, tmp_path: Path, as_on_a_card: None) -> None:
    model, causal = loaded(family, tmp_path), FAMILIES[family] == "causal"
    other = copy.deepcopy(model)
    assert choose_packing(model, LENGTH, causal) is Packing.VARLEN  # states as alone, at 1e-4
    check_reading(model, batch_of(0, plan_of(FAMILIES[family])))
    model.save_pretrained(tmp_path / "saved")
    assert "vernacular" not in (tmp_path / "saved" / "config.json").read_text(encoding="utf-8")
    found, wanted = gradients(model, Packing.VARLEN, family), gradients(other, FOLLOWED[family], family)
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=1e-4 * float(gradient.abs().max()) + 1e-5)


@pytest.mark.parametrize("family", ["xlm-roberta", "gemma3_text"])
def test_states_that_are_computed_again_attend_as_before(family: str, tmp_path: Path, as_on_a_card: None) -> None:
    model = loaded(family, tmp_path)
    wanted = gradients(model, Packing.VARLEN, family)
    recompute_states(model)
    found = gradients(model, Packing.VARLEN, family)
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("family", "way"), [("stablelm", Packing.MASK), ("lfm2", Packing.ALONE)])
def test_a_family_that_reads_more_than_lengths_is_read_otherwise(
        family: str, way: Packing, tmp_path: Path, as_on_a_card: None) -> None:
    model = loaded(family, tmp_path)
    assert choose_packing(model, LENGTH, True) is way
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("more", ["softcap", "s_aux", "position_bias", "dropout", "attention_mask"])
def test_what_the_kernel_has_not_is_refused(more: str) -> None:
    parts = [torch.randn(1, 2, 4, 8) for _ in range(3)]
    how = {"attention_mask": None, "cumulative": torch.tensor([0, 4], dtype=torch.int32), "longest": 4}
    varlen_attention._attend(torch.nn.Identity(), *parts, **how)
    with pytest.raises(ValueError):
        varlen_attention._attend(torch.nn.Identity(), *parts, **{**how, more: 0.5})


@pytest.mark.parametrize("family", ["llama", "modernbert", "mistral"])
def test_the_kernel_gets_what_it_needs(family: str, tmp_path: Path, kernel: None) -> None:
    model, other = loaded(family, tmp_path), loaded(family, tmp_path / "other")
    assert choose_packing(model, LENGTH, FAMILIES[family] == "causal") is Packing.VARLEN
    found, wanted = gradients(model, Packing.VARLEN, family), gradients(other, FOLLOWED[family], family)
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=1e-4 * float(gradient.abs().max()) + 1e-5)


def test_a_kernel_without_windows_is_not_used_for_them(
        tmp_path: Path, kernel: None, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = varlen_attention.varlen_attn
    monkeypatch.setattr(varlen_attention, "_kernel_takes", lambda query: query.dtype == torch.bfloat16)
    monkeypatch.setattr(varlen_attention, "varlen_attn", lambda *parts, window_size, **how: whole(
        *parts, window_size=(-1, window_size[1]), **how))
    assert choose_packing(loaded("mistral", tmp_path / "m"), LENGTH, True) is Packing.LAYERS
    assert choose_packing(loaded("llama", tmp_path / "l"), LENGTH, True) is Packing.VARLEN


@pytest.mark.parametrize("family", ["llama", *(pytest.param(family, marks=pytest.mark.slow)
                                               for family in ("xlm-roberta", "gemma3_text"))])
def test_a_compiled_body_is_one_graph_for_any_number_of_pieces(family: str, tmp_path: Path, kernel: None) -> None:
    model, blocks = loaded(family, tmp_path).train(), blocks_of(4)
    choose_packing(model, LENGTH, FAMILIES[family] == "causal")
    other = copy.deepcopy(model)
    torch._dynamo.reset()
    model.base_model.compile(dynamic=False, backend="aot_eager", fullgraph=True)
    torch._dynamo.utils.counters.clear()
    for count in (1, 3, 2, 7, 4):
        pieces = np.broadcast_to(np.sort(np.arange(LENGTH, dtype=np.int32) % count), blocks.tokens.shape)
        positions = np.concatenate([np.arange(size) for size in np.unique(pieces[0], return_counts=True)[1]])
        positions = np.broadcast_to(positions.astype(np.int32), pieces.shape)
        states = []
        for each in (model, other):
            inputs = {"input_ids": torch.from_numpy(blocks.tokens.astype(np.int64))}
            with autocast(torch.device("cpu")):
                states.append(read_packed(each, inputs, pieces, positions, FAMILIES[family] == "causal"))
            states[-1].float().square().sum().backward()
        ours, wanted = (each.detach().float() for each in states)
        assert float((ours - wanted).norm()) < 0.05 * float(wanted.norm())  # rounded to bfloat16 at other places
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1


def test_lengths_are_those_of_pieces_in_blocks_that_follow_one_another() -> None:
    positions = np.array([[0, 1, 2, 0], [0, 0, 1, 2]], np.int32)
    assert cumulative_lengths(positions).tolist() == [0, 3, 4, 5, 8]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("family", FOLLOWED)
def test_a_card_computes_the_gradients_of_masks(family: str, tmp_path: Path) -> None:
    model = load_model(write_family(family, tmp_path), FAMILIES[family]).cuda()
    other = copy.deepcopy(model)
    assert choose_packing(model, LENGTH, FAMILIES[family] == "causal") is Packing.VARLEN
    with autocast(torch.device("cuda")):
        found, wanted = gradients(model, Packing.VARLEN, family), gradients(other, FOLLOWED[family], family)
    for name, gradient in wanted.items():
        assert float((found[name] - gradient).norm()) < 0.1 * float(gradient.norm()) + 1e-6
