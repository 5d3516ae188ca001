"""Attention within the pieces of packed blocks by cumulative lengths: no padding, no mask.

On a GPU in half precision this is PyTorch's variable-length FlashAttention (Dao 2307.08691);
otherwise one product a piece, which is slow and shows what the kernel must compute. transformers'
models find the function under the names below.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from vernacular.modeling.device import has_bf16

# While a body reads packed blocks: transformers makes no masks for a name that it has none for.
_PACKED = "vernacular_packed"
_TRIAL = "vernacular_trial"  # the same, and the kernel is compared
# Between: whole rows are read with transformers' masks, and layers that a backward pass computes
# again still get the lengths of their first pass.
_RESTING = "vernacular"
_WITH = "sdpa"  # the implementation of families whose attention can be replaced
_HALF = (torch.bfloat16, torch.float16)
_CLOSE = 2e-2  # the kernel's largest error in bfloat16, relative to the largest value


def has_kernel(device: torch.device) -> bool:
    """Whether training on ``device`` can use the kernel, which needs half precision."""
    return device.type == "cuda" and has_bf16() and torch.backends.cuda.is_flash_attention_available()


def cumulative_lengths(positions: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return where pieces begin in blocks that follow one another, and the end: (pieces + 1,).

    ``positions``: (blocks, length) position within the piece.
    """
    return np.append(np.flatnonzero(positions == 0), positions.size).astype(np.int32)


@contextlib.contextmanager
def replaced_attention(model: Any, trial: bool = False) -> Iterator[None]:
    """Attend by cumulative lengths within the block.

    ``trial``: also compare the kernel, if there is one, with one product a piece.

    Raises:
        ValueError: the attention of this family cannot be replaced.
    """
    if model.config._attn_implementation not in (_WITH, _RESTING):
        raise ValueError(f"attention is {model.config._attn_implementation}")
    model.config._attn_implementation = _TRIAL if trial else _PACKED
    try:
        yield
    finally:
        model.config._attn_implementation = _RESTING


def restore_attention(model: Any) -> None:
    """Undo what ``replaced_attention`` leaves behind."""
    if model.config._attn_implementation == _RESTING:
        model.config._attn_implementation = _WITH


def _attend(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
            attention_mask: torch.Tensor | None, *, dropout: float = 0.0, softcap: float | None = None,
            s_aux: torch.Tensor | None = None, position_bias: torch.Tensor | None = None,
            scaling: float | None = None, is_causal: bool | None = None, sliding_window: int | None = None,
            cumulative: torch.Tensor | None = None, longest: int = 0, **how: Any) -> tuple[torch.Tensor, None]:
    """Attend as transformers' models expect it: (blocks, heads, length, width) to (blocks, length, heads, width).

    Args:
        module: the layer.
        query: of its heads.
        key: of as many heads, or fewer.
        value: as ``key``.
        attention_mask: only without ``cumulative``, as the next four; the kernel has none of them.
        dropout: share of scores that are dropped.
        softcap: of the scores.
        s_aux: scores of attention sinks.
        position_bias: added to the scores.
        scaling: of the scores.
        is_causal: whether a token attends only to earlier ones; by default as the layer says.
        sliding_window: tokens that one attends to on a side, itself included.
        cumulative: (pieces + 1,) int32 where pieces begin in the blocks, and the end.
        longest: no piece has more tokens.
        how: what only some families pass.

    Raises:
        ValueError: the family attends with more than lengths and windows.
    """
    if cumulative is None:
        found: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, is_causal=is_causal,
            softcap=softcap, position_bias=position_bias, **how)
        return found
    if dropout or any(one is not None for one in (attention_mask, softcap, s_aux, position_bias)):
        raise ValueError("attention with a mask, dropout, capped scores, sinks or a bias")
    causal = bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)
    side = -1 if sliding_window is None else sliding_window - 1
    if torch.is_autocast_enabled(query.device.type):  # which knows PyTorch's other kinds of attention
        dtype = torch.get_autocast_dtype(query.device.type)
        query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    flat = tuple(part.transpose(1, 2).flatten(0, 1).contiguous() for part in (query, key, value))
    attended = _by_lengths(flat, cumulative, longest, scaling, (side, 0 if causal else side))
    return attended.view(len(query), query.shape[2], query.shape[1], -1), None


def _by_lengths(parts: tuple[torch.Tensor, ...], cumulative: torch.Tensor, longest: int, scale: float | None,
                window: tuple[int, int]) -> torch.Tensor:
    """Attend within pieces: query, key and value of (tokens, heads, width) to the same shape."""
    query, key, value = parts
    grouped = query.shape[1] != key.shape[1]
    if not _kernel_takes(query):
        return torch.cat([_piece(tuple(part[start:stop] for part in parts), scale, window, grouped)
                          for start, stop in pairwise(cumulative.tolist())])
    out: Any = varlen_attn(query, key, value, cumulative, cumulative, longest, longest, scale=scale,
                           window_size=window, enable_gqa=grouped)
    attended: torch.Tensor = out
    return attended


def _kernel_takes(query: torch.Tensor) -> bool:
    return query.is_cuda and query.dtype in _HALF


def _piece(parts: tuple[torch.Tensor, ...], scale: float | None, window: tuple[int, int], grouped: bool
           ) -> torch.Tensor:
    """Attend within one piece, in any precision on any device."""
    query, key, value = (part.transpose(0, 1)[None] for part in parts)
    mask = None
    if window[0] >= 0:
        at = torch.arange(query.shape[2], device=query.device)
        before = at[:, None] - at
        mask = (before <= window[0]) & (before >= -window[1])
    return scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale, enable_gqa=grouped,
                                        is_causal=mask is None and window[1] == 0)[0].transpose(0, 1)


def _attend_and_compare(module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
                        attention_mask: torch.Tensor | None, **how: Any) -> tuple[torch.Tensor, None]:
    """Attend in full precision; check that the kernel gives the same output and gradients in half.

    Raises:
        ValueError: it does not.
    """
    if has_kernel(query.device):
        results = []
        for precision in (torch.float32, torch.bfloat16):
            # Both from the same numbers.
            parts = [part.detach().bfloat16().to(precision).requires_grad_() for part in (query, key, value)]
            with torch.enable_grad():
                out, _ = _attend(module, parts[0], parts[1], parts[2], attention_mask, **how)
                results.append([out, *torch.autograd.grad(out.float().square().sum(), parts)])
        for wanted, found in zip(*results, strict=True):
            if not torch.allclose(found.float(), wanted, rtol=0, atol=_CLOSE * float(wanted.abs().max())):
                raise ValueError("the kernel for attention by lengths computes something else here")
    return _attend(module, query, key, value, attention_mask, **how)


for _name, _function in ((_PACKED, _attend), (_TRIAL, _attend_and_compare), (_RESTING, _attend)):
    AttentionInterface.register(_name, _function)
AttentionMaskInterface.register(_RESTING, sdpa_mask)
