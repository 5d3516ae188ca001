"""Find the picture of a text, the text of a picture, and the class of a picture by the names of the classes.

The model of pictures is locked (LiT, Zhai et al. 2111.07991): texts learn to point to its vectors. A
linear map from the mean state of a text is fitted first, in closed form; then LoRA trains map and
body together, by squared distance and by contrast in the batch (InfoNCE). If dev items became
significantly worse, the map alone is kept. All tokens count, as in the mean pooling of Sentence Transformers, which
loads the release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize

from vernacular.config.tasks import Task
from vernacular.datasets.aligned_pairs import Projection
from vernacular.datasets.items import Item, Row
from vernacular.modeling.device import device_of
from vernacular.modeling.linear_map import fit_map, half_whitening
from vernacular.tasks.adapter_model import Encoded, Network, encode, in_batches
from vernacular.tasks.base import Answer, Head, Kind
from vernacular.tasks.head_init import unit_states
from vernacular.tasks.image_retrieval.characters import characters_map
from vernacular.tasks.image_retrieval.ranking import RANKS, both_ranks, distinct
from vernacular.tasks.sequence_classification import text_of

_TEMPERATURE = 0.05  # SimCSE's
_HITS = len(RANKS)
_MOST_TAUGHT = 20_000  # of translations, which the baseline learns from
Taught = tuple[Sequence[str], NDArray[np.float32]]


class ImageRetrieval(Kind):
    """Which picture belongs to a text, and which text to a picture.

    A prediction is the rank of the text's first right picture, that of the picture's first right
    text, and the name of the nearest picture.

    Attributes:
        vectors: name of a picture -> its vector of length 1; filled by ``vectors.add_pictures``.
        directions: that texts point in, (width, directions): half-whitened and orthogonal to the mean of the training
            pictures (``half_whitening``); empty without training.
        projection: from the base's states to the pictures, learned from a teacher; or None.
        taught: texts with translations, and the teacher's vectors of these; none without a teacher.
    """

    each_by_itself = False
    one_side_leaks = True

    def __init__(self, task: Task, labels: Sequence[str]) -> None:
        super().__init__(task, labels)
        self.vectors: Mapping[str, NDArray[np.float32]] = {}
        self.directions: NDArray[np.float64] = np.zeros((0, 0))
        self.projection: Projection | None = None
        self.taught: Taught = [], np.zeros((0, 1), np.float32)

    def item(self, row: Row) -> Item:
        """Return the text, and its picture as the second."""
        return Item(text_of(row, "text"), document=row.where, second=text_of(row, "picture"))

    def together(self, item: Item) -> str:
        """Return the picture: texts of one picture are resampled together."""
        return item.second

    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """Return the texts, each a unit, with the base's prefix."""
        return [Encoded(one.tokens, [0] * len(one.tokens), 1, one.types) for one in encode(
            [self.task.prefix + item.text for item in items], tokenizer, longest)]

    def bare(self, model: Any, padding: int | None) -> Network:
        """Return the body with a map to vectors of pictures."""
        return Network(model.base_model, model.config.get_text_config().hidden_size, self.width, model)

    @property
    def width(self) -> int:
        """The width of the vectors."""
        return len(next(iter(self.vectors.values()))) if self.vectors else 1

    def pictures_of(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """Return the vectors of the items' pictures: (items, width)."""
        return np.stack([self.vectors[item.second] for item in items])

    def set_directions(self, items: Sequence[Item]) -> None:
        """Take the directions of the distinct pictures of the training ``items``, however many texts each has."""
        self.directions = half_whitening(np.stack([self.vectors[name] for name in {item.second: 0 for item in items}]))

    def targets_of(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """Return the half-whitened components of the items' pictures: (items, directions).

        A text with the components c points to ``directions @ c`` in the space of the locked pictures.
        """
        found: NDArray[np.float64] = self.pictures_of(items) @ self.directions
        return found

    def start(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> Head | None:
        """Return the map in closed form, near the projection of the teacher if there is one."""
        states, targets = unit_states(network, encoded, padding), self.targets_of(items)
        known = np.zeros((targets.shape[1], states.shape[1])), np.zeros(targets.shape[1])
        if self.projection is not None:
            known = (self.directions.T @ self.projection.weight.numpy(),
                     self.directions.T @ self.projection.bias.numpy())
        found = fit_map(states, targets - states @ known[0].T - known[1], [item.second for item in items])
        return {"weight": torch.tensor(self.directions @ (found.weight + known[0]), dtype=torch.float32),
                "bias": torch.tensor(self.directions @ (found.bias + known[1]), dtype=torch.float32)}

    def loss(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item],
             padding: int) -> torch.Tensor | None:
        """Return the squared distance in variances, plus symmetric InfoNCE over the pictures of the batch."""
        if len(items) < 2:
            return None  # no negatives
        found = network(encoded, padding).float()
        pictures, targets, components = (torch.from_numpy(rows).float().to(found.device) for rows in (
            self.pictures_of(items), self.targets_of(items), self.directions / np.square(self.directions).sum(0)))
        with torch.autocast(found.device.type, enabled=False):
            missed: torch.Tensor = (found @ components - targets).square().mean()
            distance = missed / targets.square().mean().clamp(min=1e-9)
            return distance + _contrast(normalize(found, dim=-1), pictures, same_pair(items).to(found.device))

    def predict(self, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> list[Answer]:
        """Return the ranks among the ``items``."""
        return self.ranks(self.embed(network, tokenizer, items, longest), items)

    def embed(self, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> NDArray[np.float32]:
        """Return where the items' texts point to among the pictures, of any length: (items, width)."""
        encoded = self.encode(items, tokenizer, longest)
        return np.stack(in_batches(network, encoded, lambda rows: list(network(
            [encoded[row] for row in rows], tokenizer.pad_token_id).float().cpu().numpy()), exact=True))

    def ranks(self, vectors: NDArray[Any], items: Sequence[Item]) -> list[Answer]:
        """Return predictions from the vectors of the items' texts: (items, width), of any length."""
        pictures, place_of_picture = distinct([item.second for item in items])
        texts, place_of_text = distinct([item.text for item in items])
        right = np.zeros((len(texts), len(pictures)), bool)
        right[place_of_text, place_of_picture] = True
        rows = vectors[[int(np.argmax(place_of_text == place)) for place in range(len(texts))]]
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        scores = rows @ np.stack([self.vectors[name] for name in pictures]).T
        to_picture, to_text = both_ranks(scores, right)
        nearest = [pictures[place] for place in scores.argmax(1)]
        return [[int(to_picture[text]), int(to_text[picture]), nearest[text]]
                for text, picture in zip(place_of_text, place_of_picture, strict=True)]

    def untrained(self, objective: str, model: Any, tokenizer: Any, train: Sequence[Item], test: Sequence[Item],
                  longest: int, seeds: Sequence[int]) -> dict[str, list[list[Answer]]]:
        """Return predictions by the projection of the teacher, without a text of the task."""
        if self.projection is None:
            return {}
        network = self.bare(model, tokenizer.pad_token_id).to(device_of(model))
        into = torch.from_numpy(self._all_directions @ self._all_directions.T).float()
        network.head.load_state_dict({"weight": into @ self.projection.weight, "bias": into @ self.projection.bias})
        return {"0_shot": [self.predict(network, tokenizer, test, longest)]}

    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """Return hits at each of ``RANKS`` and the inverse rank, in both directions, and the count: (items, 9)."""
        ranks = np.array([answer[:2] for answer in answers], float).reshape(len(items), 2)
        hits = [ranks <= most for most in RANKS]
        return np.concatenate([*hits, 1 / ranks, np.ones((len(items), 1))], 1).astype(float)

    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return recall and mean reciprocal rank over both directions; then each direction by itself."""
        means = totals[..., :-1] / np.maximum(totals[..., -1:], 1)
        names = [*(f"recall_at_{most}" for most in RANKS), "mrr"]
        pairs = {name: means[..., 2 * place:2 * place + 2] for place, name in enumerate(names)}
        ordered = sorted(pairs, key=lambda name: name != f"recall_at_{RANKS[-1]}")
        return {**{name: pairs[name].mean(-1) for name in ordered},
                **{f"{name}_{way}": pairs[name][..., side] for side, way in enumerate(("to_picture", "to_text"))
                   for name in ordered}}

    def floors(self, train: Sequence[Item], test: Sequence[Item], seed: int) -> dict[str, list[Answer]]:
        """Return a random order; maps from TF-IDF of characters, fitted to items and to what the teacher taught."""
        random = np.random.default_rng(seed).normal(size=(len(test), self.width))
        found = {"majority": self.ranks(random, test)}
        if train:
            found["tfidf_characters"] = self.ranks(characters_map(
                [item.text for item in train], self.targets_of(train), [item.second for item in train],
                [item.text for item in test]) @ self.directions.T, test)
        texts, vectors = self.taught[0][:_MOST_TAUGHT], self.taught[1][:_MOST_TAUGHT]
        if texts:
            directions = self._all_directions
            found["tfidf_translations"] = self.ranks(characters_map(
                texts, vectors @ directions, texts, [item.text for item in test]) @ directions.T, test)
        return found

    @property
    def _all_directions(self) -> NDArray[np.float64]:
        """The directions; without training all, as the projection is released then."""
        return self.directions if self.directions.size else np.eye(self.width)


class ImageClassification(ImageRetrieval):
    """The class of a picture, by the names of the classes in the language.

    Each text is the name of a class. Pictures of a class are all in one part, so that scored classes
    were not learned: only their names distinguish them.
    """

    def item(self, row: Row) -> Item:
        """Return the name of the class, and the picture as the second."""
        return Item(text_of(row, "label"), document=row.where, second=text_of(row, "picture"))

    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """Return hits of the class at rank 1 and 5, its inverse rank, and the count: (items, 4)."""
        ranks = np.array([answer[1] for answer in answers], float)
        return np.stack([ranks == 1, ranks <= 5, 1 / ranks, np.ones(len(items))], 1).astype(float)

    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return accuracy, accuracy among the five nearest classes, and mean reciprocal rank."""
        means = totals[..., :3] / np.maximum(totals[..., 3:], 1)
        return {"accuracy": means[..., 0], "accuracy_at_5": means[..., 1], "mrr": means[..., 2]}


def _contrast(texts: torch.Tensor, pictures: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """Return symmetric InfoNCE of unit vectors; ``same``: (items, items), pairs that are no negatives."""
    scores = (texts @ pictures.T / _TEMPERATURE).masked_fill(same, float("-inf"))
    wanted = torch.arange(len(scores), device=scores.device)
    return (cross_entropy(scores, wanted) + cross_entropy(scores.T, wanted)) / 2


def same_pair(items: Sequence[Item]) -> torch.Tensor:
    """Return (items, items) bool: whether two different items share their text or picture."""
    return torch.tensor([[one != other and (left.text == right.text or left.second == right.second)
                          for other, right in enumerate(items)] for one, left in enumerate(items)])
