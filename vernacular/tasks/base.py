"""What a kind of task is: the one interface that the stage, the loop and the predictor know.

A new kind is one module with a subclass of ``Kind``, an entry in ``_CLASSES`` and one in ``vernacular.config.tasks``
(``KindName`` and ``COLUMNS``). It says how a row of a file becomes an item, how items become tokens, what the loss is,
what a trained network answers, and how answers are scored; sizes, seeds, budgets, arms, resuming, intervals, plots and
the report are not its business.

An answer is anything that JSON can hold. A score is a function of sums over items (``statistics``, ``measures``), so
that any resample of a bootstrap is scored without going through the answers again; corpus measures such as F1 and chrF
are of that form.
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
            "generation": ("generation.kind", "Generation")}


class Kind(ABC):
    """One kind of task. Holds settings and labels, no weights.

    Args:
        task: its entry in language.yaml.
        labels: what ``labels_of`` found, or what was kept beside an adapter.
    """

    def __init__(self, task: Task, labels: Sequence[str]) -> None:
        self.task, self.labels = task, list(labels)

    each_by_itself: ClassVar[bool] = True  # whether an answer is the same whatever other items are asked
    one_text_tells: ClassVar[bool] = False  # whether who learned one text of an item knows the answer to it

    @classmethod
    def labels_of(cls, task: Task, rows: Iterable[Row]) -> list[str]:
        """The labels that occur in ``rows``, in the order of their numbers; none for a kind without labels.

        Raises:
            Problem: a row that is not of this kind, with its file and line.
        """
        return []

    @classmethod
    def usable(cls, task: Task, rows: Sequence[Row], faults: Collector) -> list[Row]:
        """Those of ``rows`` that have labels of this kind; what is wrong with the others goes to ``faults``."""
        kept = []
        for row in rows:
            with faults.collect():
                cls.labels_of(task, [row])
                kept.append(row)
        return kept

    @classmethod
    def notes(cls, task: Task, rows: Iterable[Row]) -> dict[str, int]:
        """What is mended while ``rows`` are read -> how often; each name stands in ``report``."""
        return {}

    @abstractmethod
    def item(self, row: Row) -> Item:
        """``row`` as an item.

        Raises:
            Problem: it cannot be one, with its file and line.
        """

    @abstractmethod
    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """The tokens of each item, at most ``longest``."""

    def cut(self, items: Sequence[Item], tokenizer: Any, longest: int) -> int:
        """How many ``items`` have more than ``longest`` tokens, and are answered by what stands before the cut."""
        read, whole = (self.encode(items, tokenizer, most) for most in (longest, sys.maxsize))
        return sum(one != other for one, other in zip(read, whole, strict=True))

    def together(self, item: Item) -> str:
        """The text that ``item`` is from, with whose other items it is right or wrong; empty where there is none."""
        return item.document

    def bare(self, model: Any, padding: int | None) -> Network:
        """The body of ``model`` with a fresh head for the labels; nothing in it is set to be trained.

        Args:
            model: a language model, whose weights the network shares.
            padding: the id of padding.
        """
        return _network(model.base_model, model.config.hidden_size, max(1, len(self.labels)), model)

    def start(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> Head | None:
        """Where the head starts from, given a network that nothing was learned by yet; None: as it is.

        Must not depend on the seed: it is found once for all seeds.
        """
        return None

    @abstractmethod
    def loss(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item],
             padding: int) -> torch.Tensor | None:
        """The loss of one batch, or None if it teaches nothing."""

    @abstractmethod
    def predict(self, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> list[Answer]:
        """The answers to ``items``, in their order. Labels of ``items`` must not be looked at."""

    def untrained(self, objective: str, model: Any, tokenizer: Any, train: Sequence[Item], test: Sequence[Item],
                  longest: int, seeds: Sequence[int]) -> dict[str, list[list[Answer]]]:
        """What a model answers that was not fine-tuned: ``0_shot``, ``4_shot`` -> for each seed answers to ``test``.

        Where no example is shown there is nothing to draw, and one list of answers stands for all seeds.

        Args:
            objective: what the model was trained for.
            model: a language model.
            tokenizer: its.
            train: the items that may be shown as examples.
            test: the items to answer; none of them is ever shown.
            longest: tokens of an item.
            seeds: each for a choice of examples.
        """
        return {}

    @abstractmethod
    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """What each item adds to the sums that the scores are made of: (items, sums)."""

    @abstractmethod
    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Name of a score -> its values, from sums (..., sums); higher is better. The first is the one compared."""

    @abstractmethod
    def floors(self, train: Sequence[Item], test: Sequence[Item], seed: int) -> dict[str, list[Answer]]:
        """What needs no pretraining: ``majority`` (what knows no more than how common each answer is), and better."""

    def scores(self, items: Sequence[Item], answers: Sequence[Answer]) -> dict[str, float]:
        """Name of a score -> its value on all ``items``, the one that is compared first."""
        totals = self.statistics(items, answers).sum(0)
        return {name: float(value) for name, value in self.measures(totals).items()}

    def score(self, items: Sequence[Item], answers: Sequence[Answer]) -> float:
        """The score that is compared."""
        return next(iter(self.scores(items, answers).values()))


