"""The translation loss: pull a sentence's mean state to the teacher's embedding of its translation.

The teacher is the base, or the text tower of a model of pictures; then a fixed projection of the
state is compared.

Squared distance to that embedding (Reimers and Gurevych 2004.09813), and a contrastive term over
the batch (InfoNCE, as in LaBSE, Feng et al. 2007.01852). A share of the translations is encoded
too, with the same targets, so that one model embeds both languages and the base's language does not
drift.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize

from vernacular.config.training import Alignment
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.aligned_pairs import Learned
from vernacular.modeling.base_models import longest_input
from vernacular.modeling.device import device_of
from vernacular.modeling.state_distillation import embed_texts, mean_states_of

LONGEST = 128  # tokens read of a sentence and of its translation
_TEMPERATURE = 0.05  # SimCSE's (Gao et al. 2104.08821)
_READ_TOO = 0.25  # share of a batch whose translations are encoded too
_SIMILAR = 40  # characters: sentences of a batch have similar lengths, to reduce padding


class TranslationLoss:
    """The translation loss of one training.

    ``learned``: pairs and the base's embeddings of their translations. ``settings``: batch size
    and loss weight. ``model``: trained model, for its maximal length.

    Raises:
        Problem: all translations have the same embedding.
    """

    def __init__(self, learned: Learned, tokenizer: Any, settings: Alignment, model: Any, seed: int,
                 where: str) -> None:
        self._settings, self._seed, self._tokenizer = settings, seed, tokenizer
        self._longest = longest_input(model, LONGEST)
        pairs = learned.pairs[:len(learned.targets)]
        self._lengths = [len(text) for text, _ in pairs]
        self._ids, self._translated = (self._tokens([pair[side] for pair in pairs]) for side in (0, 1))
        numbers = {translation: number for number, (_, translation) in enumerate(pairs)}
        self._same = torch.tensor([numbers[translation] for _, translation in pairs])
        self._learned, self._targets = learned, learned.targets.to(device_of(model))
        self._project = learned.projection or _same
        self._spread = float(learned.targets.var(0).mean()) if len(pairs) > 1 else 0.0
        if not self._spread > 0:
            raise Problem("all translations are equal", where=where, fix="Correct the files", code=Code.DATA_EMPTY)
        self._order: tuple[int, list[NDArray[np.int64]]] = (-1, [])

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids[:self._longest] for encoding in
                self._tokenizer.backend_tokenizer.encode_batch(list(texts))]

    def step_tokens(self) -> int:
        """Average number of tokens per step."""
        means = [float(np.mean([len(row) for row in side])) for side in (self._ids, self._translated)]
        size = min(self._settings.batch_size, len(self._lengths))
        return round(size * means[0] + math.ceil(_READ_TOO * size) * means[1])

    def rows(self, step: int) -> NDArray[np.int64]:
        """Return the pairs of a step; a pass covers each pair once."""
        size = min(self._settings.batch_size, len(self._lengths))
        in_pass = len(self._lengths) // size
        number, place = divmod(step, in_pass)
        if self._order[0] != number:
            self._order = number, _batches(self._lengths, size, (self._seed, number))
        return self._order[1][place]

    def __call__(self, model: Any, step: int, part: int = 0, parts: int = 1) -> torch.Tensor:
        """Return the loss of one of ``parts`` equal parts of a step's pairs, as its share of the total."""
        rows = self.rows(step)
        places = np.arange(len(rows))[part::parts]
        if not len(places):
            return torch.zeros((), device=self._targets.device)
        states = self._states(model, self._ids, rows[places])
        chosen = rows[:math.ceil(_READ_TOO * len(rows))]
        read_too = chosen[part::parts]
        with torch.autocast(states.device.type, enabled=False):
            loss = (self._distance(states, rows[places]) + self._contrast(states, places, rows)) * (
                len(places) / len(rows))
            if len(read_too):
                loss = loss + self._distance(self._states(model, self._translated, read_too), read_too) * (
                    len(read_too) / len(chosen))
        return loss * self._settings.weight

    def _states(self, model: Any, ids: Sequence[list[int]], rows: NDArray[np.int64]) -> torch.Tensor:
        states = mean_states_of(model.base_model, [ids[row] for row in rows.tolist()], self._tokenizer.pad_token_id)
        with torch.autocast(states.device.type, enabled=False):
            return self._project(states.float())

    def _distance(self, states: torch.Tensor, rows: NDArray[np.int64]) -> torch.Tensor:
        """Return the mean squared distance from the targets, in variances between targets."""
        return (states - self._targets[rows]).square().mean() / self._spread

    def _contrast(self, states: torch.Tensor, places: NDArray[np.int64], rows: NDArray[np.int64]) -> torch.Tensor:
        """Return InfoNCE of the targets of ``rows[places]`` among those of all ``rows``."""
        scores = normalize(states) @ normalize(self._targets[rows]).T / _TEMPERATURE
        own = torch.from_numpy(places)
        same = self._same[rows[places]][:, None] == self._same[rows][None, :]
        same[torch.arange(len(places)), own] = False  # an equal translation of another pair is not a negative
        return cross_entropy(scores.masked_fill(same.to(scores.device), float("-inf")), own.to(scores.device))

    def measure(self, model: Any) -> tuple[float, float]:
        """Return the mean distance of held-out pairs, and the share whose own translation is nearest.

        The distance is squared, in variances between translations: 1 is the distance of targets
        from their mean.
        """
        states = self._project(embed(model, self._tokenizer, [text for text, _ in self._learned.held_out]))
        targets = self._learned.held_out_targets.to(states.device)
        return float((states - targets).square().mean() / self._spread), retrieval_rate(states, targets)


def _same(states: torch.Tensor) -> torch.Tensor:
    return states


def retrieval_rate(states: torch.Tensor, translations: torch.Tensor) -> float:
    """Return the share of sentences whose own translation is nearest by cosine; both (sentences, width)."""
    near = normalize(states) @ normalize(translations).T
    own = near.diagonal()[:, None]
    return float(((near >= own).sum(1) == 1).float().mean())  # a tie does not count


def embed(model: Any, tokenizer: Any, texts: Sequence[str]) -> torch.Tensor:
    """Return the model's mean states of ``texts``: (texts, width)."""
    return embed_texts(model.base_model, tokenizer, texts, longest_input(model, LONGEST))


def _batches(lengths: Sequence[int], size: int, seed: tuple[int, int]) -> list[NDArray[np.int64]]:
    """Return full batches of pairs with similar length in random order; a remainder is dropped."""
    generator = np.random.default_rng(seed)
    drawn = sorted(generator.permutation(len(lengths)).tolist(), key=lambda row: lengths[row] // _SIMILAR)
    start = int(generator.integers(len(drawn) % size + 1))  # vary which pairs are dropped
    batches = [np.array(drawn[first:first + size]) for first in range(start, len(drawn) - size + 1, size)]
    return [batches[row] for row in generator.permutation(len(batches))]
