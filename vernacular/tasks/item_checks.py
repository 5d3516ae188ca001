"""Checks across the parts of a task: shared items, labels in only one part, contradictory labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vernacular.config.labeled_data import Part
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.tasks.base import Kind
from vernacular.text.words import plain_words


def _same(kind: Kind, item: Item) -> set[Any]:
    """Return the key of duplicate items: the words of both texts, or of each if one side leaks the other."""
    texts = [plain_words(text) or (text,) for text in item.key()]
    return set(enumerate(texts)) if kind.one_side_leaks else {tuple(texts)}


def drop(kind: Kind, parts: dict[Part, list[Item]], part: Part, other: Part) -> int:
    """Remove items of a part that also occur in ``other``; return their number."""
    there = {same for item in parts[other] for same in _same(kind, item)}
    kept = [item for item in parts[part] if there.isdisjoint(_same(kind, item))]
    dropped = len(parts[part]) - len(kept)
    parts[part] = kept
    return dropped


def contradictions_in(items: Iterable[Item]) -> list[tuple[Item, Item]]:
    """Return texts with contradictory labels: the first item, and the first that differs."""
    first: dict[tuple[str, str], Item] = {}
    other: dict[tuple[str, str], Item] = {}
    for item in items:
        if first.setdefault(item.key(), item).labels != item.labels:
            other.setdefault(item.key(), item)
    return [(first[key], item) for key, item in other.items()]


def check_labels_meet(kind: Kind, parts: Mapping[Part, Sequence[Item]], where: str) -> None:
    """Reject parts from which nothing can be learned or scored; kinds without labels always pass."""
    learned, scored = (labels_in(kind, parts[part]) for part in ("train", "test"))
    if len(learned) == 1 and not kind.task.multi_label:
        raise Problem(f"every training item has the label '{learned[0]}'", where=where,
                      fix="Add training items with at least two labels: one label cannot be learned",
                      code=Code.DATA_LABEL)
    for part, there in (("train", learned), ("test", scored)):
        if kind.task.multi_label and not there:
            raise Problem(f"no item in {part} has a label", where=where,
                          fix="Select the right column with `columns: {label: NAME}`, or add labeled items",
                          code=Code.DATA_LABEL)
    if learned and scored and not {*learned} & {*scored}:
        raise Problem(f"no label of test ({', '.join(scored)}) is in train ({', '.join(learned)})", where=where,
                      fix="Spell the labels of both parts alike", code=Code.DATA_LABEL)


def labels_in(kind: Kind, items: Iterable[Item]) -> list[str]:
    """Return the labels of ``items``, in the kind's order."""
    there = {number for item in items for number in item.labels}
    return [label for number, label in enumerate(kind.labels) if number in there]
