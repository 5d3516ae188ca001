"""The fused head gives the loss and the gradients of the plain one."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch.nn.functional import cross_entropy, linear

from vernacular.modeling import fused_loss as fused
from vernacular.modeling.fused_loss import UNSCORED, keep_memory, linear_cross_entropy


def tensors(bias=True):
    torch.manual_seed(1)
    made = [torch.randn(50, 16), torch.randn(301, 16), torch.randn(301) if bias else None]
    targets = torch.randint(0, 301, (50,))
    targets[[3, 40]] = UNSCORED
    return [None if tensor is None else tensor.requires_grad_() for tensor in made], targets


def gradients(function, bias):
    inputs, targets = tensors(bias)
    total = function(*inputs, targets)
    (total * 0.25).backward()
    return total.detach(), [tensor.grad for tensor in inputs if tensor is not None]


def plain(hidden, weight, bias, targets):
    return cross_entropy(linear(hidden, weight, bias).float(), targets, reduction="sum", ignore_index=UNSCORED)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("slice_", [301, 301 * 7, 10**6])
def test_loss_and_gradients_are_those_of_the_plain_head(bias, slice_, compiled, monkeypatch):
    monkeypatch.setattr(fused, "_CACHED", slice_)
    monkeypatch.setattr(fused, "_compiled_slope", lambda: fused._replace_by_slope)  # compiling takes half a minute
    (wanted, theirs), (total, ours) = gradients(plain, bias), gradients(
        partial(linear_cross_entropy, compiled=compiled), bias)
    torch.testing.assert_close(total, wanted)
    for left, right in zip(ours, theirs, strict=True):
        torch.testing.assert_close(left, right)


def test_in_bfloat16_they_agree_up_to_its_rounding():
    with torch.autocast("cpu", torch.bfloat16):
        (wanted, theirs), (total, ours) = gradients(plain, True), gradients(linear_cross_entropy, True)
    torch.testing.assert_close(total, wanted, rtol=1e-4, atol=0)
    for left, right in zip(ours, theirs, strict=True):
        assert left.dtype == torch.float32
        assert (left - right).norm() < 0.01 * right.norm()


def test_memory_is_kept_without_a_word():
    keep_memory()
