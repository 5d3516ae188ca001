"""Held-out lines for the evaluations that draw from the test split, and what a task does to a line beforehand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vernacular.config.tasks import Task
from vernacular.core.jsonl import read_jsonl
from vernacular.tasks.weak_labels import lower
from vernacular.text.words import words

LEAST_WORDS = 4


def held_out_lines(splits: Path, least_words: int = LEAST_WORDS) -> list[str]:
    """The lines of the test split, in its order.

    Args:
        splits: the folder of ``corpus/splits``.
        least_words: shorter lines are left out: on two or three words a label is mostly chance.
    """
    return [line for row in read_jsonl(splits / "test.jsonl") for line in row["text"].split("\n")
            if len(words(line)) >= least_words]


def preparation(task: Task) -> Callable[[str], str]:
    """What ``task`` does to a line before the model reads it: names without their capitals, else nothing."""
    return lower if task.labels is not None and task.labels.kind == "capitalised" else str
