"""Retrieval of a sentence's translation by the nearest vector: the mean of a text's token states.

All tokens count, including special ones, as in the mean pooling of Sentence Transformers, which
loads the release.

Fine-tuning uses the symmetric InfoNCE of SimCSE and LaBSE (Gao et al. 2104.08821, Feng et al.
2007.01852): in a batch each source must match its target among all targets, and vice versa. Nothing
is added to the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize

from vernacular.datasets.items import Item, Row
from vernacular.modeling.device import device_of
from vernacular.tasks.adapter_model import Encoded, Network, encode, in_batches
from vernacular.tasks.base import Answer, Kind
from vernacular.tasks.sentence_retrieval.ranking import both_ways, csls, tfidf_scores
from vernacular.tasks.sequence_classification import text_of

TEMPERATURE = 0.05  # SimCSE's


@dataclass(frozen=True)
class Both(Encoded):
    """A tokenized pair: the source, with the target beside it."""

    target: Encoded = field(default_factory=lambda: Encoded([], [], 1))


class SentenceRetrieval(Kind):
    """Which target translates which source.

    A prediction is the rank of the right one from source, from target, and the index of the nearest
    target.
    """

    each_by_itself = False
    one_side_leaks = True

    def item(self, row: Row) -> Item:
        """Return source and target."""
        return Item(text_of(row, "source"), document=row.where, second=text_of(row, "target"))

    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """Return both texts, each a unit, with the base's prefix."""
        sources, targets = (encode([self.task.prefix + text for text in texts], tokenizer, longest)
                            for texts in ([item.text for item in items], [item.second for item in items]))
        return [Both(source.tokens, _all(source), 1, source.types,
                     Encoded(target.tokens, _all(target), 1, target.types))
                for source, target in zip(sources, targets, strict=True)]

    def loss(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item],
             padding: int) -> torch.Tensor | None:
        """Return symmetric InfoNCE; pairs with a common text are not negatives."""
        if len(items) < 2:
            return None  # no negatives
        left, right = (normalize(network.states(side, padding), dim=-1) for side in (encoded, _targets(encoded)))
        return contrast(left, right, same_text(items).to(left.device))

    def predict(self, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> list[Answer]:
        """Return the ranks among the ``items``."""
        encoded = self.encode(items, tokenizer, longest)

        def vectors(side: Sequence[Encoded]) -> NDArray[np.float32]:
            return np.stack(in_batches(network, side, lambda rows: list(normalize(network.states(
                [side[row] for row in rows], tokenizer.pad_token_id), dim=-1).float().cpu().numpy()), exact=True))

        return self.ranks(vectors(encoded) @ vectors(_targets(encoded)).T, items)

    def ranks(self, scores: NDArray[Any], items: Sequence[Item]) -> list[Answer]:
        """Return predictions from the similarity of each source to each target: (items, items)."""
        return list(both_ways(csls(scores) if self.task.csls else scores, items).tolist())

    def untrained(self, objective: str, model: Any, tokenizer: Any, train: Sequence[Item], test: Sequence[Item],
                  longest: int, seeds: Sequence[int]) -> dict[str, list[list[Answer]]]:
        """Return predictions from the untrained body's states."""
        network = Network(model.base_model, model.config.get_text_config().hidden_size, 1, model).to(device_of(model))
        return {"0_shot": [self.predict(network, tokenizer, test, longest)]}

    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """Return hits at rank 1 and inverse ranks, in both directions, and the count: (items, 5)."""
        ranks = np.array([answer[:2] for answer in answers], float).reshape(len(items), 2)
        return np.concatenate([ranks == 1, 1 / ranks, np.ones((len(items), 1))], 1)

    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return accuracy@1 and mean reciprocal rank over both directions; then each direction's accuracy."""
        means = totals[..., :4] / np.maximum(totals[..., 4:], 1)
        return {"accuracy_at_1": means[..., :2].mean(-1), "mrr": means[..., 2:].mean(-1),
                "accuracy_at_1_from_source": means[..., 0], "accuracy_at_1_from_target": means[..., 1]}

    def floors(self, train: Sequence[Item], test: Sequence[Item], seed: int) -> dict[str, list[Answer]]:
        """Return a random rank; TF-IDF over character n-grams."""
        chance = np.random.default_rng(seed).integers(1, len(test) + 1, (len(test), 2))
        return {"majority": chance.tolist(), "tfidf_characters": both_ways(tfidf_scores(test), test).tolist()}


def _all(item: Encoded) -> list[int]:
    """Assign every token to one unit, including special ones."""
    return [0] * len(item.tokens)


def _targets(encoded: Sequence[Encoded]) -> list[Encoded]:
    return [item.target for item in encoded if isinstance(item, Both)]


def contrast(sources: torch.Tensor, targets: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """Return symmetric InfoNCE of unit vectors.

    Args:
        sources: (pairs, hidden).
        targets: (pairs, hidden).
        same: (pairs, pairs) bool, True where a pair with a common text is not a negative.
    """
    scores = (sources @ targets.T / TEMPERATURE).float().masked_fill(same, float("-inf"))
    wanted = torch.arange(len(scores), device=scores.device)
    return (cross_entropy(scores, wanted) + cross_entropy(scores.T, wanted)) / 2


def same_text(pairs: Sequence[Item]) -> torch.Tensor:
    """Return (pairs, pairs) bool: whether two different pairs share their source or target."""
    return torch.tensor([[one != other and (left.text == right.text or left.second == right.second)
                          for other, right in enumerate(pairs)] for one, left in enumerate(pairs)])
