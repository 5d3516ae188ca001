"""Text generation by causal models: translation, headlines, answers.

Scored with chrF and bits per byte.

Fine-tuning trains only the answer's tokens. Without fine-tuning the model sees no or a few training
items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.config.prompting import Prompting
from vernacular.config.tasks import Task
from vernacular.datasets.items import Item, Row
from vernacular.modeling.packing import opening
from vernacular.tasks.adapter_model import Encoded, Network
from vernacular.tasks.base import Answer, Kind
from vernacular.tasks.generation.answer_loss import answer_loss
from vernacular.tasks.generation.baseline import nearest
from vernacular.tasks.generation.chrf import ORDERS, chrf, statistics
from vernacular.tasks.generation.decoding import answer_ids, bits, complete, ids_of
from vernacular.tasks.generation.prompts import by_shots, examples, shown
from vernacular.tasks.generation.verbalizers import one_line
from vernacular.tasks.sequence_classification import text_of

_KNOWS_NOTHING = 8.0  # bits per byte of an answer without probabilities


class Generation(Kind):
    """A line of text for a line of text. A prediction is ``{"text": ..., "bits": of the right answer}``."""

    one_side_leaks = True

    def __init__(self, task: Task, labels: Sequence[str]) -> None:
        super().__init__(task, labels)
        assert task.prompt is not None  # validated by Task
        self._prompting: Prompting = task.prompt
        self._template = task.prompt.template

    def item(self, row: Row) -> Item:
        """Return source and target, each as one line."""
        return Item(one_line(text_of(row, "source")), document=row.where, second=one_line(text_of(row, "target")))

    def encode(self, items: Sequence[Item], tokenizer: Any, longest: int) -> list[Encoded]:
        """Return prompt and answer; the answer's tokens are the unit.

        They are tokenized separately, as during prediction, when only the prompt exists. An
        overlong item first loses the end of the answer, down to half, then the beginning of the
        prompt.
        """
        first = opening(tokenizer)
        prompts = ids_of(tokenizer, [self._template.prompt(item.text) for item in items])
        answers = answer_ids(tokenizer, [self._template.answer(item.second) for item in items])
        out = []
        for prompt, answer in zip(prompts, answers, strict=True):
            kept = answer[:max(longest // 2, longest - len(first) - len(prompt))]
            read = [*first, *prompt[max(0, len(first) + len(prompt) + len(kept) - longest):]]
            out.append(Encoded([*read, *kept], [-1] * len(read) + [0] * len(kept), 1))
        return out

    def cut(self, items: Sequence[Item], tokenizer: Any, longest: int) -> int:
        """Return 0: prediction is limited by the model's positions, not by the training length."""
        return 0

    def loss(self, network: Network, encoded: Sequence[Encoded], items: Sequence[Item],
             padding: int) -> torch.Tensor | None:
        """Return the mean negative log-likelihood of the answers' tokens."""
        return answer_loss(network.whole, encoded, padding)

    def predict(self, network: Network, tokenizer: Any, items: Sequence[Item], longest: int) -> list[Answer]:
        """Return the fine-tuned model's texts."""
        return self._written(network.whole, tokenizer, items, "")

    def untrained(self, objective: str, model: Any, tokenizer: Any, train: Sequence[Item], test: Sequence[Item],
                  longest: int, seeds: Sequence[int]) -> dict[str, list[list[Answer]]]:
        """Return the model's texts after no or a few training items."""
        return by_shots(self._prompting, seeds, lambda shots, seed: self._written(model, tokenizer, test, shown(
            self._template, [(item.text, item.second) for item in examples(train, test, shots, seed)])))

    def _written(self, model: Any, tokenizer: Any, items: Sequence[Item], shared: str) -> list[Answer]:
        prompts = [self._template.prompt(item.text) for item in items]
        texts = complete(model, tokenizer, shared, prompts, self._prompting.longest_answer)
        wanted = bits(model, tokenizer, shared, prompts, [self._template.answer(item.second) for item in items])
        return [{"text": text, "bits": float(cost)} for text, cost in zip(texts, wanted, strict=True)]

    def statistics(self, items: Sequence[Item], answers: Sequence[Answer]) -> NDArray[Any]:
        """Return chrF counts, and bits and bytes of the right answer: (items, 20)."""
        sizes = np.array([len(self._template.answer(item.second).encode()) for item in items], float)
        costs = [answer["bits"] if "bits" in answer else _KNOWS_NOTHING * size
                for answer, size in zip(answers, sizes, strict=True)]
        counts = statistics([answer["text"] for answer in answers], [item.second for item in items])
        return np.concatenate([counts, np.array(costs)[:, None], sizes[:, None]], 1)

    def measures(self, totals: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return chrF, 0 to 100, and the negative bits per UTF-8 byte of the right answer: -8 is no knowledge."""
        return {"chrf": chrf(totals[..., :3 * ORDERS]),
                "minus_bits_per_byte": -totals[..., -2] / np.maximum(totals[..., -1], 1)}

    def floors(self, train: Sequence[Item], test: Sequence[Item], seed: int) -> dict[str, list[Answer]]:
        """Return the most frequent training answer; the source itself; the answer to the nearest training source."""
        commonest = Counter(item.second for item in train).most_common(1)[0][0]
        found = {"majority": [commonest] * len(test), "copy": [item.text for item in test],
                 "nearest": nearest(train, test)}
        return {name: [{"text": text} for text in texts] for name, texts in found.items()}

