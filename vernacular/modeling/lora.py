"""LoRA pretraining (Hu et al. 2106.09685): low-rank changes of the body, plus new rows and head.

The rows are those of input and output embeddings, shared if tied. The changes are merged at the end
into a plain model.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

ROWS = "trainable_tokens_delta"  # PEFT's parameter name of the new rows


def wrap(model: Any, new_rows: Sequence[int], rank: int) -> Any:
    """Freeze ``model`` and add low-rank changes in place; return the argument of ``merge``.

    ``new_rows``: of the embedding; all others are frozen. ``rank``: of the changes, with scale
    1.
    """
    from peft import LoraConfig, get_peft_model

    table, decoder = model.get_input_embeddings(), model.get_output_embeddings()
    tied = decoder.weight is table.weight
    tables = [name.rpartition(".")[2] for name, module in model.named_modules()
              if module is table or (module is decoder and not tied)]
    new = list(new_rows)
    body = {id(parameter) for parameter in model.base_model.parameters()}
    head = [parameter for parameter in model.parameters() if id(parameter) not in body
            and parameter is not decoder.weight and parameter is not decoder.bias]
    outside = [name for name, module in model.named_modules()
               if any(id(parameter) not in body for parameter in module.parameters(recurse=False))]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*ensure_weight_tying.*")  # irrelevant if nothing else is tied
        settings = LoraConfig(r=rank, lora_alpha=rank, target_modules="all-linear", exclude_modules=outside or None,
                              trainable_token_indices=dict.fromkeys(tables, new) if new else None,
                              ensure_weight_tying=bool(new) and tied)
        try:
            wrapped = get_peft_model(model, settings)
        except ValueError as error:  # Mamba: its kernels read some weights without calling their layer
            reason = str(error).partition(". ")[0]  # the rest lists layers in any order
            raise Problem(f"PEFT has no LoRA for all layers of {type(model).__name__} ({reason})",
                          where="pretraining.method", fix="Use `method: full`, or another base model",
                          code=Code.MODEL_KIND) from error
    for parameter in head:
        parameter.requires_grad_(True)
    return wrapped


def merge(wrapped: Any) -> Any:
    """Merge the changes and return the plain model."""
    merged = wrapped.merge_and_unload()
    for parameter in merged.parameters():
        parameter.requires_grad_(True)
    return merged
