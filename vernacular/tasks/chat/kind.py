"""Answers in conversations by a model with a chat template, learned from conversations.

Scored is the last answer: chrF of what the model writes, and the likelihood of the right answer in bits
per UTF-8 byte, which tokenizers of different fineness do not change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.datasets.items import Item, Row
from vernacular.modeling.chat import replies, with_answers
from vernacular.modeling.device import autocast, device_of
from vernacular.tasks.adapter_model import Encoded, Network
from vernacular.tasks.base import Answer, Kind
from vernacular.tasks.chat.conversations import conversation, item_of, messages_of
from vernacular.tasks.generation.answer_loss import answer_loss, answer_nats
from vernacular.tasks.generation.baseline import nearest
from vernacular.tasks.generation.chrf import ORDERS, chrf, statistics

MOST_TOKENS = 128  # of an answer that is written to be scored
_KNOWS_NOTHING = 8.0  # bits per byte of an answer without probabilities
_BATCH = 8


class Chat(Kind):
    """The next answer in a conversation. A prediction is ``{"text": ..., "bits": of the right answer}``."""

    def item(self, row: Row) -> Item:
        """Return the conversation up to the last answer, and this answer.

        Raises:
            Problem: the row is not a conversation.
        """
        return item_of(messages_of(row), row.where)

    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """Return whole conversations; all answers are the unit. An overlong one loses its beginning."""
        out = []
        for item in items:
            tokens, own = with_answers(tokenizer, conversation(item, answer=True), item.document)
            out.append(Encoded(tokens[-longest:], [0 if one else -1 for one in own[-longest:]], 1))
        return out

    def loss(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item],
             padding: int) -> torch.Tensor | None:
        """Return the mean negative log-likelihood of the answers' tokens."""
        return answer_loss(network.whole, encoded, padding)

    def predict(self, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> list[Answer]:
        """Return the fine-tuned model's answers."""
        return self._written(network.whole, tokenizer, items, longest)

    def untrained(self, objective: str, model: Any, tokenizer: Any, train: Sequence[Item], test: Sequence[Item],
                  longest: int, seeds: Sequence[int]) -> dict[str, list[list[Answer]]]:
        """Return the answers of the model as it is."""
        return {"0_shot": [self._written(model, tokenizer, test, longest)]}

    def _written(self, model: Any, tokenizer: Any, items: Sequence[Item], longest: int) -> list[Answer]:
        with torch.inference_mode(), autocast(device_of(model)):
            texts = [reply.text for reply in replies(model, tokenizer, [conversation(item) for item in items],
                                                     "conversations", MOST_TOKENS)]
            encoded = [_last_answer(one) for one in self.encode(items, tokenizer, longest)]
            nats = [cost for first in range(0, len(encoded), _BATCH) for cost in answer_nats(
                model, encoded[first:first + _BATCH], tokenizer.pad_token_id)]
        return [{"text": text, "bits": cost / math.log(2)} for text, cost in zip(texts, nats, strict=True)]

    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """Return chrF counts, bits and bytes of the right answer, equal answers and answers: (items, 22)."""
        sizes = np.array([len(item.second.encode()) for item in items], float)
        costs = [answer["bits"] if "bits" in answer else _KNOWS_NOTHING * size
                 for answer, size in zip(answers, sizes, strict=True)]
        same = [" ".join(answer["text"].split()) == " ".join(item.second.split())
                for item, answer in zip(items, answers, strict=True)]
        counts = statistics([answer["text"] for answer in answers], [item.second for item in items])
        return np.concatenate([counts, np.array([costs, sizes, same, np.ones(len(items))], float).T], 1)

    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return chrF (0 to 100), the negative bits per UTF-8 byte of the right answer, and the share of equal ones."""
        bits, sizes, same, count = np.moveaxis(totals[..., 3 * ORDERS:], -1, 0)
        return {"chrf": chrf(totals[..., :3 * ORDERS]), "minus_bits_per_byte": -bits / np.maximum(sizes, 1),
                "exact": same / np.maximum(count, 1)}

    def floors(self, train: Sequence[Item], test: Sequence[Item], seed: int) -> dict[str, list[Answer]]:
        """Return the most frequent training answer, and the answer to the nearest training conversation."""
        commonest = Counter(item.second for item in train).most_common(1)[0][0]
        found = {"majority": [commonest] * len(test), "nearest": nearest(train, test)}
        return {name: [{"text": text} for text in texts] for name, texts in found.items()}


def _last_answer(encoded: Encoded) -> Encoded:
    """Return the same with the last answer as its unit."""
    units = encoded.units
    start = next((at + 1 for at in range(len(units) - 1, -1, -1) if units[at] < 0), 0)
    return Encoded(encoded.tokens, [-1] * start + units[start:], 1)
