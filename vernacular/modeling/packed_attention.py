"""Read packed blocks so that each piece gets the states that it has alone.

Families accept different masks, and some mix tokens without attention (convolutions, recurrence).
``choose_packing`` compares a packed block with its pieces read alone, and takes the first way that
gives the same states. None is assumed: a wrong mask trains without an error.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch._dynamo import mark_dynamic
from transformers.masking_utils import (
    create_bidirectional_mask,
    create_bidirectional_sliding_window_mask,
    create_masks_for_generate,
    packed_sequence_mask_function,
)

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.device import device_of, to_device
from vernacular.modeling.family_faults import family_faults
from vernacular.modeling.varlen_attention import (
    cumulative_lengths,
    has_kernel,
    replaced_attention,
    restore_attention,
)

_SAME = 1e-4  # largest difference, relative to the largest state, in float32
_SAME_HALF = 5e-2  # in half precision
_TEST_PIECES = (3, 17)  # most tokens of the first pieces of a test block; the third takes the remainder
_MULTIPLE = 32  # pieces read alone are padded to a multiple of it
_REFUSALS = (AttributeError, KeyError, TypeError, ValueError, IndexError, AssertionError, RuntimeError)


class Packing(StrEnum):
    """How packed blocks are read."""

    VARLEN = "varlen"  # FlashAttention by the lengths of pieces; on a GPU
    MASK = "mask"  # one mask for all layers
    LAYERS = "layers"  # masks by layer type, such as sliding windows
    ALONE = "alone"  # pieces in separate rows, padded to similar length
    UNPADDED = "unpadded"  # pieces in separate rows, batches of equal length


def read_packed(model: Any, inputs: dict[str, torch.Tensor], pieces: NDArray[np.int32], positions: NDArray[np.int32],
                causal: bool) -> torch.Tensor:
    """Return the last hidden states of packed blocks: (blocks, length, width).

    Args:
        model: a language model of transformers.
        inputs: ``input_ids`` (blocks, length) or ``inputs_embeds`` (blocks, length, width).
        pieces: (blocks, length) index of the piece within the block. An array, as is ``positions``:
            reading from a GPU what to do next would make it wait.
        positions: (blocks, length) position within the piece.
        causal: whether a token attends only to earlier ones.
    """
    # By lengths, blocks of one piece are read as all others, so that nothing is compiled for them.
    if getattr(model, "packing", None) is not Packing.VARLEN and not pieces.any():
        return _states(model, inputs)
    if getattr(model, "packing", None) is None:
        choose_packing(model, pieces.shape[1], causal)
    return _READERS[model.packing](model, inputs, pieces, positions, causal)


def choose_packing(model: Any, length: int, causal: bool) -> Packing:
    """Find out how ``model`` reads packed blocks of ``length`` tokens; it is stored as ``model.packing``.

    Raises:
        Problem: the family cannot read text so, or even separate rows give other states than the pieces alone.
    """
    device, training = next(model.parameters()).device, model.training
    few, some = min(_TEST_PIECES[0], length // 5), min(_TEST_PIECES[1], length // 3)
    # One piece is as long as possible: a window may be hardly shorter than a block.
    counts = [few, some, length - few - some, 1, length - 1]
    ids = _test_ids(model, 2 * length).to(device)
    pieces = np.repeat(np.arange(5, dtype=np.int32), counts).reshape(2, length)
    positions = np.concatenate([np.arange(count, dtype=np.int32) for count in counts]).reshape(2, length)
    try:
        model.eval()
        way = _found(model, ids, counts, pieces, positions, causal)
    finally:
        model.train(training)
    if way is None:
        raise Problem(f"a {type(model).__name__} gives a text other states in a batch than alone",
                      where="models base", fix="Use another base model", code=Code.MODEL_KIND)
    model.packing = way
    return way


def _found(model: Any, ids: torch.Tensor, counts: list[int], pieces: NDArray[np.int32],
           positions: NDArray[np.int32], causal: bool) -> Packing | None:
    """Return the first way that gives the states of ``counts`` tokens each, read alone; ``ids`` are one row."""
    # Autocast would cache the weights without gradients for the steps after this.
    with torch.no_grad(), torch.autocast(ids.device.type, enabled=False):
        with family_faults(model, "reading text"):
            alone = torch.cat([_states(model, {"input_ids": part}) for part in torch.split(ids, counts, dim=1)], dim=1)
        for way, reader in _READERS.items():
            if way is Packing.VARLEN:
                if not has_kernel(ids.device):
                    continue
                reader = partial(reader, trial=True)
            try:
                packed = reader(model, {"input_ids": ids.view(pieces.shape)}, pieces, positions, causal)
            except torch.OutOfMemoryError:
                raise
            except _REFUSALS:  # this family does not accept such a mask
                packed = None
            if packed is not None and _equal(packed, alone.view(*pieces.shape, -1)):
                return way
            restore_attention(model)
    return None


def _equal(packed: torch.Tensor, alone: torch.Tensor) -> bool:
    most = _SAME if alone.dtype == torch.float32 else _SAME_HALF
    return packed.shape == alone.shape and torch.allclose(
        packed, alone, rtol=0, atol=most * float(alone.nan_to_num().abs().max()), equal_nan=True)


def _test_ids(model: Any, length: int) -> torch.Tensor:
    """Return random ids, (1, length), without those of special tokens, which some models treat differently."""
    config = model.config.get_text_config()
    special = {value for name, value in vars(config).items() if name.endswith("_token_id") and isinstance(value, int)}
    known = [index for index in range(config.vocab_size) if index not in special]
    drawn = torch.randint(len(known), (1, length), generator=torch.Generator().manual_seed(0))
    return torch.tensor(known)[drawn]


def _states(model: Any, inputs: dict[str, torch.Tensor], **how: Any) -> torch.Tensor:
    if "use_cache" in _parameters(model):
        how["use_cache"] = False
    states: torch.Tensor = model.base_model(**inputs, **how).last_hidden_state
    return states


def _parameters(model: Any) -> frozenset[str]:
    return frozenset(inspect.signature(model.base_model.forward).parameters)


def _placed(model: Any, positions: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the positions as the model counts them, if it takes positions."""
    if "position_ids" not in _parameters(model):
        return {}
    first = getattr(getattr(model.base_model, "embeddings", None), "padding_idx", None)  # RoBERTa counts from there
    return {"position_ids": positions.long() + (0 if first is None else first + 1)}


