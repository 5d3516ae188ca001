"""The interface of a kind of task, used by the stage, the training and the predictor.

A new kind is a module with a subclass of ``Kind``, an entry in ``_CLASSES`` and one in
``vernacular.config.tasks`` (``KindName`` and ``COLUMNS``). It converts rows to items and items to
tokens, defines the loss and predictions, and scores them; sizes, seeds, budgets, variants,
resuming, intervals, plots and reports are handled elsewhere.

A prediction is JSON data. A score is a function of sums over items (``statistics``, ``measures``),
so that bootstrap resamples need no new predictions; corpus measures such as F1 and chrF have this
form.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vernacular.config.tasks import Task
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Collector
from vernacular.datasets.items import Item, Row

if TYPE_CHECKING:
    import torch

    from vernacular.tasks.adapter_model import Encoded, Network
    from vernacular.tasks.classifier import Unit

IGNORED = -100
Answer = Any
_network = EntryPoint["Network"]("vernacular.tasks.adapter_model:Network")
_in_batches = EntryPoint[list[Answer]]("vernacular.tasks.adapter_model:in_batches")
_classifier = EntryPoint["Network"]("vernacular.tasks.classifier:Classifier")
_build_classifier = EntryPoint[Any]("vernacular.tasks.classifier:build_classifier")
Head = Mapping[str, "torch.Tensor"]
_CLASSES = {"token_classification": ("token_classification", "TokenClassification"),
            "sequence_classification": ("sequence_classification", "SequenceClassification"),
            "sentence_pairs": ("sentence_pairs", "SentencePairs"),
            "question_answering": ("question_answering.kind", "QuestionAnswering"),
            "sentence_retrieval": ("sentence_retrieval.kind", "SentenceRetrieval"),
            "generation": ("generation.kind", "Generation"),
            "chat": ("chat.kind", "Chat"),
            "image_retrieval": ("image_retrieval.kind", "ImageRetrieval"),
            "image_classification": ("image_retrieval.kind", "ImageClassification")}


class Kind(ABC):
    """One kind of task, with settings and labels, without weights.

    ``labels``: from ``labels_of``, or stored with an adapter.
    """

    def __init__(self, task: Task, labels: Sequence[str]) -> None:
        self.task, self.labels = task, list(labels)

    each_by_itself: ClassVar[bool] = True  # whether a prediction is independent of other items
    one_side_leaks: ClassVar[bool] = False  # True if seeing one side of a pair leaks the other

    @classmethod
    def labels_of(cls, task: Task, rows: Iterable[Row]) -> list[str]:
        """Return the labels in ``rows``, by index; empty for a kind without labels.

        Raises:
            Problem: a row is not of this kind (with file and line).
        """
        return []

    @classmethod
    def usable(cls, task: Task, rows: Sequence[Row], faults: Collector) -> list[Row]:
        """Return the ``rows`` with labels of this kind; errors of the others go to ``faults``."""
        kept = []
        for row in rows:
            with faults.collect():
                cls.labels_of(task, [row])
                kept.append(row)
        return kept

    @classmethod
    def notes(cls, task: Task, rows: Iterable[Row]) -> dict[str, int]:
        """Return the corrections made while reading ``rows`` -> count; each name is explained in ``report``."""
        return {}

    @abstractmethod
    def item(self, row: Row) -> Item:
        """Convert ``row`` to an item.

        Raises:
            Problem: it is invalid (with file and line).
        """

    @abstractmethod
    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """Return the tokens of each item, at most ``longest``."""

    def cut(self, items: Sequence[Item], tokenizer: Any, longest: int) -> int:
        """Return how many ``items`` are truncated to ``longest`` tokens."""
        read, whole = (self.encode(items, tokenizer, most) for most in (longest, sys.maxsize))
        return sum(one != other for one, other in zip(read, whole, strict=True))

    def together(self, item: Item) -> str:
        """Return the text of ``item``, which groups dependent items for resampling; empty if there is none."""
        return item.document

    def bare(self, model: Any, padding: int | None) -> Network:
        """Return the body of ``model`` with a fresh head; nothing is trainable yet.

        ``model``: a language model, whose weights the network shares.
        """
        return _network(model.base_model, model.config.get_text_config().hidden_size, max(1, len(self.labels)), model)

    def start(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> Head | None:
        """Return the initial head for an untrained network; None to keep it.

        Must not depend on the seed: it is computed once for all seeds.
        """
        return None

    @abstractmethod
    def loss(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item],
             padding: int) -> torch.Tensor | None:
        """Return the loss of a batch, or None if it has no signal."""

    @abstractmethod
    def predict(self, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> list[Answer]:
        """Return predictions for ``items``, in order, without reading their labels."""

    def untrained(self, objective: str, model: Any, tokenizer: Any, train: Sequence[Item], test: Sequence[Item],
                  longest: int, seeds: Sequence[int]) -> dict[str, list[list[Answer]]]:
        """Return predictions without fine-tuning: ``0_shot``, ``4_shot`` -> for each seed predictions for ``test``.

        Without examples nothing is random, and one list serves all seeds.

        Args:
            objective: of the model's training.
            model: a language model.
            tokenizer: its.
            train: items usable as examples.
            test: items to predict; never shown.
            longest: tokens of an item.
            seeds: each for a choice of examples.
        """
        return {}

    @abstractmethod
    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """Return each item's contribution to the sums behind the scores: (items, sums)."""

    @abstractmethod
    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return score names -> values from sums (..., sums); higher is better. The first is compared."""

    @abstractmethod
    def floors(self, train: Sequence[Item], test: Sequence[Item], seed: int) -> dict[str, list[Answer]]:
        """Return baselines without pretraining: ``majority`` (label frequencies only), and better ones."""

    def scores(self, items: Sequence[Item], answers: Sequence[Answer]) -> dict[str, float]:
        """Return score names -> values on all ``items``, the compared one first."""
        totals = self.statistics(items, answers).sum(0)
        return {name: float(value) for name, value in self.measures(totals).items()}

    def score(self, items: Sequence[Item], answers: Sequence[Answer]) -> float:
        """Return the compared score."""
        return next(iter(self.scores(items, answers).values()))


class Batched(Kind):
    """A kind that predicts items independently, so that similar lengths form batches."""

    @abstractmethod
    def answer(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> list[Answer]:
        """Return predictions for one batch, in order, without reading labels."""

    def predict(self, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> list[Answer]:
        """Return predictions for ``items``, in order."""
        encoded = self.encode(items, tokenizer, longest)
        return _in_batches(network, encoded, lambda rows: self.answer(
            network, [encoded[row] for row in rows], [items[row] for row in rows], tokenizer.pad_token_id), exact=True)


class Labelling(Batched):
    """A kind that labels texts or their words."""

    by_word: ClassVar[bool] = False  # whether it labels words

    def bare(self, model: Any, padding: int | None) -> Network:
        """Return transformers' classifier, so that a release loads with standard calls."""
        unit: Unit = "word" if self.by_word else "text"
        return _classifier(_build_classifier(model, self.labels, unit, self.task.multi_label, padding), unit)

    def logits(self, network: Network, encoded: Sequence[Encoded], padding: int) -> list[NDArray[Any]]:
        """Return the head's outputs for each item's units: (units, labels) float32."""
        found = network(encoded, padding).float().cpu().numpy()
        return np.split(found, np.cumsum([item.count for item in encoded])[:-1])

    def arranged(self, logits: NDArray[Any]) -> NDArray[Any]:
        """Reorder ``logits`` (units, labels) of one item for its prediction."""
        return logits

    def probabilities(self, logits: NDArray[Any]) -> NDArray[Any]:
        """Convert ``logits`` (units, labels) of one item to probabilities."""
        import torch
        found = torch.from_numpy(self.arranged(logits))
        table: NDArray[Any] = (found.sigmoid() if self.task.multi_label else found.softmax(-1)).numpy()
        return table

    def tables(self, network: Network, encoded: Sequence[Encoded], padding: int) -> list[NDArray[Any]]:
        """Return label probabilities of each item's units: (units, labels)."""
        return [self.probabilities(logits) for logits in self.logits(network, encoded, padding)]

    def answered(self, logits: NDArray[Any]) -> list[int]:
        """Return the prediction for ``logits`` (units, labels) of one item."""
        table = self.probabilities(logits)
        return self.decoded(table if self.by_word else table[0])

    def answer(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> list[Answer]:
        """Return each item's label indices, or one per word."""
        return [self.answered(logits) for logits in self.logits(network, encoded, padding)]

    @abstractmethod
    def decoded(self, table: NDArray[Any]) -> list[int]:
        """Return the predicted label indices from probabilities: (labels,) of a text, (words, labels)."""


def class_of(task: Task) -> type[Kind]:
    """Return the class of the kind of ``task``."""
    module, name = _CLASSES[task.kind]
    found: type[Kind] = getattr(import_module(f"vernacular.tasks.{module}"), name)
    return found
