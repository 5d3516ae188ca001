"""Sentences as vectors: the mean of a text's token states. Contrastive fine-tuning pulls translations together.

The loss is the symmetric InfoNCE of LaBSE and SimCSE (Gao et al. 2104.08821): in a batch, each source must find its
target among all targets and the reverse. Nothing is added to the body, so the adapter is the whole of what is learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize

from vernacular.config.schema import Lora
from vernacular.pretraining.loop import autocast, device_of
from vernacular.tasks.finetune import Encoded, encode
from vernacular.tasks.pairs import Pair
from vernacular.tasks.training import adapted_body, train

TEMPERATURE = 0.05  # SimCSE's


def mean_states(body: Any, batch: Sequence[Encoded], padding: int) -> torch.Tensor:
    """The mean state of each text's tokens but the special ones: (texts, hidden) float32."""
    device = device_of(body)
    width = max(len(item.tokens) for item in batch)
    tokens = torch.full((len(batch), width), padding)
    attend = torch.zeros((len(batch), width), dtype=torch.long)
    counted = torch.zeros((len(batch), width))
    for row, item in enumerate(batch):
        size = len(item.tokens)
        tokens[row, :size] = torch.tensor(item.tokens)
        attend[row, :size] = 1
        counted[row, :size] = torch.tensor([float(unit >= 0) for unit in item.units])
    states = body(input_ids=tokens.to(device), attention_mask=attend.to(device)).last_hidden_state.float()
    weight = counted.to(device)[..., None]
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1)


def embed(body: Any, tokenizer: Any, texts: Sequence[str], longest: int, size: int = 32) -> NDArray[np.float32]:
    """A vector of length 1 for each text: (texts, hidden) float32.

    Args:
        body: a transformers model that returns ``last_hidden_state``, with or without a peft adapter.
        tokenizer: its fast tokenizer.
        texts: what to embed.
        longest: tokens; longer texts are cut.
        size: texts at a time.
    """
    encoded = encode(texts, tokenizer, False, longest)
    order = sorted(range(len(texts)), key=lambda row: len(encoded[row].tokens))
    out: NDArray[np.float32] | None = None
    with torch.inference_mode(), autocast(device_of(body)):
        for start in range(0, len(order), size):
            rows = order[start:start + size]
            found = normalize(mean_states(body, [encoded[row] for row in rows], tokenizer.pad_token_id), dim=-1)
            out = np.zeros((len(texts), found.shape[1]), np.float32) if out is None else out
            out[rows] = found.cpu().numpy()
    if out is None:
        raise ValueError("there is no text to embed")
    return out


def fine_tune(model: Any, tokenizer: Any, pairs: Sequence[Pair], settings: Lora, seed: int, prefix: str = "") -> Any:
    """The body of ``model`` with a LoRA adapter under which translations lie close; its own weights do not change.

    Args:
        model: a language model as ``load_model`` gives it.
        tokenizer: its fast tokenizer.
        pairs: translations to learn from.
        settings: of LoRA; ``batch_size`` pairs are each other's negatives.
        seed: of the adapter and the order.
        prefix: put before every text.
    """
    body = adapted_body(model.base_model, settings, seed)
    sources, targets = (encode([prefix + text for text in texts], tokenizer, False, settings.max_length)
                        for texts in ([pair.source for pair in pairs], [pair.target for pair in pairs]))

    def loss_of(rows: list[int]) -> torch.Tensor | None:
        if len(rows) < 2:
            return None  # nothing to tell the translation from
        left, right = (normalize(mean_states(body, [side[row] for row in rows], tokenizer.pad_token_id), dim=-1)
                       for side in (sources, targets))
        return contrast(left, right, same_text([pairs[row] for row in rows]).to(left.device))

    train(body, [len(item.tokens) for item in targets], loss_of, settings, seed)
    return body


def contrast(sources: torch.Tensor, targets: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """Symmetric InfoNCE of vectors of length 1.

    Args:
        sources: (pairs, hidden).
        targets: (pairs, hidden).
        same: (pairs, pairs) bool, True where another pair is no negative because a text of it is the same.
    """
    scores = (sources @ targets.T / TEMPERATURE).masked_fill(same, float("-inf"))
    wanted = torch.arange(len(scores), device=scores.device)
    return (cross_entropy(scores, wanted) + cross_entropy(scores.T, wanted)) / 2


def same_text(pairs: Sequence[Pair]) -> torch.Tensor:
    """(pairs, pairs) bool: whether two different pairs share their source or their target."""
    return torch.tensor([[left is not right and (left.source == right.source or left.target == right.target)
                          for right in pairs] for left in pairs])
