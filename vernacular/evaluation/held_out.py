"""Held-out lines for evaluations, and the preprocessing of tasks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vernacular.config.tasks import Task
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.tasks.weak_labels import lower
from vernacular.text.words import words

LEAST_WORDS = 4


def held_out_lines(splits: Path, least_words: int = LEAST_WORDS) -> list[str]:
    """Return the lines of the test split, in order.

    Args:
        splits: the folder of ``corpus/splits``.
        least_words: skip shorter lines: labels of two or three words are mostly chance.
    """
    return [line for row in read_rows(splits / file_of("test"), ["text"]) for line in row["text"].split("\n")
            if len(words(line)) >= least_words]


def preparation(task: Task) -> Callable[[str], str]:
    """Return the preprocessing of ``task``: lower-casing for names, else nothing."""
    return lower if task.labels is not None and task.labels.kind == "capitalised" else str
