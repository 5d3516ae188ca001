"""A tiny base after an adaptation: new tokens, and other weights."""

from __future__ import annotations

from pathlib import Path

import torch

from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.tokenizer.bpe import choose, extended_json
from vernacular.tokenizer.candidates import Letters, word_counts
from vernacular.tokenizer.embedding_init import grow

WORDS = "ndiye ndithu ndani ndiye ndithu ndani "
NEW = 3


def write_adapted(base: Path, folder: Path, seed: int = 9, moved: float = 0.1) -> Path:
    """The base with three new tokens, whose weights were all changed, by ``moved`` on average.

    If they did not move, the new tokens have the mean of those that they replace, as at the start of a training.
    """
    tokenizer, model = load_tokenizer(base), load_model(base, "causal")
    backend = tokenizer.backend_tokenizer
    new = choose(backend, word_counts([WORDS], backend), word_counts([], backend), wanted=NEW, min_uses=1,
                 letters=Letters("Latn", set()), progress=print)
    tokenizer.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(extended_json(backend.to_str(), new), encoding="utf-8")
    extended = load_tokenizer(folder)
    torch.manual_seed(seed)
    table = model.get_input_embeddings().weight.detach()
    width, size = model.config.hidden_size, float(table.std())
    ids = [extended.get_vocab()[piece] for piece in new.pieces]
    means = torch.stack([table[backend.encode(extended.convert_tokens_to_string([piece])).ids].mean(0)
                         for piece in new.pieces])
    rows = {"input": size * torch.randn(len(ids), width) if moved else means, "ids": torch.tensor(ids)}
    if not model.config.tie_word_embeddings:
        rows["output"] = size * torch.randn(len(ids), width)
    grow(model, rows)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += moved * torch.randn_like(parameter)
    model.save_pretrained(folder)
    extended.save_pretrained(folder)
    return folder