class Batched(Kind):
    """A kind that answers each item by itself, so that items of like length are asked together."""

    @abstractmethod
    def answer(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> list[Answer]:
        """The answers to one batch, in its order. Labels of ``items`` must not be looked at."""

    def predict(self, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> list[Answer]:
        """The answers to ``items``, in their order."""
        encoded = self.encode(items, tokenizer, longest)
        return _in_batches(network, encoded, lambda rows: self.answer(
            network, [encoded[row] for row in rows], [items[row] for row in rows], tokenizer.pad_token_id), exact=True)


class Labelling(Batched):
    """A kind that gives labels to a text or to its words.

    Attributes:
        by_word: whether to its words.
    """

    by_word: ClassVar[bool] = False

    def bare(self, model: Any, padding: int | None) -> Network:
        """The classifier of transformers, so that a release is loaded by its own calls."""
        unit: Unit = "word" if self.by_word else "text"
        return _classifier(_build_classifier(model, self.labels, unit, self.task.multi_label, padding), unit)

    def logits(self, network: Network, encoded: Sequence[Encoded], padding: int) -> list[NDArray[Any]]:
        """What the head gives to the units of each item of a batch: (units, labels) float32."""
        found = network(encoded, padding).float().cpu().numpy()
        return np.split(found, np.cumsum([item.count for item in encoded])[:-1])

    def arranged(self, logits: NDArray[Any]) -> NDArray[Any]:
        """``logits`` (units, labels) of one item as its answer takes them."""
        return logits

    def probabilities(self, logits: NDArray[Any]) -> NDArray[Any]:
        """The label probabilities that ``logits`` (units, labels) of one item stand for."""
        import torch
        found = torch.from_numpy(self.arranged(logits))
        table: NDArray[Any] = (found.sigmoid() if self.task.multi_label else found.softmax(-1)).numpy()
        return table

    def tables(self, network: Network, encoded: Sequence[Encoded], padding: int) -> list[NDArray[Any]]:
        """The label probabilities of the units of each item of a batch: (units, labels)."""
        return [self.probabilities(logits) for logits in self.logits(network, encoded, padding)]

    def answered(self, logits: NDArray[Any]) -> list[int]:
        """The answer that ``logits`` (units, labels) of one item stand for."""
        table = self.probabilities(logits)
        return self.decoded(table if self.by_word else table[0])

    def answer(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> list[Answer]:
        """For each item the numbers of its labels, or the number of each word's label."""
        return [self.answered(logits) for logits in self.logits(network, encoded, padding)]

    @abstractmethod
    def decoded(self, table: NDArray[Any]) -> list[int]:
        """The numbers of the labels that are answered, from probabilities (labels,) of a text, (words, labels)."""


def class_of(task: Task) -> type[Kind]:
    """The class of the kind of ``task``."""
    module, name = _CLASSES[task.kind]
    found: type[Kind] = getattr(import_module(f"vernacular.tasks.{module}"), name)
    return found
