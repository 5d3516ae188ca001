"""An encoder with its task's head as ``model.onnx``: in float32, or quantized to int8.

In int8 the embedding's rows are quantized in torch, each with a scale of its own; linear layers by onnxruntime in
blocks of 32 weights, with activations quantized by the same blocks while it runs. One scale for a layer's activations,
as ``quantize_dynamic`` has it, lost three points (docs/experiments/export.md). The head stays in float32.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import normalize

from vernacular.conversion.formats import Precision
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_disk_full, is_system_error

MODEL = "model.onnx"
_OPSET = 17
_LARGEST = 1_900_000_000  # bytes of weights: a file of protobuf ends at 2 GiB
_BLOCK = 32  # weights that share a scale
_INT8_PRODUCTS = 4  # onnxruntime's accuracy level at which activations are int8, too


class _QuantizedRows(torch.nn.Module):
    """An embedding in int8 with a scale for each row."""

    def __init__(self, embedding: torch.nn.Embedding) -> None:
        super().__init__()
        weight = embedding.weight.detach()
        scales = weight.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
        self.register_buffer("rows", (weight / scales).round().to(torch.int8))
        self.register_buffer("scales", scales)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        rows, scales = self.get_buffer("rows"), self.get_buffer("scales")
        return rows[ids].float() * scales[ids]


class _Exported(torch.nn.Module):
    """Logits, or the normalized mean of the token states, of a transformers model called by position."""

    def __init__(self, model: Any, inputs: list[str], embeds: bool) -> None:
        super().__init__()
        self.model, self.inputs, self.embeds = model, inputs, embeds

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        named = dict(zip(self.inputs, given, strict=True))
        output = self.model(**named, return_dict=True)
        if not self.embeds:
            logits: torch.Tensor = output.logits
            return logits
        attended = named["attention_mask"][..., None].to(output.last_hidden_state.dtype)
        return normalize((output.last_hidden_state * attended).sum(1) / attended.sum(1), dim=-1)


def inputs_of(config: Any) -> list[str]:
    """Return the names of a model's inputs; segments only where it distinguishes them."""
    return ["input_ids", "attention_mask", *(["token_type_ids"] if getattr(config, "type_vocab_size", 1) > 1 else [])]


def write_onnx(model: Any, embeds: bool, precision: Precision, folder: Path) -> None:
    """Write ``model.onnx`` into ``folder``.

    Args:
        model: a transformers model with its head, or its body if it ``embeds``.
        embeds: whether the output is a text's embedding, of length 1.
        precision: of the weights.
        folder: exists.

    Raises:
        Problem: torch cannot export this family, or it is too large for a file.
    """
    family = model.config.model_type
    embedding = model.get_input_embeddings()
    if precision is Precision.INT8 and type(embedding) is torch.nn.Embedding:
        model.set_input_embeddings(_QuantizedRows(embedding))
    size = sum(tensor.numel() * tensor.element_size() for tensor in (*model.parameters(), *model.buffers()))
    if size > _LARGEST:
        raise Problem(f"the model has {size / 1e9:.1f} GB; a file of ONNX has at most 2", where=f"--to onnx, {family}",
                      fix="Use --precision int8, or a smaller base", code=Code.EXPORT_KIND)
    names = inputs_of(model.config)
    ids = torch.arange(34).reshape(2, 17) % int(model.config.vocab_size)
    examples = tuple({"input_ids": ids, "attention_mask": torch.ones_like(ids),
                      "token_type_ids": torch.zeros_like(ids)}[name] for name in names)
    plain = folder / ("whole.onnx" if precision is Precision.INT8 else MODEL)
    with _quietly():
        try:
            # The older exporter: its graphs ran a fifth faster and it takes 2 s instead of 11
            # (docs/experiments/export.md).
            torch.onnx.export(_Exported(model, names, embeds).eval(), examples, str(plain), input_names=names,
                              output_names=["output"], opset_version=_OPSET, dynamo=False,
                              dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names})
        except Exception as error:  # a family that it does not know can raise any exception
            if is_disk_full(error) or is_system_error(error):
                raise
            raise Problem(f"torch cannot export {family} models ({type(error).__name__}: {error})",
                          where=f"--to onnx, {family}", fix="Use a base of another family",
                          code=Code.EXPORT_KIND) from error
        if precision is Precision.INT8:
            _quantize(model, plain, folder / MODEL)
            plain.unlink()


def _quantize(model: Any, plain: Path, to: Path) -> None:
    """Write the file ``plain`` with the linear layers of the body in int8."""
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer
    body = {id(module) for module in model.base_model.modules()}
    head = {f"model.{name}" for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear) and id(module) not in body}
    whole = onnx.load(plain)
    names = [node.name for node in whole.graph.node
             if node.name.strip("/").replace("/", ".").rpartition(".")[0] in head]
    how = DefaultWeightOnlyQuantConfig(block_size=_BLOCK, is_symmetric=True, accuracy_level=_INT8_PRODUCTS, bits=8)
    quantizer = MatMulNBitsQuantizer(whole, nodes_to_exclude=names, algo_config=how)
    quantizer.process()
    quantizer.model.save_model_to_file(str(to), False)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the notes of exporter and quantizer, which are on their own workings."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
