"""A model body with a head on the mean state of each unit, adapted by LoRA or trained completely.

A unit is a part of an item whose tokens are averaged; kinds define it and the meaning of the head's
outputs. Labels of words and texts use transformers' classifiers instead (``classifier``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from vernacular.config.training import Lora
from vernacular.modeling.device import autocast, float32
from vernacular.modeling.family_faults import NO_TASKS, family_faults
from vernacular.modeling.lora import unadapted
from vernacular.modeling.packing import padded_ids

HEAD, BODY, ADAPTER = "head.safetensors", "body.safetensors", "adapter_config.json"
_TOKENS, _TOKENS_ON_CARD = 4096, 32_768  # tokens per prediction batch


@dataclass(frozen=True)
class Encoded:
    """A tokenized item."""

    tokens: list[int]  # ids with special tokens, truncated
    units: list[int]  # for each token the index of its unit, -1 for none
    count: int  # number of units, including truncated ones
    # the segment of each token for two texts; empty for one
    types: list[int] = field(default_factory=list)


def encode(texts: Sequence[str], tokenizer: Any, longest: int,
           spans: Sequence[Sequence[tuple[int, int]]] | None = None) -> list[Encoded]:
    """Tokenize ``texts``; units are the words at ``spans`` (start, end), else the whole text."""
    out = []
    for row, encoding in enumerate(tokenizer.backend_tokenizer.encode_batch(list(texts))):
        special = encoding.special_tokens_mask
        if spans is None:
            units, count = [-1 if mark else 0 for mark in special], 1
        else:
            owner = [-1] * (len(texts[row]) + 1)
            for index, (start, stop) in enumerate(spans[row]):
                owner[start:stop] = [index] * (stop - start)
            # Byte-level tokens may begin with the space before their word: use the token's last
            # character.
            units = [-1 if mark or stop <= start else owner[stop - 1]
                     for (start, stop), mark in zip(encoding.offsets, special, strict=True)]
            count = len(spans[row])
        kept = _kept(special, longest)
        out.append(Encoded([encoding.ids[at] for at in kept], [units[at] for at in kept], count))
    return out


def encode_pairs(pairs: Sequence[tuple[str, str]], tokenizer: Any, longest: int) -> list[Encoded]:
    """Tokenize text pairs, joined by the tokenizer (with a line break if it adds no separator).

    Overlong pairs lose tokens of the longer text, as with transformers' ``longest_first``.
    """
    out = []
    for (first, second), encoding in zip(pairs, tokenizer.backend_tokenizer.encode_batch(list(pairs)), strict=True):
        if not any(encoding.special_tokens_mask):
            out += encode([f"{first}\n{second}"], tokenizer, longest)
            continue
        parts = encoding.sequence_ids  # None for special tokens
        places: list[list[int]] = [[at for at, part in enumerate(parts) if part == which] for which in (0, 1)]
        over = len(parts) - longest
        while over > 0:
            max(places, key=len).pop()
            over -= 1
        left = {*places[0], *places[1]}
        kept = [at for at, part in enumerate(parts) if part is None or at in left]
        out.append(Encoded([encoding.ids[at] for at in kept], [-1 if parts[at] is None else 0 for at in kept], 1,
                           [encoding.type_ids[at] for at in kept]))
    return out


def unread(text: str, tokenizer: Any, longest: int) -> str:
    """Return the part of ``text`` beyond ``longest`` tokens, which models do not read."""
    encoding = tokenizer.backend_tokenizer.encode(text)
    special = encoding.special_tokens_mask
    if len(special) <= longest:
        return ""
    return text[max((encoding.offsets[at][1] for at in _kept(special, longest) if not special[at]), default=0):]


def _kept(special: Sequence[int], longest: int) -> list[int]:
    """Return the kept token positions: truncated like transformers, keeping closing special tokens."""
    if len(special) <= longest:
        return list(range(len(special)))
    closing = next((index for index, mark in enumerate(reversed(special)) if not mark), 0)
    return [*range(longest - closing), *range(len(special) - closing, len(special))]


class Network(torch.nn.Module):
    """A body and a head.

    Args:
        body: a transformers model that returns ``last_hidden_state``, with or without a peft
            adapter.
        hidden: width of its states.
        outputs: of the head per unit, at least one.
        whole: the body's full model, for kinds that need its own head.
    """

    whole: Any

    def __init__(self, body: Any, hidden: int, outputs: int, whole: Any = None) -> None:
        super().__init__()
        self.__dict__["whole"] = whole  # not a submodule: its weights are the body's
        self.body = body
        self.head = torch.nn.Linear(hidden, outputs)

    def forward(self, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
        """Return the head's outputs (units of all items in order, outputs); truncated units get the head's bias."""
        states = self.states(batch, padding)
        with torch.autocast(states.device.type, enabled=False):
            outputs: torch.Tensor = self.head(states)
        return outputs

    def states(self, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
        """Return the mean state of each unit: (units of all items in order, hidden) float32."""
        states = self.token_states(batch, padding)
        owner = torch.full(states.shape[:2], -1)
        first = 0
        for row, item in enumerate(batch):
            units = torch.tensor(item.units)
            owner[row, :len(item.units)] = torch.where(units >= 0, units + first, -1)
            first += item.count
        kept = (owner >= 0).to(states.device)
        index = owner.to(states.device)[kept]
        total = torch.zeros((first, states.shape[-1]), device=states.device, dtype=torch.float32)
        total = total.index_add(0, index, states[kept].float())
        sizes = torch.zeros(first, device=states.device).index_add(0, index, torch.ones_like(index, dtype=torch.float))
        return total / sizes.clamp(min=1)[:, None]

    def token_states(self, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
        """Return the last layer's states of all tokens: (items, longest item, hidden)."""
        states: torch.Tensor = self.body(**self.inputs(batch, padding)).last_hidden_state
        return states

    def inputs(self, batch: Sequence[Encoded], padding: int) -> dict[str, torch.Tensor]:
        """Return the inputs of a transformers model for a batch, on this network's device."""
        tokens, attend = padded(batch, padding)
        out = {"input_ids": tokens, "attention_mask": attend}
        if any(any(item.types) for item in batch) and getattr(self.body.config, "type_vocab_size", 1) > 1:
            out["token_type_ids"] = torch.zeros_like(tokens)
            for row, item in enumerate(batch):
                out["token_type_ids"][row, :len(item.types)] = torch.tensor(item.types)
        return {name: value.to(self.head.weight.device) for name, value in out.items()}


