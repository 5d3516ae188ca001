"""The parts of a task held against each other: items that two share, labels that only one has, texts labeled twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vernacular.config.labeled_data import Part
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.tasks.base import Kind
from vernacular.text.words import plain_words


def _same(kind: Kind, item: Item) -> set[Any]:
    """What makes an item known elsewhere: the words of its texts together, or of each where one of them tells."""
    texts = [plain_words(text) or (text,) for text in item.key()]
    return set(enumerate(texts)) if kind.one_text_tells else {tuple(texts)}


def drop(kind: Kind, parts: dict[Part, list[Item]], part: Part, other: Part) -> int:
    """Take out of a part the items that are known from ``other``; how many there were."""
    there = {same for item in parts[other] for same in _same(kind, item)}
    kept = [item for item in parts[part] if there.isdisjoint(_same(kind, item))]
    dropped = len(parts[part]) - len(kept)
    parts[part] = kept
    return dropped


def contradictions_in(items: Iterable[Item]) -> list[tuple[Item, Item]]:
    """Each text that has other labels somewhere else: its first item, and the first that says otherwise."""
    first: dict[tuple[str, str], Item] = {}
    other: dict[tuple[str, str], Item] = {}
    for item in items:
        if first.setdefault(item.key(), item).labels != item.labels:
            other.setdefault(item.key(), item)
    return [(first[key], item) for key, item in other.items()]


def check_labels_meet(kind: Kind, parts: Mapping[Part, Sequence[Item]], where: str) -> None:
    """Refuse parts of whose labels nothing can be learned, or nothing scored; a kind without labels has no such."""
    learned, scored = (labels_in(kind, parts[part]) for part in ("train", "test"))
    if len(learned) == 1 and not kind.task.multi_label:
        raise Problem(f"every item in train has the label '{learned[0]}'", where=where,
                      fix="Give train items of two labels or more: of one there is nothing to learn")
    for part, there in (("train", learned), ("test", scored)):
        if kind.task.multi_label and not there:
            raise Problem(f"no item in {part} has a label", where=where,
                          fix="Name the right column with `columns: {label: NAME}`, or give it items that have one")
    if learned and scored and not {*learned} & {*scored}:
        raise Problem(f"no label of test ({', '.join(scored)}) stands in train ({', '.join(learned)})", where=where,
                      fix="Write the labels of both parts in one way")


def labels_in(kind: Kind, items: Iterable[Item]) -> list[str]:
    """The labels that ``items`` have, in the kind's order."""
    there = {number for item in items for number in item.labels}
    return [label for number, label in enumerate(kind.labels) if number in there]
