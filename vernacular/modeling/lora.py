"""Training little instead of all: low-rank changes of the body (LoRA, Hu et al. 2106.09685), the new rows and the head.

The rows are those of the input and of the output, as one where the decoder is tied to the embedding. In the end the
changes are merged, and what is left is a plain model.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

ROWS = "trainable_tokens_delta"  # what PEFT calls the parameter of the new rows


def wrap(model: Any, new_rows: Sequence[int], rank: int) -> Any:
    """Freeze ``model`` and put low-rank changes into it, in place; returns what ``merge`` takes.

    Args:
        model: a masked or causal language model.
        new_rows: of the embedding; all others are frozen.
        rank: of the changes, whose scale is 1.
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
        warnings.filterwarnings("ignore", message=".*ensure_weight_tying.*")  # said where nothing else is tied
        wrapped = get_peft_model(model, LoraConfig(
            r=rank, lora_alpha=rank, target_modules="all-linear", exclude_modules=outside or None,
            trainable_token_indices=dict.fromkeys(tables, new) if new else None,
            ensure_weight_tying=bool(new) and tied))
    for parameter in head:
        parameter.requires_grad_(True)
    return wrapped


def merge(wrapped: Any) -> Any:
    """The plain model with the changes in it."""
    merged = wrapped.merge_and_unload()
    for parameter in merged.parameters():
        parameter.requires_grad_(True)
    return merged
