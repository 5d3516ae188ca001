"""Initialize the rows of new tokens: input embeddings, and an untied output matrix and bias if present.

Old rows are copied bit by bit. ``mixtures`` defines the content of new ones.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from vernacular.modeling.family_faults import family_faults
from vernacular.modeling.frozen_weights import freeze_in
from vernacular.modeling.precision import stored_in
from vernacular.tokenizer.mixtures import Mixture


def new_rows(model: Any, mixed: Sequence[Mixture], seed: int) -> dict[str, torch.Tensor]:
    """Compute rows for new tokens.

    ``mixed``: for each new token the weights of old rows; without any the row is random, normal
    with the old rows' mean and standard deviation per dimension.

    Returns:
        ``input`` (n, hidden); ``output`` (n, hidden) if the decoder is untied; ``bias`` (n,) if it
        has one.
    """
    generator = torch.Generator().manual_seed(seed)
    embeddings, decoder = model.get_input_embeddings().weight.detach(), model.get_output_embeddings()
    tables = {"input": embeddings.float()}
    if decoder.weight.data_ptr() != embeddings.data_ptr():
        tables["output"] = decoder.weight.detach().float()
    if getattr(decoder, "bias", None) is not None:
        tables["bias"] = decoder.bias.detach()[:, None]
    out = {}
    for name, table in tables.items():
        average, spread = table.mean(0), table.std(0)
        rows = [torch.tensor(list(mixture.values()), dtype=table.dtype) @ table[list(mixture)] if mixture
                else average + spread * torch.randn(table.shape[1], generator=generator) for mixture in mixed]
        out[name] = torch.stack(rows) if rows else table.new_zeros((0, table.shape[1]))
    if "bias" in out:
        out["bias"] = out["bias"].squeeze(1)
    return out


def resize(model: Any, count: int) -> None:
    """Give the tables of ``model`` ``count`` rows, stored as before.

    Raises:
        Problem: this family cannot have other tokens.
    """
    known = inspect.signature(model.resize_token_embeddings).parameters  # MobileBERT's is of its own
    with family_faults(model, "another number of tokens", fix="Set vocabulary: {new_pieces: 0}, or use another base"):
        model.resize_token_embeddings(count, **({"mean_resizing": False} if "mean_resizing" in known else {}))
    if stored_in(model) != "float32":
        freeze_in(model, stored_in(model))


def grow(model: Any, rows: dict[str, torch.Tensor]) -> None:
    """Write ``rows`` at their ``ids`` (after the old rows by default), in place.

    Some checkpoints have more rows than tokens (Qwen, mT5): new ids then use spare rows.
    """
    old, count = model.get_input_embeddings().weight.shape[0], rows["input"].shape[0]
    if not count:
        return
    ids = rows.get("ids", torch.arange(old, old + count))
    if int(ids.max()) >= old:
        resize(model, int(ids.max()) + 1)
    decoder = model.get_output_embeddings()
    with torch.no_grad():
        table = model.get_input_embeddings().weight
        table[ids] = rows["input"].to(table.dtype)
        if "output" in rows:
            decoder.weight[ids] = rows["output"].to(table.dtype)
        if "bias" in rows:
            decoder.bias[ids] = rows["bias"]
