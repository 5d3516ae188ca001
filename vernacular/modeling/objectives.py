"""The masked and causal losses on packed blocks.

A batch is a function of the seed and can be split into parts, for accumulation or several
processes, whose losses sum to the same total. Only positions to predict reach the head, which costs
as much as the body.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.device import autocast, device_of, to_device
from vernacular.modeling.family_faults import family_faults
from vernacular.modeling.fused_loss import UNSCORED
from vernacular.modeling.heads import summed_nats
from vernacular.modeling.masking import mask_words
from vernacular.modeling.packed_attention import choose_packing, read_packed
from vernacular.modeling.packing import Blocks

_MULTIPLE = 64  # pad sizes to a few values: the allocator caches gigabytes for varying ones


@dataclass(frozen=True)
class Batch:
    """Inputs and targets as arrays of (blocks, length)."""

    inputs: NDArray[np.int32]  # token ids, possibly masked
    targets: NDArray[np.int64]  # ids to predict at their position; -100 elsewhere
    pieces: NDArray[np.int32]  # index of the text piece, which limits attention
    positions: NDArray[np.int32]  # position within the piece
    rows: NDArray[np.int64]  # (blocks,) int64, the index of each block
    causal: bool  # whether a token attends only to earlier ones

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The ids to predict, as one list."""
        found: NDArray[np.int64] = self.targets[self.targets != UNSCORED]
        return found

    def part(self, index: int, count: int) -> Batch:
        """Return part ``index`` of ``count``; with fewer blocks than parts some are empty."""
        rows = np.array_split(np.arange(len(self.inputs)), count)[index]
        return Batch(self.inputs[rows], self.targets[rows], self.pieces[rows], self.positions[rows], self.rows[rows],
                     self.causal)


class Objective(Protocol):
    """Builds batches for the training loop."""

    def batch(self, blocks: Blocks, rows: NDArray[Any], seed: tuple[int, ...]) -> Batch:
        """Return the batch of these blocks; its randomness is a function of ``seed``."""
        ...


class Masked:
    """Whole-word masking.

    ``share``: share of words masked.
    """

    def __init__(self, mask_id: int, vocabulary: int, share: float) -> None:
        self.mask_id, self.vocabulary, self.share = mask_id, vocabulary, share

    def batch(self, blocks: Blocks, rows: NDArray[Any], seed: tuple[int, ...]) -> Batch:
        """See ``Objective``. The masks are a function of ``seed``."""
        tokens = blocks.tokens[rows]
        inputs, chosen = mask_words(tokens, blocks.words[rows], self.share, mask_id=self.mask_id,
                                    vocabulary=self.vocabulary, generator=np.random.default_rng(seed))
        return Batch(inputs, np.where(chosen, tokens, UNSCORED).astype(np.int64), blocks.pieces[rows],
                     blocks.positions[rows], rows, causal=False)


class Causal:
    """Next-token prediction; the first token of a piece is not predicted."""

    def batch(self, blocks: Blocks, rows: NDArray[Any], seed: tuple[int, ...]) -> Batch:
        """See ``Objective``; deterministic."""
        tokens, pieces = blocks.tokens[rows], blocks.pieces[rows]
        targets = np.full(tokens.shape, UNSCORED, np.int64)
        inside = (pieces[:, 1:] == pieces[:, :-1]) & blocks.attend[rows][:, 1:]
        targets[:, :-1] = np.where(inside, tokens[:, 1:], UNSCORED)
        return Batch(tokens, targets, pieces, blocks.positions[rows], rows, causal=True)


def nats(model: Any, batch: Batch, embedded: torch.Tensor | None = None) -> torch.Tensor:
    """Return the summed negative log-likelihood of the batch's targets; arguments as in ``read``."""
    return nats_at(model, read(model, batch, embedded), batch)


def read(model: Any, batch: Batch, embedded: torch.Tensor | None = None) -> torch.Tensor:
    """Return the last hidden states: (blocks, length, width).

    ``embedded``: (blocks, length, width) input embeddings, if already looked up.
    """
    inputs = {"inputs_embeds": embedded} if embedded is not None else {
        "input_ids": to_device(batch.inputs.astype(np.int64), device_of(model))}
    return read_packed(model, inputs, batch.pieces, batch.positions, batch.causal)


