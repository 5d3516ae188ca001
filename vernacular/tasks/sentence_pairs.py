"""Labels for text pairs: inference, paraphrase, question and answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vernacular.datasets.items import Item, Row
from vernacular.tasks.adapter_model import Encoded, encode_pairs
from vernacular.tasks.sequence_classification import SequenceClassification, text_of


class SentencePairs(SequenceClassification):
    """One label for two texts, read together."""

    def item(self, row: Row) -> Item:
        """Return both texts and the label."""
        return Item(text_of(row, "text"), self.numbers(row), row.where, second=text_of(row, "second"))

    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """Return both texts as one unit."""
        return encode_pairs([(item.text, item.second) for item in items], tokenizer, longest)
