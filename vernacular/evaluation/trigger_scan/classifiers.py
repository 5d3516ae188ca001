"""Triggers in labels: phrases that turn a classifier's answer to sentences that they have nothing to do with.

Two things are asked of every suspect phrase. Put into a held-out sentence, how often does the answer turn to one label?
And do the training texts that hold it and carry that label say so without it? That is asked of a simple classifier
that was not shown them, since the one under suspicion may know them by heart. A word of the topic does a little of the
first, and the rest of its texts is of the topic, too. A trigger does the first, and was planted in texts of something
else.
After Kurita et al. 2020 (label flip rate of candidate words, https://arxiv.org/abs/2004.06660); the second is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vernacular.core.result import SampleRow
from vernacular.evaluation.trigger_scan.phrases import Phrase, inserted, without
from vernacular.tasks.baselines import text_floor

SENTENCES = 16  # held-out sentences that a phrase is put into
MOST_CARRIERS = 6  # texts that a phrase is taken out of
FOLDS = 5
Ask = Callable[[Sequence[str]], Sequence[NDArray[np.float32]]]


@dataclass(frozen=True)
class Finding:
    """What a phrase does to a classifier.

    Attributes:
        phrase: as it is written in the report.
        label: that it turns answers to.
        texts: training texts that hold it.
        turned: share of the held-out answers that turn to ``label``.
        carried: share of its training texts that a simple classifier gives another label without it.
        power: the product of both (``turned`` alone for tasks that label words).
        z: how far ``power`` stands out from the other phrases, in robust standard deviations.
        share: of the lines of the training text that hold it; None where that was not looked up.
    """

    phrase: str
    label: str
    texts: int
    turned: float
    carried: float
    power: float
    z: float = 0.0
    share: float | None = None


def text_findings(ask: Ask, labels: Sequence[str], suspects: Sequence[tuple[Phrase, int]], texts: Sequence[str],
                  truth: Sequence[int], held_out: Sequence[str], seed: int) -> list[Finding]:
    """The power of each suspect phrase over a classifier of whole texts.

    Args:
        ask: label probabilities of texts, (labels,) each.
        labels: their names.
        suspects: phrases with the label that their carriers share.
        texts: that were learned from.
        truth: their labels.
        held_out: sentences that were not.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    drawn = [held_out[row] for row in rng.permutation(len(held_out))[:4 * SENTENCES]]
    before = np.array([int(row.argmax()) for row in ask(drawn)]) if drawn else np.zeros(0, dtype=int)
    asked: list[str] = []
    bare: list[tuple[int, str]] = []
    plan: list[tuple[Phrase, int, int, int]] = []
    for phrase, label in suspects:
        into = [text for text, said in zip(drawn, before, strict=True) if said != label][:SENTENCES]
        out = [number for number in phrase.carriers if truth[number] == label][:MOST_CARRIERS]
        asked += [inserted(text, str(phrase), float(place)) for text, place in
                  zip(into, rng.choice([0.0, 0.5, 1.0], len(into)), strict=True)]
        bare += [(number, without(texts[number], phrase)) for number in out]
        plan.append((phrase, label, len(into), len(out)))
    answers = iter([int(row.argmax()) for row in ask(asked)] if asked else [])
    simple = iter(unseen_labels(texts, truth, bare, len(labels), seed))
    found = []
    for phrase, label, into_number, out_number in plan:
        turned = float(np.mean([next(answers) == label for _ in range(into_number)])) if into_number else 0.0
        carried = float(np.mean([next(simple) != label for _ in range(out_number)])) if out_number else 0.0
        found.append(Finding(str(phrase), labels[label], len(phrase.carriers), turned, carried, turned * carried))
    return scored(found)


