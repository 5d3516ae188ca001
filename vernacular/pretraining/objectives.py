"""The losses of the two objectives on packed blocks, masked and causal, behind one interface.

Only masked positions reach the masked-LM head: the decoder costs as much as the body on small models.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from vernacular.pretraining.masking import mask_words
from vernacular.pretraining.packing import Blocks

Loss = tuple[torch.Tensor, torch.Tensor]

MASKED_MULTIPLE = 64
UNSCORED = -100


class Objective(Protocol):
    """What the loop needs of an objective."""

    def loss(self, model: Any, blocks: Blocks, rows: NDArray[Any], seed: tuple[int, ...]) -> Loss:
        """Sum of the negative log-likelihoods in nats, and the ids of the predicted tokens (any shape)."""
        ...


class Masked:
    """Whole-word masking.

    Args:
        mask_id: id of the mask token.
        vocabulary: size of the vocabulary.
        share: share of words masked.
    """

    def __init__(self, mask_id: int, vocabulary: int, share: float) -> None:
        self.mask_id, self.vocabulary, self.share = mask_id, vocabulary, share

    def loss(self, model: Any, blocks: Blocks, rows: NDArray[Any], seed: tuple[int, ...]) -> Loss:
        """See ``Objective``. The masks are a function of ``seed``."""
        device = next(model.parameters()).device
        tokens = blocks.tokens[rows]
        inputs, chosen = mask_words(tokens, blocks.words[rows], self.share, mask_id=self.mask_id,
                                    vocabulary=self.vocabulary, generator=np.random.default_rng(seed))
        targets = torch.from_numpy(tokens.astype(np.int64))[chosen].to(device)
        places = chosen.flatten().nonzero()[:, 0]
        # A size that changes with every step makes the allocator hold on to gigabytes: fill up to a few sizes.
        spare = -len(places) % MASKED_MULTIPLE
        places = torch.cat([places, places.new_zeros(spare)]).to(device)
        filled = torch.cat([targets, targets.new_full((spare,), UNSCORED)])
        attend = blocks.attend[rows]
        mask = None if attend.all() else torch.from_numpy(attend).to(device)
        hidden = model.base_model(input_ids=inputs.to(device), attention_mask=mask).last_hidden_state
        logits = head_of(model)(hidden.flatten(0, 1)[places])
        return cross_entropy(logits.float(), filled, reduction="sum", ignore_index=UNSCORED), targets


class Causal:
    """Next-token prediction."""

    def loss(self, model: Any, blocks: Blocks, rows: NDArray[Any], seed: tuple[int, ...]) -> Loss:
        """See ``Objective``; nothing here is random."""
        device = next(model.parameters()).device
        tokens = torch.from_numpy(blocks.tokens[rows].astype(np.int64)).to(device)
        attend = torch.from_numpy(blocks.attend[rows]).to(device)
        hidden = model.base_model(input_ids=tokens, attention_mask=None if attend.all() else attend).last_hidden_state
        kept = attend[:, 1:]
        logits = head_of(model)(hidden[:, :-1][kept])
        targets = tokens[:, 1:][kept]
        return cross_entropy(logits.float(), targets, reduction="sum"), targets


def head_of(model: Any) -> Any:
    """The part of a language model behind its body, from hidden states to logits."""
    return model.cls if hasattr(model, "cls") else model.lm_head


def objective_for(kind: str, tokenizer: Any, share: float) -> Objective:
    """The objective called ``masked`` or ``causal``."""
    return Masked(tokenizer.mask_token_id, len(tokenizer), share) if kind == "masked" else Causal()


def lengths(tokenizer: Any) -> torch.Tensor:
    """Characters of each piece by id, for likelihood per character: (vocabulary,) float32; specials have 0."""
    out = torch.zeros(len(tokenizer))
    special = set(tokenizer.all_special_ids)
    backend = tokenizer.backend_tokenizer
    for index in range(len(tokenizer)):
        if index not in special:
            piece = backend.decode([index]) if backend.decoder is not None else tokenizer.convert_ids_to_tokens(index)
            out[index] = len(piece.removeprefix("##"))
    return out
