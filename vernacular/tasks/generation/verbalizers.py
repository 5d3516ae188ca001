"""Classification by a causal model without fine-tuning: the label whose words are likeliest after the text.

Likelihood is per byte, so that long label words are not penalized (``decoding.likelihoods``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vernacular.config.prompting import Prompting
from vernacular.datasets.items import Item
from vernacular.tasks.generation.decoding import likelihoods
from vernacular.tasks.generation.prompts import examples, shown


def classify(model: Any, tokenizer: Any, prompting: Prompting, labels: Sequence[str], train: Sequence[Item],
             test: Sequence[Item], shots: int, seed: int) -> list[list[int]]:
    """Return the index of each test item's likeliest label.

    ``prompting``: the format, and the words of the labels. ``train``: items to draw examples
    from.
    """
    template, words = prompting.template, [prompting.label_words.get(label, label) for label in labels]
    chosen = examples(train, test, shots, seed)
    shared = shown(template, [(one_line(item.text), words[item.labels[0]]) for item in chosen])
    table = likelihoods(model, tokenizer, shared, [template.prompt(one_line(item.text)) for item in test],
                        [template.answer(word) for word in words])
    return [[int(label)] for label in table.argmax(1)]


def one_line(text: str) -> str:
    """Collapse white space in ``text``: a line break ends an answer."""
    return " ".join(text.split())
