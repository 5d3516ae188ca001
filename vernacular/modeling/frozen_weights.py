"""Frozen weights in two bytes or half a byte each; all that is computed with them is as precise as before.

Linear layers and embeddings take most of a model. They are stored in bfloat16, or the layers in NF4
(Dettmers et al. 2305.14314), and converted when they are used, forward and backward, one at a time.
Everything else stays in float32: normalizations, biases, activations, low-rank changes, new tokens.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D

from vernacular.config.base import Precision
from vernacular.core.codes import Code
from vernacular.core.errors import Problem

_BLOCK = 64  # weights that share a scale in NF4
ROWS = "new_rows"  # name of the parameter of trained rows, in the layers that have them
_TABLE = 0.9  # rows of an embedding that is stored so, relative to the vocabulary
_LEAST_SHARE = 0.5  # of the weights that must be stored in fewer bytes, so that it is worth it


class _Multiply(torch.autograd.Function):
    """A linear layer of frozen weights that keeps no converted copy of them for the backward pass."""

    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, layer: Any) -> torch.Tensor:
        kind = inputs.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else inputs.dtype
        ctx.layer, ctx.dtype = layer, inputs.dtype
        return linear(inputs.to(dtype), layer.matrix(dtype), None if layer.bias is None else layer.bias.to(dtype))

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        return (grads[0] @ ctx.layer.matrix(grads[0].dtype)).to(ctx.dtype), None


class _Frozen:
    """What frozen layers share: how their matrix is stored. See ``FrozenLinear``."""

    weight: Any
    bias: Any
    quantization: Any = None  # bitsandbytes' state of an NF4 matrix, whose bytes are ``weight``
    new: tuple[torch.nn.Parameter, torch.Tensor] | None = None  # trained rows of a decoder, and their ids
    transposed = False

    def matrix(self, dtype: torch.dtype) -> torch.Tensor:
        """Return the weights, (outputs, inputs), in ``dtype``."""
        found: torch.Tensor = self.weight.detach()
        if self.quantization is not None:
            from bitsandbytes.functional import dequantize_4bit
            found = dequantize_4bit(found, self.quantization)
        found = found.to(dtype)
        return found.t() if self.transposed else found

    def quantize(self) -> None:
        """Store the weights in NF4, with scales in eight bits."""
        from bitsandbytes.functional import quantize_4bit
        packed, self.quantization = quantize_4bit(
            self.weight.detach().contiguous(), blocksize=_BLOCK, compress_statistics=True, quant_type="nf4")
        self.weight = torch.nn.Parameter(packed, requires_grad=False)

    def dequantize(self) -> None:
        """Store the weights in bfloat16 again: those that the training computed with."""
        if self.quantization is not None:
            found = self.matrix(torch.bfloat16)
            self.quantization = None
            self.weight = torch.nn.Parameter(found, requires_grad=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs, in the precision of ``inputs`` or of autocast."""
        kind = inputs.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else inputs.dtype
        if self.weight.dtype == dtype:  # not converted, so nothing to save; and it can be compiled
            bias = None if self.bias is None else self.bias.to(dtype)
            out = linear(inputs.to(dtype), self.matrix(dtype), bias)
        else:
            out = _Multiply.apply(inputs, self)  # type: ignore[no-untyped-call]
        if self.new is None:
            return out
        rows, ids = self.new
        bias = getattr(self, "bias", None)
        return out.index_copy(-1, ids, linear(inputs, rows, None if bias is None else bias[ids]).to(out.dtype))

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        """Move the layer, with what belongs to its weights."""
        super()._apply(fn, recurse)  # type: ignore[misc]
        if self.quantization is not None:
            self.quantization.to(self.weight.device)
        if self.new is not None:
            self.new = (self.new[0], self.new[1].to(self.weight.device))
        return self


class FrozenLinear(_Frozen, torch.nn.Linear):
    """A linear layer whose frozen weights are stored in fewer bytes."""


class FrozenConv1D(_Frozen, Conv1D):
    """The same of GPT-2's layers, whose weights are transposed."""

    transposed = True


