"""How labeled data is divided into train, dev and test where it does not say so itself.

The stages of the tasks and ``corpus/clean`` divide by this one function, so what is kept out of the corpus is what
models are scored and chosen by, and nothing else.
"""

from __future__ import annotations

import hashlib
from typing import Any

from vernacular.config.labeled_data import Data, Part
from vernacular.config.tasks import COLUMNS, Task
from vernacular.datasets.items import Row


def divide(task: Task, parts: dict[Part, list[Row]]) -> dict[str, int]:
    """Move rows of train to the parts that are not named, by a digest of their texts; the order stays.

    The text is the first thing that an item of the kind is made of; rows with equal texts go to the same part.

    Args:
        task: its data says which parts are named, and how large a share of train each other part gets.
        parts: all three; changed in place.

    Returns:
        a note for each part that was drawn -> how many rows it got.
    """
    if task.data is None:
        return {}
    notes, low, role = {}, 0.0, next(iter(COLUMNS[task.kind]))
    places = [(_place(row.fields.get(role, "")), row) for row in parts["train"]]
    for part, share in _shares(task.data):
        if getattr(task.data, part) is None:
            high = low + share
            parts[part] = [row for place, row in places if low <= place < high]
            notes[f"{part}_taken_from_train"] = len(parts[part])
            low = high
    parts["train"] = [row for place, row in places if place >= low]
    return notes


def _shares(data: Data) -> tuple[tuple[Part, float], ...]:
    return ("test", data.test_share), ("dev", data.dev_share)


def _place(value: Any) -> float:
    """A number from 0 to 1 that depends on the text alone: equal texts go together, and all questions on one."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    digest = hashlib.sha256(f"{text}\0".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