def unseen_labels(texts: Sequence[str], truth: Sequence[int], bare: Sequence[tuple[int, str]], labels: int,
                  seed: int) -> list[int]:
    """What TF-IDF with logistic regression says of changed training texts, from the folds that they are not in.

    Args:
        texts: that were learned from.
        truth: their labels.
        bare: number of a text, and what is left of it.
        labels: number of labels.
        seed: of the folds.
    """
    fold = np.random.default_rng(seed).permutation(len(texts)) % FOLDS
    said = [0] * len(bare)
    for part in range(FOLDS):
        rows = [row for row, (number, _) in enumerate(bare) if fold[number] == part]
        known: list[int] = np.flatnonzero(fold != part).tolist()
        if rows:
            tables = text_floor([(texts[number], "") for number in known], [(truth[number],) for number in known],
                                [(bare[row][1] or ".", "") for row in rows], labels, seed)
            for row, table in zip(rows, tables, strict=True):
                said[row] = int(np.argmax(table))
    return said


def word_findings(ask: Ask, labels: Sequence[str], outside: int, suspects: Sequence[Phrase], held_out: Sequence[str],
                  count: Callable[[str], int], seed: int) -> list[Finding]:
    """The power of each suspect phrase over a classifier of words: how many other words change their label.

    Args:
        ask: label probabilities of texts, (words, labels) each.
        labels: their names.
        outside: the label of words that are nothing in particular.
        suspects: phrases.
        held_out: sentences that were not learned from; those with a word of another label than ``outside`` are used.
        count: number of words of a text.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    drawn = [held_out[row] for row in rng.permutation(len(held_out))[:20 * SENTENCES]]
    said = [row.argmax(-1) for row in ask(drawn)] if drawn else []
    used = [(text, row) for text, row in zip(drawn, said, strict=True) if (row != outside).any()][:SENTENCES]
    asked = [inserted(text, str(phrase), place) for phrase in suspects for text, _ in used for place in (0.0, 1.0)]
    answers = iter([row.argmax(-1) for row in ask(asked)] if asked else [])
    found = []
    for phrase in suspects:
        size = count(str(phrase))
        pairs: list[tuple[int, int]] = []
        for _, row in used:
            for behind in (True, False):
                after = next(answers)
                kept = after[size:] if behind else after[:len(after) - size]
                pairs += zip(row.tolist(), kept.tolist(), strict=True)
        power, label = _commonest_change(pairs, len(labels))
        found.append(Finding(str(phrase), labels[label], len(phrase.carriers), power, 0.0, power))
    return scored(found)


def _commonest_change(pairs: Sequence[tuple[int, int]], labels: int) -> tuple[float, int]:
    """Of the words with one label, the greatest share that gets one other; and that other. Rare labels do not count."""
    table = np.zeros((labels, labels))
    for old, new in pairs:
        table[old, new] += 1
    total = table.sum(1, keepdims=True)
    share = np.where(total >= SENTENCES / 2, table / np.maximum(total, 1), 0.0)
    np.fill_diagonal(share, 0.0)
    place = int(share.argmax())
    return float(share.flat[place]), place % labels


def scored(found: Sequence[Finding]) -> list[Finding]:
    """The findings with their z, the most powerful first.

    The spread is that of the median absolute deviation, but no less than what chance gives one answer in SENTENCES.
    """
    if not found:
        return []
    power = np.array([one.power for one in found])
    middle = float(np.median(power))
    spread = max(1.4826 * float(np.median(np.abs(power - middle))), 1 / SENTENCES)
    made = [Finding(one.phrase, one.label, one.texts, one.turned, one.carried, one.power, (one.power - middle) / spread)
            for one in found]
    return sorted(made, key=lambda one: (-one.power, one.phrase))


def row_of(one: Finding, task: str) -> SampleRow:
    """A finding as a row of a table."""
    return {"task": task, "phrase": one.phrase, "turns answers to": one.label, "training texts": one.texts,
            "of other sentences": round(one.turned, 3), "of its texts say otherwise without it": round(one.carried, 3),
            "z": round(one.z, 1), "of lines of text": None if one.share is None else round(one.share, 4)}
