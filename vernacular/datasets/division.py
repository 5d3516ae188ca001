"""Divide labeled data into train, dev and test if it does not define them.

Task stages and ``corpus/clean`` share this function, so decontamination covers exactly the items
that models are scored and selected by.
"""

from __future__ import annotations

import hashlib
from typing import Any

from vernacular.config.labeled_data import Data, Part
from vernacular.config.tasks import COLUMNS, Task
from vernacular.datasets.items import Row


def divide(task: Task, parts: dict[Part, list[Row]]) -> dict[str, int]:
    """Move rows from train to undefined parts, by a digest of their texts, keeping the order.

    The digest covers the first field of an item; rows with equal texts go to the same part.

    Args:
        task: its data names the defined parts, and the share of train for each other part.
        parts: all three; changed in place.

    Returns:
        a note for each drawn part -> its number of rows.
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
    """Return a number from 0 to 1 that depends only on the text, so that equal texts stay together."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    digest = hashlib.sha256(f"{text}\0".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
