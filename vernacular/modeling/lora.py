"""LoRA pretraining (Hu et al. 2106.09685): low-rank changes of the body, plus new rows and head.

The rows are those of input and output embeddings, shared if tied. The changes are merged at the end
into a plain model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.family_faults import family_faults
from vernacular.modeling.frozen_weights import ROWS, FrozenLinear, is_product, thaw
from vernacular.modeling.precision import stored_in

_WITH_KERNELS = frozenset(("falcon_h1", "falcon_mamba", "mamba", "mamba2", "nemotron_h"))  # as PEFT lists them


def wrap(model: Any, new_rows: Sequence[int], rank: int) -> Any:
    """Freeze ``model`` and add low-rank changes in place; return the argument of ``merge``.

    ``new_rows``: of the embedding; all others are frozen. ``rank``: of the changes, with scale
    1.
    """
    from peft import LoraConfig, get_peft_model
    from peft.tuners.lora import LoraLayer

    decoder = model.get_output_embeddings()
    body = {id(parameter) for parameter in model.base_model.parameters()}
    head = [parameter for parameter in model.parameters() if id(parameter) not in body
            and parameter is not decoder.weight and parameter is not decoder.bias]
    outside = [name for name, module in model.named_modules()
               if any(id(parameter) not in body for parameter in module.parameters(recurse=False))]
    outside += unadapted(model)
    settings = LoraConfig(r=rank, lora_alpha=rank, target_modules="all-linear", exclude_modules=outside or None)
    # Some families have layers of an unusual shape.
    with family_faults(model, "LoRA", "pretraining.method", "Use `method: full`, or another base model"):
        wrapped = get_peft_model(model, settings)
    for module in wrapped.modules():  # autocast converts what needs it; PEFT would keep a copy of every input
        if isinstance(module, LoraLayer):
            module.cast_input_dtype_enabled = False
    if len(new_rows):
        _train_rows(model, torch.tensor(list(new_rows)))
    for parameter in head:
        parameter.requires_grad_(True)
    return wrapped


def unadapted(model: Any) -> list[str]:
    """Return the names of the layers that get no low-rank change.

    Routers of experts return more than a product (Llama 4, PhiMoE). The kernels of Mamba read the
    weights of ``out_proj`` without calling it, so PEFT refuses it.
    """
    read = {"out_proj"} if model.config.model_type in _WITH_KERNELS else set()
    return [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)
            and (name.rpartition(".")[2] in read or not is_product(module))]


def _train_rows(model: Any, ids: torch.Tensor) -> None:
    """Make the rows ``ids`` of the tables trainable, as float32 copies that replace the frozen ones.

    PEFT's own layer writes them into a copy of the whole table in every pass, and computes the
    gradient of all of it: four gigabytes for a vocabulary of 128,000.
    """
    table, decoder = model.get_input_embeddings(), model.get_output_embeddings()
    if type(decoder) not in (torch.nn.Linear, FrozenLinear):
        raise Problem(f"the decoder of a {type(model).__name__} is a {type(decoder).__name__}",
                      where="pretraining.method", fix="Use `method: full`, or another base model",
                      code=Code.MODEL_KIND)
    ids = ids.to(table.weight.device)
    rows = torch.nn.Parameter(table.weight.detach()[ids].float())
    slots = torch.full((len(table.weight),), -1, device=ids.device).index_copy(
        0, ids, torch.arange(len(ids), device=ids.device))
    table.register_parameter(ROWS, rows)
    table.register_buffer("slots", slots, persistent=False)
    table.place_rows = table.register_forward_hook(_place_rows)
    if decoder.weight is not table.weight:
        rows = torch.nn.Parameter(decoder.weight.detach()[ids].float())
        decoder.register_parameter(ROWS, rows)
    decoder.__class__ = FrozenLinear
    decoder.new = (rows, ids)


def _place_rows(table: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
    slots = table.slots[inputs[0]]
    rows = torch.nn.functional.embedding(slots.clamp(min=0), table.new_rows)
    rows = rows * getattr(table, "embed_scale", 1.0)  # Gemma scales its embeddings
    return torch.where((slots >= 0)[..., None], rows.to(output.dtype), output)


def _keep_rows(model: Any) -> None:
    """Write the trained rows into their tables."""
    table, decoder = model.get_input_embeddings(), model.get_output_embeddings()
    if getattr(decoder, "new", None) is None:
        return
    for layer, rows in ((table, table.new_rows), (decoder, decoder.new[0])):
        layer.weight.data[decoder.new[1]] = rows.detach().to(layer.weight.dtype)
    table.place_rows.remove()
    for layer in (table, decoder):
        layer._parameters.pop(ROWS, None)
    del table.place_rows, table._buffers["slots"], decoder.new
    if stored_in(model) == "float32":
        decoder.__class__ = torch.nn.Linear


def scaling(wrapped: Any) -> Callable[[float], None]:
    """Return a function that scales the changes: 0 is the base, except for new rows, and 1 the trained model."""
    from peft.tuners.lora import LoraLayer

    layers = [module for module in wrapped.modules() if isinstance(module, LoraLayer)]

    def scale(share: float) -> None:
        for layer in layers:
            layer.scaling = dict.fromkeys(layer.scaling, share)

    return scale


def head_of(wrapped: Any) -> dict[str, torch.Tensor]:
    """Return the weights that are trained as a whole, by name: those of a head."""
    return {name: parameter for name, parameter in wrapped.get_base_model().named_parameters()
            if parameter.requires_grad and "lora_" not in name and ROWS not in name}


def merge(wrapped: Any) -> Any:
    """Merge the changes and return the plain model; a model in NF4 becomes one in bfloat16."""
    model = wrapped.get_base_model()
    _keep_rows(model)
    thaw(model)
    merged = wrapped.merge_and_unload()
    if stored_in(model) == "float32":
        for parameter in merged.parameters():
            parameter.requires_grad_(True)
    return merged