def nats_at(model: Any, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the summed negative log-likelihood of the batch's targets, from the states of ``read``."""
    flat = batch.targets.reshape(-1)
    places = np.flatnonzero(flat != UNSCORED)
    spare = -len(places) % _MULTIPLE
    targets = to_device(np.append(flat[places], np.full(spare, UNSCORED)), hidden.device)
    at = to_device(np.append(places, np.zeros(spare, np.int64)), hidden.device)
    return summed_nats(model, hidden.flatten(0, 1)[at], targets)


def check_reading(model: Any, batch: Batch) -> None:
    """Check on the batch's first block that training computes the logits of each piece alone, and their gradient.

    Raises:
        Problem: it does not: masks, positions, embeddings or the head of this family work otherwise.
    """
    device, table = next(model.parameters()).device, model.get_input_embeddings()
    choose_packing(model, batch.inputs.shape[1], batch.causal)  # the first block may be one piece
    # Unmasked: a random replacement may be the padding token, at which RoBERTa does not count positions.
    inputs = batch.inputs if batch.causal else np.where(batch.targets != UNSCORED, batch.targets, batch.inputs)
    first = dataclasses.replace(batch.part(0, len(batch.inputs)), inputs=inputs[:1].astype(np.int32))
    ids = torch.from_numpy(first.inputs.astype(np.int64)).to(device)
    counts = np.diff(np.append(np.flatnonzero(first.positions[0] == 0), ids.shape[1])).tolist()
    with torch.no_grad(), family_faults(model, "reading text"):
        alone = torch.cat([model(input_ids=piece).logits for piece in torch.split(ids, counts, dim=1)], dim=1)
        wanted = float(cross_entropy(alone[0].float(), torch.from_numpy(first.targets[0]).to(device),
                                     reduction="sum", ignore_index=UNSCORED))
        embedded = table(ids) if type(table) is torch.nn.Embedding else None
        ours = float(nats(model, first, embedded))
        with autocast(device, cached=False):
            nats(model, first, embedded)
    if not np.isclose(ours, wanted, rtol=1e-3):
        raise Problem(f"a {type(model).__name__} gives a text another likelihood in a block than alone ({ours:.4g} "
                      f"and {wanted:.4g} nats)", where="models base", fix="Use another base model",
                      code=Code.MODEL_KIND)
    with family_faults(model, "a training step"):
        _take_gradient(model, first)


def _take_gradient(model: Any, batch: Batch) -> None:
    """Compute the gradient of ``batch`` as training does, and drop it: some families fail only then."""
    device, table, training = next(model.parameters()).device, model.get_input_embeddings(), model.training
    model.train()
    try:
        with torch.enable_grad():
            embedded = None
            if type(table) is torch.nn.Embedding and table.weight.requires_grad:
                ids = torch.from_numpy(batch.inputs.astype(np.int64)).to(device)
                embedded = table(ids).detach().requires_grad_()
            with autocast(device):
                loss = nats(model, batch, None if embedded is None else embedded.clone())
            if loss.requires_grad:
                torch.autograd.backward(loss)
    finally:
        model.zero_grad(set_to_none=True)
        model.train(training)


def objective_for(kind: str, tokenizer: Any, share: float) -> Objective:
    """Return the objective ``masked`` or ``causal``."""
    return Masked(tokenizer.mask_token_id, len(tokenizer), share) if kind == "masked" else Causal()


def lengths(tokenizer: Any) -> NDArray[np.float64]:
    """Return the characters of each token by id, for likelihood per character: (vocabulary,); specials have 0."""
    out = np.zeros(len(tokenizer))
    special = set(tokenizer.all_special_ids)
    backend = tokenizer.backend_tokenizer
    for index in range(len(tokenizer)):
        if index not in special:
            piece = backend.decode([index]) if backend.decoder is not None else tokenizer.convert_ids_to_tokens(index)
            out[index] = len(piece.removeprefix("##"))
    return out
