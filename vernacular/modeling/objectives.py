"""The losses of the two objectives on packed blocks, masked and causal, behind one interface.

A batch is drawn whole, as a function of the seed, and can be cut into parts, for accumulation or several processes,
which add up to the same loss. Only positions to be predicted reach the head: the decoder costs as much as the body.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from vernacular.core.errors import Problem
from vernacular.modeling.fused_loss import UNSCORED, linear_cross_entropy
from vernacular.modeling.masking import mask_words
from vernacular.modeling.packing import Blocks

_MULTIPLE = 64  # a size that changes with every step makes the allocator hold on to gigabytes: fill up to a few sizes


@dataclass(frozen=True)
class Batch:
    """What the model reads and must predict, as arrays of (blocks, length).

    Attributes:
        inputs: token ids, some of them hidden.
        targets: ids to predict at their place; -100 elsewhere.
        pieces: number of the piece, beyond which no token attends.
        positions: position within the piece.
        rows: (blocks,) int64, the number of each block.
        causal: whether a token attends only to those before it.
    """

    inputs: NDArray[np.int32]
    targets: NDArray[np.int64]
    pieces: NDArray[np.int32]
    positions: NDArray[np.int32]
    rows: NDArray[np.int64]
    causal: bool

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The ids to predict, as one list."""
        found: NDArray[np.int64] = self.targets[self.targets != UNSCORED]
        return found

    def part(self, index: int, count: int) -> Batch:
        """The ``index``-th of ``count`` parts; with fewer blocks than parts some are empty."""
        rows = np.array_split(np.arange(len(self.inputs)), count)[index]
        return Batch(self.inputs[rows], self.targets[rows], self.pieces[rows], self.positions[rows], self.rows[rows],
                     self.causal)


class Objective(Protocol):
    """What the loop needs of an objective."""

    def batch(self, blocks: Blocks, rows: NDArray[Any], seed: tuple[int, ...]) -> Batch:
        """The batch of these blocks; what is random in it is a function of ``seed``."""
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
        """See ``Objective``; nothing here is random."""
        tokens, pieces = blocks.tokens[rows], blocks.pieces[rows]
        targets = np.full(tokens.shape, UNSCORED, np.int64)
        inside = (pieces[:, 1:] == pieces[:, :-1]) & blocks.attend[rows][:, 1:]
        targets[:, :-1] = np.where(inside, tokens[:, 1:], UNSCORED)
        return Batch(tokens, targets, pieces, blocks.positions[rows], rows, causal=True)


def nats(model: Any, batch: Batch, embedded: torch.Tensor | None = None) -> torch.Tensor:
    """Sum of the negative log-likelihoods of what ``batch`` asks for; arguments as those of ``read``."""
    return nats_at(model, read(model, batch, embedded), batch)


def read(model: Any, batch: Batch, embedded: torch.Tensor | None = None) -> torch.Tensor:
    """The last hidden states of what the model reads: (blocks, length, width).

    Args:
        model: a masked or causal language model of transformers.
        batch: what it reads.
        embedded: (blocks, length, width) rows of the embedding for the inputs, where the caller has looked them up.
    """
    device = next(model.parameters()).device
    reads = {"inputs_embeds": embedded} if embedded is not None else {
        "input_ids": torch.from_numpy(batch.inputs.astype(np.int64)).to(device)}
    states: torch.Tensor = model.base_model(**reads, **_surroundings(model, batch, device)).last_hidden_state
    return states


