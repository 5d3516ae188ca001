"""How labeled data is divided into train, dev and test where it does not say so itself.

The stages of the tasks and ``corpus/clean`` divide by this one function, so what is kept out of the corpus is what
models are scored and chosen by, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from vernacular.config.labeled_data import Data, FileData, HubData, Part

Entry = TypeVar("Entry")


def divide(data: FileData | HubData, parts: dict[Part, list[Entry]], text_of: Callable[[Entry], str]) -> dict[str, int]:
    """Move entries of train to the parts that are not named, by a digest of their texts; the order stays.

    Args:
        data: says which parts are named, and how large a share of train each other part gets.
        parts: all three; changed in place.
        text_of: the text of an entry. Entries with equal texts go to the same part.

    Returns:
        a note for each part that was drawn -> how many entries it got.
    """
    notes, low = {}, 0.0
    for part, share in _shares(data):
        if getattr(data, part) is None:
            high = low + share
            parts[part] = [entry for entry in parts["train"] if low <= _place(text_of(entry)) < high]
            notes[f"{part}_taken_from_train"] = len(parts[part])
            low = high
    parts["train"] = [entry for entry in parts["train"] if _place(text_of(entry)) >= low]
    return notes


def _shares(data: Data) -> tuple[tuple[Part, float], ...]:
    return ("test", data.test_share), ("dev", data.dev_share)


def _place(text: str) -> float:
    """A number from 0 to 1 that depends on the text alone: equal texts go together, and all questions on one."""
    digest = hashlib.sha256(f"{text}\0".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
