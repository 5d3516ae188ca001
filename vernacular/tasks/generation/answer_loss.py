"""The loss of a causal model on the tokens of answers alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from vernacular.modeling.device import device_of
from vernacular.tasks.adapter_model import Encoded
from vernacular.tasks.base import IGNORED


def answer_logits(model: Any, encoded: Sequence[Encoded], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits (rows, columns, vocabulary) and the tokens to predict (rows, columns).

    Of each item the tokens with a unit are predicted; the others are ``IGNORED``. Columns begin
    with the first predicted token of any item.
    """
    width = max(len(item.tokens) for item in encoded)
    scored = max(len(item.units) - item.units.index(0) if 0 in item.units else 1 for item in encoded)
    tokens = torch.full((len(encoded), width), padding)
    attend = torch.zeros((len(encoded), width), dtype=torch.long)
    target = torch.full((len(encoded), width), IGNORED)
    for row, item in enumerate(encoded):
        size = len(item.tokens)
        tokens[row, width - size:] = torch.tensor(item.tokens)  # on the left: all answers end in one column
        attend[row, width - size:] = 1
        target[row, width - size:] = torch.where(torch.tensor(item.units) >= 0, torch.tensor(item.tokens), IGNORED)
    device = device_of(model)
    positions = (attend.cumsum(1) - 1).clamp(min=0)
    logits = model(input_ids=tokens.to(device), attention_mask=attend.to(device), use_cache=False,
                   position_ids=positions.to(device), logits_to_keep=scored + 1).logits
    return logits[:, :-1], target[:, width - scored:].to(device)


def answer_loss(model: Any, encoded: Sequence[Encoded], padding: int) -> torch.Tensor | None:
    """Return the mean negative log-likelihood of the answers' tokens; None if there are none."""
    if not any(0 in item.units for item in encoded):
        return None
    logits, target = answer_logits(model, encoded, padding)
    return cross_entropy(logits.flatten(0, 1).float(), target.flatten(), ignore_index=IGNORED)


def answer_nats(model: Any, encoded: Sequence[Encoded], padding: int) -> list[float]:
    """Return the negative log-likelihood of each item's answer, in nats."""
    logits, target = answer_logits(model, encoded, padding)
    nats = cross_entropy(logits.flatten(0, 1).float(), target.flatten(), ignore_index=IGNORED, reduction="none")
    found: list[float] = nats.view(target.shape).sum(1).tolist()
    return found
