"""Few-shot examples for causal models: training items, equal for every scored item and model."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from vernacular.config.explain import did_you_mean
from vernacular.config.prompting import Prompting, Template
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.tasks.base import Answer


def examples(train: Sequence[Item], scored: Sequence[Item], count: int, seed: int) -> list[Item]:
    """Draw ``count`` examples from ``train`` with ``seed``.

    Items that share a text with a scored one are excluded. The order of ``train`` does not matter.

    Raises:
        Problem: there are too few.
    """
    scored_texts = {item.text for item in scored}, {item.second for item in scored if item.second}
    fit = {item.key() + item.labels: item for item in train
           if item.text not in scored_texts[0] and item.second not in scored_texts[1]}
    if count > len(fit):
        raise Problem(f"{count} examples are requested, but train has {len(fit)} usable items", where="prompt shots",
                      fix="Request fewer, or add items that are not scored", code=Code.DATA_SPLIT)
    chosen = [fit[key] for key in random.Random(seed).sample(sorted(fit), count)]
    # Checked again, since a score with its answer among the examples is worthless.
    assert not {item.text for item in chosen} & scored_texts[0]
    assert not {item.second for item in chosen} & scored_texts[1]
    return chosen


def check_label_words(prompting: Prompting, labels: Sequence[str], where: str) -> None:
    """Reject words for unknown labels, whose names would be used instead."""
    for label in prompting.label_words:
        if label not in labels:
            raise Problem(f"prompt.label_words: no item has the label '{label}'{did_you_mean(label, labels)}",
                          where=where, fix=f"Rename or remove it; labels: {', '.join(labels)}", code=Code.DATA_LABEL)


def shown(template: Template, pairs: Sequence[tuple[str, str]]) -> str:
    """Return sources with their answers as the prompt's beginning; empty without any."""
    return "".join(template.example(source, target) for source, target in pairs)


def by_shots(prompting: Prompting, seeds: Sequence[int],
             ask: Callable[[int, int], list[Answer]]) -> dict[str, list[list[Answer]]]:
    """Return ``ask`` for each number of examples and each seed; once if nothing is random."""
    return {f"{shots}_shot": [ask(shots, seed) for seed in (seeds if shots else seeds[:1])]
            for shots in prompting.shots}
