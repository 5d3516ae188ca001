"""Task arithmetic: the instruct model's weights plus ``scale`` times (adapted minus base), one tensor at a time.

After Ilharco et al. (2212.04089); for languages Huang et al. (2310.04799). Rows of new tokens are the
adapted model's, which no other model has. Rows of the instruct model's special tokens are its own:
the base hardly trained them, and they carry the chat format (Yamaguchi et al. 2412.11704).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, faults_as_problems
from vernacular.instruct.chat_tokenizer import FIX, Rows
from vernacular.instruct.checkpoint import SHARD_BYTES, Checkpoint, write_shards


@dataclass(frozen=True)
class Three:
    """The weights to combine."""

    adapted: Checkpoint
    base: Checkpoint
    instruct: Checkpoint


def check_same_shape(three: Three, tables: Collection[str], where: str) -> None:
    """Reject models whose weights do not correspond.

    ``tables``: names of weights with a row per token, whose rows may differ in number.

    Raises:
        Problem: a weight is missing or has another shape: another architecture or size, or embeddings that
            are tied in one model alone.
    """
    adapted = three.adapted
    for other, called in ((three.base, "base"), (three.instruct, "instruct model")):
        names = sorted(adapted.shapes.keys() ^ other.shapes.keys())
        if names:
            owner = "adapted model" if names[0] in adapted.shapes else called
            raise Problem(f"only the {owner} has the weight {names[0]} ({len(names)} weights differ)", where=where,
                          fix=FIX, code=Code.MODEL_SIBLING)
        for name, shape in adapted.shapes.items():
            start = 1 if name in tables else 0
            if shape[start:] != other.shapes[name][start:]:
                raise Problem(f"the weight {name} has the shape {list(other.shapes[name])} in the {called}, not "
                              f"{list(shape)}", where=where, fix=FIX, code=Code.MODEL_SIBLING)


def tables_in(config: Any) -> set[str]:
    """Return the names of a causal model's weights with a row per token: embeddings, decoder and its bias."""
    from transformers import AutoModelForCausalLM
    with torch.device("meta"), faults_as_problems("the model", "instruct", of_family=True):
        kind: Any = AutoModelForCausalLM
        model = kind.from_config(config)
    decoder = model.get_output_embeddings()
    tables = [model.get_input_embeddings().weight, decoder.weight, getattr(decoder, "bias", None)]
    return {name for name, tensor in model.named_parameters(remove_duplicate=False)
            if any(tensor is table for table in tables)}


def add_difference(adapted: torch.Tensor, base: torch.Tensor, instruct: torch.Tensor, scale: float) -> torch.Tensor:
    """Return ``instruct + scale * (adapted - base)``, computed in float32, in the type of ``adapted``."""
    if not adapted.is_floating_point():
        return instruct.clone()
    return (instruct.float() + scale * (adapted.float() - base.float())).to(adapted.dtype)


def add_difference_of_rows(adapted: torch.Tensor, base: torch.Tensor, instruct: torch.Tensor, scale: float,
                           rows: Rows) -> torch.Tensor:
    """Do the same for a table with a row per token, by the tokens of ``rows``."""
    out = adapted.new_zeros((len(rows.adapted), *adapted.shape[1:]))
    own, old, theirs = (torch.from_numpy(part) for part in (rows.adapted, rows.base, rows.instruct))
    special = torch.from_numpy(rows.special)
    all_three = (own >= 0) & (old >= 0) & (theirs >= 0) & ~special
    out[own >= 0] = adapted[own[own >= 0]]
    out[all_three] = add_difference(adapted[own[all_three]], base[old[all_three]], instruct[theirs[all_three]], scale)
    copied = special | ((own < 0) & (theirs >= 0))
    out[copied] = instruct[theirs[copied]].to(out.dtype)
    return out


def write_sum(three: Three, tables: Collection[str], rows: Rows, scale: float, out: Path,
              shard_bytes: int = SHARD_BYTES) -> None:
    """Write the weights of the sum into ``out``; no more than a shard and three tensors are in memory."""
    def tensors() -> Iterator[tuple[str, torch.Tensor]]:
        for name in three.adapted.shapes:
            parts = three.adapted.read(name), three.base.read(name), three.instruct.read(name)
            yield name, (add_difference_of_rows(*parts, scale, rows) if name in tables
                         else add_difference(*parts, scale))

    out.mkdir(parents=True, exist_ok=True)
    write_shards(tensors(), out, shard_bytes)


def write_settings(instruct: Path, joined: Any, rows: Rows, names: dict[int, int], dtype: str, out: Path) -> None:
    """Write the instruct model's ``config.json`` and ``generation_config.json`` for the joined tokenizer.

    Args:
        instruct: folder of the instruct model.
        joined: the tokenizer.
        rows: of the written tables.
        names: id of a token in the instruct model -> its id in ``joined``.
        dtype: of the written weights.
        out: folder of the written model.
    """
    for file in ("config.json", "generation_config.json"):
        if not (instruct / file).is_file():
            continue
        data = _translated(json.loads((instruct / file).read_text(encoding="utf-8")), names)
        if file == "config.json":
            (data.get("text_config") or data)["vocab_size"] = len(rows.adapted)
            data["dtype"] = dtype
            for key in ("quantization_config", "_name_or_path", "auto_map", "torch_dtype"):
                data.pop(key, None)
        (out / file).write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    joined.save_pretrained(out)


def _translated(data: dict[str, Any], names: dict[int, int]) -> dict[str, Any]:
    """Replace ids of tokens in a configuration."""
    out: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            out[key] = _translated(value, names)
        elif key.endswith("_token_id") and isinstance(value, list):
            out[key] = [names.get(index, index) for index in value]
        else:
            out[key] = names.get(value, value) if key.endswith("_token_id") and isinstance(value, int) else value
    return out
