"""Labeled items derived from the text; settings define the labels.

Items of a part come only from documents of that part, so no scored item was seen in pretraining.
"""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vernacular.config.tasks import Groups, Task, derived_labels
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.tasks.base import IGNORED
from vernacular.text.words import word_spans, words

OUTSIDE, NAME = 0, 1
DRAW = 5  # seed of the draw, equal for every model, so that scores are comparable


def derive(task: Task, documents: Iterable[Mapping[str, Any]], count: int, seed: int,
           whole: bool = False) -> list[Item]:
    """Return at most ``count`` items, drawn regardless of their labels.

    Args:
        task: defines the labels.
        documents: rows of one part of the splits.
        count: most items.
        seed: of the draw.
        whole: whether every label must occur before the draw, as for training.

    Raises:
        Problem: nothing can be derived from these documents, or a label is missing.
    """
    items = list(_by_group(task.labels, documents) if isinstance(task.labels, Groups) else _by_capitals(documents))
    if not items:
        raise Problem("no labeled item can be derived from the text", where=f"task {task.description or task.kind}",
                      fix="Check tasks.<name>.labels against the documents' paths, or add text", code=Code.DATA_LABEL)
    there = {label for item in items for label in item.labels}
    missing = [name for number, name in enumerate(derived_labels(task)) if number not in there]
    if whole and missing:
        raise Problem(f"no training line has the label {', '.join(missing)}",
                      where=f"task {task.description or task.kind}", fix=(
                          "Correct the patterns of `groups:`, for source/path of documents, or remove the group"
                          if isinstance(task.labels, Groups) else
                          "The text has no capitals inside sentences: remove the task, or label names manually"),
                      code=Code.DATA_LABEL)
    random.Random(seed).shuffle(items)
    return items[:count]


def _by_group(labels: Groups, documents: Iterable[Mapping[str, Any]]) -> Iterable[Item]:
    names = sorted(labels.groups)
    for document in documents:
        place = f"{document['source']}/{document['path']}"
        index = next((index for index, name in enumerate(names)
                      if any(fnmatch.fnmatchcase(place, pattern) for pattern in labels.groups[name])), None)
        if index is not None:
            for line in document["text"].split("\n"):
                if len(words(line)) >= 3:
                    yield Item(line, (index,), document["id"])


def _by_capitals(documents: Iterable[Mapping[str, Any]]) -> Iterable[Item]:
    for document in documents:
        for line in document["text"].split("\n"):
            labels = capital_labels(line)
            if sum(label != IGNORED for label in labels) >= 3:
                yield Item(lower(line), labels, document["id"])


def lower(line: str) -> str:
    """Lower-case ``line`` letter by letter, so that words keep their positions."""
    lowered = line.lower()
    if len(lowered) == len(line) and "Σ" not in line:  # Python lower-cases a final sigma differently
        return lowered
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in line)


def capital_labels(line: str) -> tuple[int, ...]:
    """Return for each word of ``line`` ``NAME`` if it is capitalized, else ``OUTSIDE``.

    The first word and words after punctuation are ``IGNORED``, since capitals there are regular.
    """
    labels = []
    end = 0
    for index, (start, stop) in enumerate(word_spans(line)):
        between = line[end:start]
        if index == 0 or between.strip():
            labels.append(IGNORED)
        else:
            labels.append(NAME if line[start].isupper() else OUTSIDE)
        end = stop
    return tuple(labels)


def known_names(items: Sequence[Item]) -> set[str]:
    """Return the words labeled ``NAME`` in ``items``, which do not test finding new names."""
    return {item.text[start:stop] for item in items
            for (start, stop), label in zip(word_spans(item.text), item.labels, strict=True) if label == NAME}


def unseen_only(items: Sequence[Item], known: set[str]) -> list[Item]:
    """Set every word of ``known`` in the items to ``IGNORED``."""
    return [Item(item.text, tuple(IGNORED if item.text[start:stop] in known else label
                                  for (start, stop), label in zip(word_spans(item.text), item.labels, strict=True)),
                 item.document) for item in items]