_CLASSES: dict[type, type[_Frozen]] = {torch.nn.Linear: FrozenLinear, Conv1D: FrozenConv1D}
LINEAR = (torch.nn.Linear, FrozenLinear)  # layers that are nothing but a matrix and a bias


def is_product(layer: torch.nn.Linear) -> bool:
    """Whether ``layer`` computes what its class promises: some families give it a ``forward`` of their own."""
    if type(layer) in LINEAR:
        return True
    inputs = torch.ones(2, layer.in_features, dtype=layer.weight.dtype, device=layer.weight.device)
    with torch.no_grad():
        try:
            found, wanted = layer(inputs), linear(inputs, layer.weight, layer.bias)
        except (RuntimeError, ValueError, TypeError, IndexError):  # it takes other shapes
            return False
    return isinstance(found, torch.Tensor) and found.shape == wanted.shape and (
        found.is_meta or torch.allclose(found, wanted, rtol=1e-2, atol=1e-2))


def freeze_in(model: Any, precision: Precision) -> Any:
    """Freeze ``model`` and store its matrices in ``precision``, in place; return it.

    It may be repeated, for layers that were replaced since.

    Raises:
        Problem: less than half of its weights are in layers that can be stored so.
    """
    model.requires_grad_(False)
    tables = {id(table.weight) for table in (model.get_input_embeddings(), model.get_output_embeddings())
              if table is not None}
    rows = _TABLE * len(model.get_input_embeddings().weight)
    stored = every = 0
    for module in list(model.modules()):
        frozen = _CLASSES.get(type(module))
        if isinstance(module, torch.nn.Linear) and not isinstance(module, _Frozen) and is_product(module):
            frozen = FrozenLinear
        # Small ones stay: DeBERTa reads those of distances without calling them.
        table = isinstance(module, torch.nn.Embedding) and len(module.weight) >= rows
        for name, parameter in module.named_parameters(recurse=False):
            matrix = name == "weight" and (frozen is not None or table or isinstance(module, _Frozen))
            # PEFT reads the shape of GPT-2's layers from their weights, whose bytes have another in NF4.
            fits = matrix and (precision != "nf4" or not issubclass(frozen or type(module), FrozenConv1D))
            every += parameter.numel()
            stored += parameter.numel() * fits
            if not parameter.is_floating_point():
                continue
            if not matrix:
                parameter.data = parameter.data.float()
            elif parameter.dtype != torch.bfloat16:
                parameter.data = parameter.data.to(torch.bfloat16)
        if frozen is not None:
            module.__class__ = frozen
            if precision == "nf4" and frozen is FrozenLinear and id(module.weight) not in tables:
                module.quantize()
        elif table and not getattr(module, "widened", False):
            module.widened = True
            module.register_forward_hook(_widen)
    if stored < _LEAST_SHARE * every:
        raise Problem(f"only {stored / every:.0%} of the weights of {type(model).__name__} are in linear layers, which "
                      f"alone can be stored as {precision}", where="models base", fix="Set `precision: float32`",
                      code=Code.MODEL_KIND)
    for name, buffer in model.named_buffers():
        if buffer.dtype == torch.bfloat16:
            parent, _, own = name.rpartition(".")
            model.get_submodule(parent)._buffers[own] = buffer.float()
    model.stored_in = precision
    return model


def _widen(module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> torch.Tensor:
    return output.float()


def thaw(model: Any) -> Any:
    """Store matrices in NF4 as bfloat16 again, layer by layer, so that a model can be merged and saved; return it."""
    for module in model.modules():
        if isinstance(module, _Frozen):
            module.dequantize()
    return model


def count_parameters(model: torch.nn.Module) -> int:
    """Return the number of weights, also of those that share bytes, and without low-rank changes and new rows."""
    packed = {id(module.weight): module.quantization.shape.numel() for module in model.modules()
              if isinstance(module, _Frozen) and module.quantization is not None}
    return sum(packed.get(id(parameter), parameter.numel()) for name, parameter in model.named_parameters()
               if "lora_" not in name and not name.endswith(ROWS))
