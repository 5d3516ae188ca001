"""Distillation loss that preserves the base model's sentence embeddings.

A sentence encoder gives texts of similar meaning similar mean states, also in unseen languages, and
masked-word training destroys this within a few hundred steps (docs/experiments/topics.md). So the distance
from the base's states is a second loss (learning without forgetting, Li and Hoiem 1606.09282). The
base reads unmasked text with its own tokenizer, so both variants have equal targets.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.config.training import Pretraining
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import has_fresh_head, longest_input
from vernacular.modeling.device import autocast, device_of, has_bf16, to_device
from vernacular.modeling.fused_loss import UNSCORED
from vernacular.modeling.objectives import Batch, read
from vernacular.modeling.packing import Blocks

_WEIGHT = 10.0  # default
_LEAST = 8  # tokens of a piece; shorter ones are hardly texts
_AT_ONCE = 8  # blocks
_EMBEDDED_AT_ONCE = 64  # texts
_SAMPLE = 64  # blocks used to measure the spread of texts
_MULTIPLE = 64  # tokens; padded, since varying lengths make a GPU's allocator cache gigabytes
_MULTIPLE_ON_PROCESSOR = 16
_REMEMBERED = 2**29  # bytes of cached states, so that a second pass does not recompute them


def weight(settings: Pretraining, model: Any, objective: str) -> float:
    """Return the weight of the distance relative to nats per token: none for a base with a trained head."""
    if settings.keep_states is not None:
        return settings.keep_states
    return _WEIGHT if objective == "masked" and has_fresh_head(model) else 0.0


def mean_states(body: Any, tokenizer: Any, texts: Sequence[str], most: int) -> torch.Tensor:
    """Return the mean of the last states of each text: (texts, width).

    ``tokenizer``: its own. ``texts``: a nonempty batch. ``most``: tokens read of a text.
    """
    ids = [encoding.ids[:most] for encoding in tokenizer.backend_tokenizer.encode_batch(list(texts))]
    return mean_states_of(body, ids, tokenizer.pad_token_id, most)


def mean_states_of(body: Any, ids: Sequence[Sequence[int]], padding: int, most: int | None = None) -> torch.Tensor:
    """Return the mean of the last states of each row of token ids: (rows, width).

    ``ids``: token ids of each text; nonempty. ``most``: longest padded length; if None the
    longest row's.
    """
    device = device_of(body)
    longest = max(map(len, ids))
    multiple = _MULTIPLE if device.type == "cuda" else _MULTIPLE_ON_PROCESSOR
    length = min(most or longest, -(-longest // multiple) * multiple)
    padded = torch.tensor([[*row, *[padding] * (length - len(row))] for row in ids], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in ids], device=device)
    with autocast(device):
        found = body(input_ids=padded, attention_mask=mask).last_hidden_state.float()
    return masked_mean(found, mask)


def embed_texts(body: Any, tokenizer: Any, texts: Sequence[str], most: int) -> torch.Tensor:
    """Like ``mean_states`` without gradients, in batches of similar length."""
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    with torch.no_grad():
        parts = [mean_states(body, tokenizer, [texts[row] for row in order[first:first + _EMBEDDED_AT_ONCE]], most)
                 for first in range(0, len(order), _EMBEDDED_AT_ONCE)]
    return torch.cat(parts)[torch.from_numpy(np.argsort(order)).to(parts[0].device)]


def masked_mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The mean of the states of each row, (rows, width), over the places where ``mask`` is 1."""
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


