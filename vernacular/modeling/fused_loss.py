"""Fused decoder and cross-entropy: the logits are stored once, in the precision of the matrix product.

Softmax, loss and gradient are computed in float32 on a few rows at a time, within the CPU cache,
and the gradient overwrites the logits. The result equals ``cross_entropy(linear(...).float())`` up
to rounding.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import torch

UNSCORED = -100
_CACHED = 2_000_000  # float32 numbers per slice: 8 MB
_CARD = 1 << 28  # on a GPU: 1 GB, so that a step takes few slices


def linear_cross_entropy(hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None,
                         targets: torch.Tensor, new: tuple[torch.Tensor, torch.Tensor] | None = None,
                         compiled: bool = False) -> torch.Tensor:
    """Return the sum of the negative log-likelihoods of ``targets`` in nats.

    Args:
        hidden: (n, width) states before the decoder.
        weight: (vocabulary, width) of the decoder.
        bias: (vocabulary,) of the decoder, or None.
        targets: (n,) ids; ``UNSCORED`` is ignored.
        new: rows that replace some of ``weight``, (rows, width), and their ids, (rows,).
        compiled: whether softmax, loss and gradient are compiled: two passes over the logits, not ten.
    """
    rows, ids = new or (None, None)
    total: torch.Tensor = _LinearCrossEntropy.apply(hidden, weight, bias, targets, rows, ids, compiled)  # type: ignore[no-untyped-call]
    return total


def _replace_by_slope(logits: torch.Tensor, known: torch.Tensor, scored: torch.Tensor) -> torch.Tensor:
    """Replace ``logits`` by their gradient; return nats, (n, 1). All but ``logits`` are (n, 1)."""
    part = logits.float()
    peak = part.amax(1, keepdim=True)
    total = (part - peak).exp().sum(1, keepdim=True)
    nats = (total.log() + peak - part.gather(1, known)) * scored
    is_target = torch.arange(logits.shape[1], device=logits.device) == known
    logits.copy_(((part - peak).exp() / total - is_target.float()) * scored)
    return nats


@functools.cache
def _compiled_slope() -> Callable[..., torch.Tensor]:
    """The same in one function for the device."""
    return torch.compile(_replace_by_slope)


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None,
                targets: torch.Tensor, new: torch.Tensor | None, ids: torch.Tensor | None,
                compiled: bool) -> torch.Tensor:
        kind = hidden.device.type
        dtype = (torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else
                 torch.promote_types(hidden.dtype, weight.dtype))
        with torch.autocast(kind, enabled=False):
            states, rows = hidden.detach().to(dtype), weight.detach().to(dtype)
            shift = None if bias is None else bias.detach().to(dtype)
            logits = torch.nn.functional.linear(states, rows, shift)
            if new is not None and ids is not None:
                new = new.detach().to(dtype)
                logits[:, ids] = torch.nn.functional.linear(states, new, None if shift is None else shift[ids])
            scored = targets != UNSCORED
            known = targets.clamp(min=0)[:, None]
            nats = torch.empty(len(targets), device=hidden.device)
            size = max(1, (_CACHED if kind == "cpu" else _CARD) // logits.shape[1])
            for first in range(0, len(targets), size):
                here = slice(first, first + size)
                if compiled:
                    nats[here] = _compiled_slope()(logits[here], known[here], scored[here, None])[:, 0]
                    continue
                part = logits[here].float()
                peak = part.amax(1, keepdim=True)
                wanted = part.gather(1, known[here])
                part.sub_(peak).exp_()
                total = part.sum(1, keepdim=True)
                nats[here] = (total.log() + peak - wanted)[:, 0]
                part.mul_(scored[here, None] / total)
                part.scatter_add_(1, known[here], -scored[here, None].float())
                logits[here] = part
            ctx.save_for_backward(states, rows, logits, new, ids)
            ctx.bias, ctx.types = bias is not None, (hidden.dtype, weight.dtype)
            return (nats * scored).sum()

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        states, rows, slope, new, ids = ctx.saved_tensors
        for_hidden = for_weight = for_bias = for_new = of_new = None
        with torch.autocast(states.device.type, enabled=False):
            if ctx.bias and ctx.needs_input_grad[2]:
                for_bias = slope.sum(0).float() * grads[0]
            if new is not None:
                own = slope[:, ids]
                for_new, of_new = (own.t() @ (states.float() * grads[0]).to(states.dtype)).float(), own @ new
                slope = slope.index_fill(1, ids, 0)  # the rows that they replace have no part in the loss
            if ctx.needs_input_grad[0]:
                for_hidden = slope @ rows
                for_hidden = (for_hidden if of_new is None else for_hidden + of_new).to(ctx.types[0]) * grads[0]
            if ctx.needs_input_grad[1]:
                for_weight = (slope.t() @ (states.float() * grads[0]).to(states.dtype)).to(ctx.types[1])
        return for_hidden, for_weight, for_bias, None, for_new, None, None


def keep_memory() -> None:
    """Make this process reuse freed memory: saves a fifth of a CPU step on Linux.

    glibc returns large blocks at once, and every step then waits for the kernel to zero pages. No
    effect on other systems.
    """
    try:
        options = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    for option, value in ((-4, 0), (-1, 2**31 - 1)):  # M_MMAP_MAX, M_TRIM_THRESHOLD
        options(option, value)
