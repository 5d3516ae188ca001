"""The examples that a causal model is shown: training items, the same for every scored item and every model."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from vernacular.config.explain import did_you_mean
from vernacular.config.prompting import Prompting, Template
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.tasks.base import Answer


def examples(train: Sequence[Item], scored: Sequence[Item], count: int, seed: int) -> list[Item]:
    """``count`` items of ``train`` to show, drawn from ``seed``.

    Items that share a text with a scored one are not shown. The order of ``train`` does not matter.

    Raises:
        Problem: there are not as many: fewer would stand under the name of ``count``.
    """
    held = {item.text for item in scored}, {item.second for item in scored if item.second}
    fit = {item.key() + item.labels: item for item in train if item.text not in held[0] and item.second not in held[1]}
    if count > len(fit):
        raise Problem(f"{count} examples are asked for, and train has {len(fit)} items to show", where="prompt shots",
                      fix="Show fewer, or give it more items that are not scored")
    chosen = [fit[key] for key in random.Random(seed).sample(sorted(fit), count)]
    # Nobody may be able to break this by editing the line above: a score with a shown answer in it is worth nothing.
    assert not {item.text for item in chosen} & held[0] and not {item.second for item in chosen} & held[1]
    return chosen


def check_label_words(prompting: Prompting, labels: Sequence[str], where: str) -> None:
    """Refuse words for what is no label: the label's own name would be asked for instead.

    Raises:
        Problem: one of ``label_words`` is for a label that no item has.
    """
    for label in prompting.label_words:
        if label not in labels:
            raise Problem(f"prompt.label_words: no item has the label '{label}'{did_you_mean(label, labels)}",
                          where=where, fix=f"Rename or remove it; labels here: {', '.join(labels)}")


def shown(template: Template, pairs: Sequence[tuple[str, str]]) -> str:
    """Sources with their answers as the text that precedes every prompt; empty without any."""
    return "".join(template.example(source, target) for source, target in pairs)


def by_shots(prompting: Prompting, seeds: Sequence[int],
             ask: Callable[[int, int], list[Answer]]) -> dict[str, list[list[Answer]]]:
    """What ``ask`` answers for each number of examples and each seed; once where there is nothing to draw."""
    return {f"{shots}_shot": [ask(shots, seed) for seed in (seeds if shots else seeds[:1])]
            for shots in prompting.shots}