def nats_at(model: Any, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Sum of the negative log-likelihoods of what ``batch`` asks for, from the states that ``read`` gave for it."""
    flat = batch.targets.reshape(-1)
    places = np.flatnonzero(flat != UNSCORED)
    spare = -len(places) % _MULTIPLE
    targets = torch.from_numpy(np.append(flat[places], np.full(spare, UNSCORED))).to(hidden.device)
    at = torch.from_numpy(np.append(places, np.zeros(spare, np.int64))).to(hidden.device)
    states, decoder = hidden.flatten(0, 1)[at], model.get_output_embeddings()
    if type(decoder) is not torch.nn.Linear:  # wrapped, as PEFT does
        return cross_entropy(head_of(model)(states).float(), targets, reduction="sum", ignore_index=UNSCORED)
    with _passed_through(decoder):
        states = states if head_of(model) is decoder else head_of(model)(states)
    return linear_cross_entropy(states, decoder.weight, decoder.bias, targets)


def _surroundings(model: Any, batch: Batch, device: torch.device) -> dict[str, Any]:
    """Positions and mask, for models that take positions; nothing where every block is one piece."""
    if not batch.pieces.any():
        return {}
    pieces = torch.from_numpy(batch.pieces).to(device)
    same = (pieces[:, None, :, None] == pieces[:, None, None, :])
    if batch.causal:
        same = same.tril()
    if getattr(model.config, "_attn_implementation", "eager") == "eager":
        kind = next(model.parameters()).dtype
        if torch.is_autocast_enabled(device.type):
            kind = torch.get_autocast_dtype(device.type)
        same = torch.zeros(same.shape, dtype=kind, device=device).masked_fill_(~same, torch.finfo(kind).min)
    found: dict[str, Any] = {"attention_mask": same}
    if "position_ids" in inspect.signature(model.base_model.forward).parameters:
        first = getattr(getattr(model.base_model, "embeddings", None), "padding_idx", None)  # RoBERTa counts from there
        found["position_ids"] = torch.from_numpy(batch.positions.astype(np.int64) + (
            0 if first is None else first + 1)).to(device)
    return found


@contextlib.contextmanager
def _passed_through(decoder: torch.nn.Linear) -> Iterator[None]:
    """While this lasts, the decoder gives back what it is given: a head then ends at the states before it."""
    decoder.forward = lambda states: states  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        del decoder.forward


def head_of(model: Any) -> Any:
    """The part of a language model behind its body, from hidden states to logits.

    Raises:
        Problem: it has none that is known.
    """
    for name in ("cls", "lm_head"):
        if hasattr(model, name):
            return getattr(model, name)
    raise Problem(f"a {type(model).__name__} has no head that is known here", where="models base",
                  fix="Use a BERT, RoBERTa, XLM-R, Llama or a model built like one of these")


def check_head(model: Any, batch: Batch) -> None:
    """Compare body and head, taken apart as ``nats`` does, with the model as a whole.

    Raises:
        Problem: they differ: the model does more to its logits or embeddings than its parts show (scales, caps).
    """
    device, table = next(model.parameters()).device, model.get_input_embeddings()
    ids = torch.from_numpy(batch.inputs.astype(np.int64)).to(device)
    with torch.no_grad():
        logits = model(input_ids=ids, **_surroundings(model, batch, device)).logits
        wanted = float(cross_entropy(logits.flatten(0, 1).float(), torch.from_numpy(batch.targets).flatten().to(device),
                                     reduction="sum", ignore_index=UNSCORED))
        ours = float(nats(model, batch, table(ids) if type(table) is torch.nn.Embedding else None))
    if not np.isclose(ours, wanted, rtol=1e-3):
        raise Problem(f"the logits of a {type(model).__name__} are not those of its head alone", where="models base",
                      fix="Use a BERT, RoBERTa, XLM-R, Llama or a model built like one of these")


def objective_for(kind: str, tokenizer: Any, share: float) -> Objective:
    """The objective called ``masked`` or ``causal``."""
    return Masked(tokenizer.mask_token_id, len(tokenizer), share) if kind == "masked" else Causal()


def lengths(tokenizer: Any) -> NDArray[np.float64]:
    """Characters of each piece by id, for likelihood per character: (vocabulary,); specials have 0."""
    out = np.zeros(len(tokenizer))
    special = set(tokenizer.all_special_ids)
    backend = tokenizer.backend_tokenizer
    for index in range(len(tokenizer)):
        if index not in special:
            piece = backend.decode([index]) if backend.decoder is not None else tokenizer.convert_ids_to_tokens(index)
            out[index] = len(piece.removeprefix("##"))
    return out
