"""Predictors that answer by a simple rule, in place of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.unit.tasks.made import kind_of, tagged, task_of
from vernacular.text.words import words

TEST: dict[str, Any] = {"name": "a_test", "capability": "robustness", "type": "invariance", "task": "names",
                        "author": "me"}


class Likeliest:
    """Answers the likeliest label, whatever is answered beside it."""

    def decoded(self, table: Any) -> list[int]:
        return [int(label) for label in np.atleast_1d(table.argmax(-1))]

    def unread(self, text: str) -> str:
        return ""


class FakeWords(Likeliest):
    """Labels a word as a name if it is in its list."""

    labels = ("O", "NAME")

    def __init__(self, *known: str) -> None:
        self.known = known

    def probabilities(self, texts: Sequence[str]) -> list[Any]:
        return [np.array([[0.2, 0.8] if word in self.known else [0.9, 0.1] for word in words(text)]).reshape(-1, 2)
                for text in texts]


class FakeLines(Likeliest):
    """Says ``loud`` of a line by its share of capitals."""

    labels = ("loud", "quiet")

    def probabilities(self, texts: Sequence[str]) -> list[Any]:
        shares = [sum(char.isupper() for char in text) / max(1, sum(map(str.isalpha, text))) for text in texts]
        return [np.array([share, 1 - share]) for share in shares]


class InOneGo(FakeWords):
    """Labels entities as the released model does: an I- that continues nothing begins an entity."""

    kind = kind_of(task_of("token_classification"), tagged("a/B-PER b/I-PER c/B-LOC d/I-LOC e/O"))
    labels = tuple(kind.labels)  # type: ignore[assignment]
    decoded = kind.decoded

    def probabilities(self, texts: Sequence[str]) -> list[Any]:
        return [np.array([row_of(self.labels, word) for word in words(text)]) for text in texts]


def row_of(labels: Sequence[str], word: str) -> list[float]:
    """Torn between O and what the word's capital says: ``Px`` a person, ``Lx`` a place, always as if inside of one."""
    inside = {"P": "I-PER", "L": "I-LOC"}.get(word[0])
    shares = {"O": .99} if inside is None else {inside: .50, "O": .30, f"B-{inside[2:]}": .18}
    return [shares.get(label, .001) for label in labels]
