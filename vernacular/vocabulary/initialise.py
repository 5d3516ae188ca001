"""The rows that new pieces start from: input embeddings, and an untied output matrix and a bias where there are any.

Old rows are never written: ``grow`` copies them bit by bit. No row is trained here.
"""

from __future__ import annotations

from typing import Any

import torch


def new_rows(model: Any, parts: list[list[int]], method: str, seed: int) -> dict[str, torch.Tensor]:
    """Rows for new pieces.

    Args:
        model: the base language model.
        parts: for each new piece the ids of the base pieces that it replaces; empty where there are none.
        method: ``mean`` of those pieces' rows, or ``random``: a normal distribution with the old rows' mean and
            standard deviation per dimension (also used for pieces without constituents).
        seed: of the random rows.

    Returns:
        ``input`` (n, hidden); ``output`` (n, hidden) where the decoder is untied; ``bias`` (n,) where it has one.
    """
    generator = torch.Generator().manual_seed(seed)
    embeddings, decoder = model.get_input_embeddings().weight.detach(), model.get_output_embeddings()
    tables = {"input": embeddings}
    if decoder.weight.data_ptr() != embeddings.data_ptr():
        tables["output"] = decoder.weight.detach()
    if getattr(decoder, "bias", None) is not None:
        tables["bias"] = decoder.bias.detach()[:, None]
    out = {}
    for name, table in tables.items():
        mean, spread = table.mean(0), table.std(0)
        rows = [table[ids].mean(0) if ids and method == "mean"
                else mean + spread * torch.randn(table.shape[1], generator=generator) for ids in parts]
        out[name] = torch.stack(rows) if rows else table.new_zeros((0, table.shape[1]))
    if "bias" in out:
        out["bias"] = out["bias"].squeeze(1)
    return out


def grow(model: Any, rows: dict[str, torch.Tensor]) -> None:
    """Write ``rows`` at their ``ids`` (behind the old rows where none are given), in place; no other row is written.

    Some checkpoints have more rows than their tokenizer has pieces (Qwen, mT5): new ids then lie among the spare rows.
    """
    old, count = model.get_input_embeddings().weight.shape[0], rows["input"].shape[0]
    if not count:
        return
    ids = rows.get("ids", torch.arange(old, old + count))
    if int(ids.max()) >= old:
        model.resize_token_embeddings(int(ids.max()) + 1, mean_resizing=False)
    decoder = model.get_output_embeddings()
    with torch.no_grad():
        model.get_input_embeddings().weight[ids] = rows["input"]
        if "output" in rows:
            decoder.weight[ids] = rows["output"]
        if "bias" in rows:
            decoder.bias[ids] = rows["bias"]
