"""Text classification with one or several labels: topic, sentiment, kind of book."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from vernacular.config.tasks import Task
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item, Row
from vernacular.tasks.adapter_model import Encoded, Network, encode
from vernacular.tasks.base import Answer, Head, Labelling
from vernacular.tasks.baselines import majority, text_floor
from vernacular.tasks.generation.prompts import by_shots
from vernacular.tasks.generation.verbalizers import classify
from vernacular.tasks.head_init import linear_start, many_start
from vernacular.tasks.scoring import accuracy, f1, macro_f1, per_label, per_label_sets


class SequenceClassification(Labelling):
    """One label per text; with ``multi_label`` any number."""

    def __init__(self, task: Task, labels: Sequence[str]) -> None:
        super().__init__(task, labels)
        self._index = {label: number for number, label in enumerate(self.labels)}

    @classmethod
    def labels_of(cls, task: Task, rows: Iterable[Row]) -> list[str]:
        """Return the labels, sorted."""
        return sorted({label for row in rows for label in _labels(task, row)})

    def item(self, row: Row) -> Item:
        """Return the text and its labels."""
        return Item(text_of(row, "text"), self.numbers(row), row.where)

    def numbers(self, row: Row) -> tuple[int, ...]:
        """Return the label indices of a row."""
        return tuple(sorted(self._index[label] for label in _labels(self.task, row)))

    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """Return the text as one unit."""
        return encode([item.text for item in items], tokenizer, longest)

    def start(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item], padding: int) -> Head | None:
        """Fit a logistic regression to the texts' states."""
        labels = [item.labels for item in items]
        return (many_start if self.task.multi_label else linear_start)(network, encoded, labels, padding)

    def loss(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item],
             padding: int) -> torch.Tensor | None:
        """Return the cross entropy; for multi-label, of each label against its absence."""
        outputs = network(encoded, padding).float()
        if not self.task.multi_label:
            return cross_entropy(outputs, torch.tensor([item.labels[0] for item in items], device=outputs.device))
        target = torch.zeros_like(outputs)
        for row, item in enumerate(items):
            target[row, list(item.labels)] = 1
        return binary_cross_entropy_with_logits(outputs, target)

    def decoded(self, table: NDArray[Any]) -> list[int]:
        """Return the labels predicted from probabilities (labels,)."""
        return np.flatnonzero(table >= 0.5).tolist() if self.task.multi_label else [int(table.argmax())]

    def untrained(self, objective: str, model: Any, tokenizer: Any, train: Sequence[Item], test: Sequence[Item],
                  longest: int, seeds: Sequence[int]) -> dict[str, list[list[Answer]]]:
        """Return the labels whose words a causal model finds likeliest, if the task has a prompt."""
        asked = self.task.prompt
        if asked is None or objective != "causal":
            return {}
        return by_shots(asked, seeds, lambda shots, seed: list(classify(
            model, tokenizer, asked, self.labels, train, test, shots, seed)))

    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """Return hits, predictions and truths of each label: (items, 3 of each)."""
        truths = [item.labels for item in items]
        return (per_label_sets if self.task.multi_label else per_label)(truths, answers, len(self.labels))

    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return macro F1 over occurring labels, and accuracy; for multi-label micro F1 instead."""
        parts = totals.reshape(*totals.shape[:-1], -1, 3)
        second = {"micro_f1": f1(parts.sum(-2))} if self.task.multi_label else {"accuracy": accuracy(parts)}
        return {"macro_f1": macro_f1(parts), **second}

    def floors(self, train: Sequence[Item], test: Sequence[Item], seed: int) -> dict[str, list[Answer]]:
        """Return the most frequent label; a logistic regression on character TF-IDF."""
        read = text_floor([(item.text, item.second) for item in train], [item.labels for item in train],
                          [(item.text, item.second) for item in test], len(self.labels), seed,
                          many=self.task.multi_label)
        return {"majority": [majority(train)] * len(test), "tfidf_logistic": [self.decoded(row) for row in read]}


def text_of(row: Row, role: str) -> str:
    """Return the text of a row in ``role``.

    Raises:
        Problem: there is none.
    """
    value = row.fields[role]
    if not isinstance(value, str) or not value.strip():
        raise Problem(f"its {role} is empty or not text", where=row.where,
                      fix="Remove the row, or select the right column with `columns:`", code=Code.DATA_EMPTY)
    return value.strip()


def _labels(task: Task, row: Row) -> list[str]:
    value = row.fields["label"]
    if task.multi_label:
        assert task.data is not None  # validated by Task
        found = value if isinstance(value, list) else [value] if isinstance(value, dict) else (
            "" if value is None else str(value)).split(task.data.separator)
        named = not any(isinstance(label, list | dict) for label in found)
        if not named or (len({*found}) < len(found) and {*found} <= {0, 1}):  # a vector would be read as two labels
            raise Problem(f"its label is {'a vector of 0 and 1' if named else 'nested'}, not a list of names",
                          where=row.where, fix="Write the names of its labels: [\"news\", \"sports\"]",
                          code=Code.DATA_LABEL)
        return sorted({str(label).strip() for label in found if label is not None and str(label).strip()})
    if value is None or isinstance(value, list | dict) or not str(value).strip():
        raise Problem("it has no label, or several", where=row.where,
                      fix="Give it one, or set `multi_label: true` on the task", code=Code.DATA_LABEL)
    return [str(value).strip()]