class Teacher:
    """A frozen copy of the base that computes mean states.

    ``model``: before training; its body is copied.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._body = copy.deepcopy(model.base_model).requires_grad_(False).eval()
        self._tokenizer = tokenizer
        self._most, self._width = longest_input(model, 2**30), int(model.config.get_text_config().hidden_size)
        if has_bf16():  # otherwise autocast would convert them for every text
            for module in self._body.modules():
                if isinstance(module, torch.nn.Linear):
                    module.to(torch.bfloat16)

    def to(self, device: torch.device) -> Teacher:
        """Move it to ``device``."""
        self._body.to(device)
        return self

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        return device_of(self._body)

    def states(self, texts: Sequence[str], most: int | None = None) -> torch.Tensor:
        """Return mean states, (texts, width), of the first ``most`` tokens or of all that fit."""
        if not texts:
            return torch.zeros(0, self._width, device=self.device)
        with torch.no_grad():
            return mean_states(self._body, self._tokenizer, texts, min(self._most, most or self._most))

    def embed(self, texts: Sequence[str], most: int) -> torch.Tensor:
        """Return mean states in the order of ``texts``, computed in batches of similar length: (texts, width)."""
        return embed_texts(self._body, self._tokenizer, texts, min(self._most, most)) if texts else self.states([])


class States:
    """The target states of the pieces of blocks.

    ``blocks``: of text, as the model reads it. ``weight``: of the distance, relative to nats
    per predicted token. ``rows``: blocks to which the loss applies; if None, all.
    """

    def __init__(self, teacher: Teacher, blocks: Blocks, tokenizer: Any, weight: float,
                 rows: range | None = None) -> None:
        self._teacher, self._blocks, self._tokenizer = teacher, blocks, tokenizer.backend_tokenizer
        self.weight, self._known, self._room = weight, dict[int, torch.Tensor](), _REMEMBERED
        self._rows = range(len(blocks)) if rows is None else rows
        ends = self._rows.start, self._rows.stop - 1
        self._sample = np.linspace(*ends, min(_SAMPLE, len(self._rows))).astype(np.int64)
        means = torch.cat(self._of(self._sample.tolist()))
        self._spread = float(means.var(0).mean()) if len(means) > 1 else 0.0

    @property
    def differ(self) -> bool:
        """Whether two different pieces are long enough to measure distances."""
        return self._spread > 0

    def check(self) -> None:
        """Check that at least two different pieces are long enough."""
        if not self.differ:
            raise Problem(f"fewer than two different texts of {_LEAST} tokens and more",
                          where="pretraining.keep_states", fix="Add text, or set keep_states: 0",
                          code=Code.DATA_SPLIT)

    def count(self, rows: NDArray[np.int64]) -> int:
        """Return the number of sufficiently long pieces in these blocks."""
        return sum(len(self._pieces(row)) for row in rows.tolist())

    def distance(self, hidden: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
        """Return the summed squared distances of pieces' mean states from the base's, relative to the spread.

        Args:
            hidden: (blocks, length, width) last hidden states.
            rows: (blocks,) indices of the blocks.
        """
        pieces = [self._pieces(row) for row in rows.tolist()]
        most = max(map(len, pieces), default=0)
        shares = np.zeros((len(rows), most, hidden.shape[1]), np.float32)  # weight of each token in its piece's mean
        wanted = torch.zeros(len(rows), most, hidden.shape[2], device=hidden.device)
        for at, (row, numbers, states) in enumerate(zip(rows.tolist(), pieces, self._of(rows.tolist()), strict=True)):
            inside = self._inside(row, numbers)
            shares[at, :len(numbers)] = inside / inside.sum(1, keepdims=True)
            wanted[at, :len(numbers)] = states
        with torch.autocast(hidden.device.type, enabled=False):
            means = to_device(shares, hidden.device) @ hidden.float()
            return (means - wanted).square().mean(-1).sum() / self._spread

    def moved(self, model: Any) -> float | None:
        """Return the mean distance of the model's states from the base's on some unmasked blocks.

        0 if equal, 1 if as large as the base's own spread; None if the text shows no distances.
        """
        if not self._spread > 0:
            return None
        blocks, total = self._blocks, 0.0
        for rows in np.array_split(self._sample, -(-len(self._sample) // _AT_ONCE)):
            batch = Batch(blocks.tokens[rows], np.full(blocks.tokens[rows].shape, UNSCORED, np.int64),
                          blocks.pieces[rows], blocks.positions[rows], rows, causal=False)
            with torch.no_grad(), autocast(self._teacher.device):
                total += float(self.distance(read(model, batch), rows))
        return total / self.count(self._sample)

    def _pieces(self, row: int) -> list[int]:
        """Return the indices of sufficiently long pieces in a block."""
        if row not in self._rows:
            return []
        numbers, counts = np.unique(self._blocks.pieces[row][self._blocks.attend[row]], return_counts=True)
        found: list[int] = numbers[counts >= _LEAST].tolist()
        return found

    def _inside(self, row: int, numbers: Sequence[int]) -> NDArray[np.bool_]:
        """Return the token mask of these pieces of a block: (pieces, length)."""
        same: NDArray[np.bool_] = self._blocks.pieces[row] == np.array(numbers, np.int32)[:, None]
        found: NDArray[np.bool_] = np.logical_and(same, self._blocks.attend[row])
        return found

    def _texts(self, row: int) -> list[str]:
        return [self._tokenizer.decode(self._blocks.tokens[row][inside].tolist())
                for inside in self._inside(row, self._pieces(row))]

    def _of(self, rows: Sequence[int]) -> list[torch.Tensor]:
        """Return the base's states of each block's pieces, (pieces, width), cached while memory lasts.

        On a CPU block by block, so that resumed runs are bit-identical; in batches on a GPU.
        """
        found = {row: self._known[row] for row in rows if row in self._known}
        missing = [row for row in dict.fromkeys(rows) if row not in found]
        size = len(missing) if self._teacher.device.type == "cuda" else 1
        for first in range(0, len(missing), max(1, size)):
            some = missing[first:first + size]
            texts = [self._texts(row) for row in some]
            states = self._teacher.states([text for each in texts for text in each])
            for row, one in zip(some, torch.split(states, [len(each) for each in texts]), strict=True):
                found[row] = one
                self._room -= one.nbytes
                if self._room > 0:
                    self._known[row] = one.clone()
        return [found[row] for row in rows]