def padded(batch: Sequence[Encoded], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return padded token ids and the attention mask: both (items, longest item)."""
    return padded_ids([item.tokens for item in batch], padding)


def trainable(network: Network, settings: Lora, seed: int) -> Network:
    """Prepare the trainable parameters of ``network`` and its head, from ``seed``.

    LoRA adds an adapter to every linear layer and freezes the body; the embeddings have no
    gradient.
    """
    torch.manual_seed(seed)
    network.head.reset_parameters()
    if settings.method == "lora":
        from peft import LoraConfig, get_peft_model
        from peft.tuners.lora import LoraLayer
        how = LoraConfig(r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout,
                         target_modules="all-linear", exclude_modules=unadapted(network.body) or None)
        with family_faults(network.body, "LoRA", "tasks", NO_TASKS):
            network.body = get_peft_model(network.body, how)
        for module in network.body.modules():  # autocast converts what needs it; peft would convert every input
            if isinstance(module, LoraLayer):
                module.cast_input_dtype_enabled = False
    else:
        network.body.requires_grad_(True)
    network.head.requires_grad_(True)
    return network.to(next(network.whole.parameters()).device)


def without_adapter(network: Network) -> None:
    """Remove the LoRA adapter and restore the original model."""
    if hasattr(network.body, "unload"):
        network.body.unload()


def pieces(order: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield chunks of ``order`` of length ``size``; the last may be shorter."""
    for start in range(0, len(order), size):
        yield list(order[start:start + size])


def in_batches(network: Network, encoded: Sequence[Encoded], ask: Callable[[list[int]], Sequence[Any]],
               exact: bool = False) -> list[Any]:
    """Return the results of ``ask`` for all items, in order.

    Items of similar length form batches, without gradients, in mixed precision or, if ``exact``, in
    the caller's precision, by default single: scores must be reproducible from the release.
    """
    tokens = _TOKENS_ON_CARD if network.head.weight.is_cuda else _TOKENS
    out: list[Any] = [None] * len(encoded)
    order = sorted(range(len(encoded)), key=lambda row: len(encoded[row].tokens), reverse=True)
    network.eval()
    device = network.head.weight.device
    with float32(device) if exact else torch.inference_mode(), nullcontext() if exact else autocast(device):
        while order:
            rows = order[:max(1, tokens // max(1, len(encoded[order[0]].tokens)))]
            order = order[len(rows):]
            for row, answer in zip(rows, ask(rows), strict=True):
                out[row] = answer
    return out


def save(network: Network, folder: Path) -> None:
    """Write the adapter (or the whole trained body) and the head to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    if hasattr(network.body, "peft_config"):
        network.body.save_pretrained(folder)
        _normalize_adapter(folder)
    else:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in network.body.state_dict().items()},
                  folder / BODY)
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in network.head.state_dict().items()},
              folder / HEAD)


def _normalize_adapter(folder: Path) -> None:
    """Remove from an adapter what differs between equal trainings: base path, order of sets."""
    path = folder / ADAPTER
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = None
    for name in ("target_modules", "exclude_modules"):
        if isinstance(settings[name], list):
            settings[name].sort()
    path.write_text(json.dumps(settings, indent=2, sort_keys=True), encoding="utf-8")
    (folder / "README.md").unlink(missing_ok=True)  # an empty card with the base's path


def load(network: Network, folder: Path) -> Network:
    """Load the weights that ``save`` wrote to ``folder`` into ``network``, from ``Kind.bare``."""
    if (folder / BODY).is_file():
        network.body.load_state_dict(load_file(folder / BODY))
    else:
        from peft import PeftModel
        network.body = PeftModel.from_pretrained(network.body, folder)
    network.head.load_state_dict(load_file(folder / HEAD))
    return network.to(next(network.whole.parameters()).device).eval()