def _by_lengths(model: Any, inputs: dict[str, torch.Tensor], pieces: NDArray[np.int32], positions: NDArray[np.int32],
                causal: bool, trial: bool = False) -> torch.Tensor:
    device = device_of(model)
    cumulative = to_device(cumulative_lengths(positions), device)
    if model.base_model._compiled_call_impl is not None:  # the number of pieces is another in each batch
        mark_dynamic(cumulative, 0)
    with replaced_attention(model, trial):
        return _states(model, inputs, cumulative=cumulative, longest=pieces.shape[1],
                       **_placed(model, to_device(positions, device)))


def _with_mask(model: Any, inputs: dict[str, torch.Tensor], pieces: NDArray[np.int32], positions: NDArray[np.int32],
               causal: bool) -> torch.Tensor:
    device = device_of(model)
    index = to_device(pieces, device)
    same = index[:, None, :, None] == index[:, None, None, :]
    if causal:
        same = same.tril()
    if getattr(model.config, "_attn_implementation", "eager") == "eager":
        kind = next(model.parameters()).dtype
        if torch.is_autocast_enabled(device.type):
            kind = torch.get_autocast_dtype(device.type)
        same = torch.zeros(same.shape, dtype=kind, device=device).masked_fill_(~same, torch.finfo(kind).min)
    return _states(model, inputs, attention_mask=same, **_placed(model, to_device(positions, device)))


def _with_layer_masks(model: Any, inputs: dict[str, torch.Tensor], pieces: NDArray[np.int32],
                      positions: NDArray[np.int32], causal: bool) -> torch.Tensor:
    config, device = model.config.get_text_config(), device_of(model)
    kind = next(model.parameters()).dtype
    if torch.is_autocast_enabled(device.type):
        kind = torch.get_autocast_dtype(device.type)
    how: dict[str, Any] = {
        "config": config, "inputs_embeds": torch.empty((*pieces.shape, 1), dtype=kind, device=device),
        "attention_mask": None, "past_key_values": None,
        "and_mask_function": packed_sequence_mask_function(to_device(pieces, device))}
    masks = create_masks_for_generate(**how) if causal else {
        "full_attention": create_bidirectional_mask(**how),
        "sliding_attention": create_bidirectional_sliding_window_mask(**how)}
    return _states(model, inputs, attention_mask=masks, **_placed(model, to_device(positions, device)))


def _alone(model: Any, inputs: dict[str, torch.Tensor], pieces: NDArray[np.int32], positions: NDArray[np.int32],
           causal: bool, multiple: int = _MULTIPLE) -> torch.Tensor:
    (name, values), = inputs.items()
    flat, blocks, length, device = values.flatten(0, 1), *pieces.shape, device_of(model)
    bounds = cumulative_lengths(positions)
    starts, counts = bounds[:-1], np.diff(bounds)
    padded = -(-counts // multiple) * multiple
    states, places = [], []
    for most in np.unique(padded).tolist():
        chosen = padded == most
        offsets = np.arange(min(most, int(counts[chosen].max())))
        inside = offsets < counts[chosen, None]
        at = (starts[chosen, None] + offsets).clip(max=blocks * length - 1)
        there = to_device(np.flatnonzero(inside), device)
        mask = ({"attention_mask": to_device(inside.astype(np.int64), device)}
                if "attention_mask" in _parameters(model) else {})
        states.append(_states(model, {name: flat[to_device(at, device)]}, **mask).flatten(0, 1)[there])
        places.append(at[inside])
    order = to_device(np.concatenate(places).argsort(), device)
    return torch.cat(states)[order].view(blocks, length, -1)


_READERS: dict[Packing, Callable[..., torch.Tensor]] = {
    Packing.VARLEN: _by_lengths, Packing.MASK: _with_mask, Packing.LAYERS: _with_layer_masks, Packing.ALONE: _alone,
    Packing.UNPADDED: partial(_alone, multiple=1)}
