"""Kinds as language.yaml would make them, and their items, written short."""

from __future__ import annotations

from typing import Any

from vernacular.config.tasks import Task
from vernacular.datasets.items import Item, Row
from vernacular.tasks.base import Kind, class_of
from vernacular.tasks.sequence_classification import SequenceClassification
from vernacular.tasks.token_classification import TokenClassification

FILES = {"kind": "files", "train": "train.jsonl"}


def task_of(kind: str, **more: Any) -> Task:
    """A task on labelled data."""
    return Task.model_validate({"kind": kind, "data": FILES, **more})


def kind_of(task: Task, rows: list[Row]) -> Kind:
    """The kind of ``task`` with the labels of ``rows``."""
    found = class_of(task)
    return found(task, found.labels_of(task, rows))


def tagged(*sentences: str) -> list[Row]:
    """Rows of "word/TAG word/TAG"."""
    return [Row(f"a.conll:{number}", {"words": [pair.rsplit("/", 1)[0] for pair in sentence.split()],
                                      "labels": [pair.rsplit("/", 1)[1] for pair in sentence.split()]})
            for number, sentence in enumerate(sentences)]


def names_kind() -> TokenClassification:
    """The derived kind: which words are names."""
    task = Task.model_validate({"kind": "token_classification", "labels": {"kind": "capitalised"}})
    return TokenClassification(task, ["O", "NAME"])


def topics(*labels: str, **more: Any) -> SequenceClassification:
    """A kind that predicts the topic of a text."""
    return SequenceClassification(task_of("sequence_classification", **more), labels)


def items_of(kind: Kind, rows: list[Row]) -> list[Item]:
    """The items of ``rows``."""
    return [kind.item(row) for row in rows]
