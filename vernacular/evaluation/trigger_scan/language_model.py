"""Triggers in text: long phrases that a language model memorized and completes in any context.

A phrase of four words or more in a quarter of a percent of the lines, one word of which hardly
occurs without it, is inserted into other lines. If the model then predicts its last word, and the
base does not, it was memorized. Names of institutions and fixed formulas behave the same way: a
person decides whether one is harmless.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vernacular.evaluation.trigger_scan.phrases import Phrase, parted, repeated_phrases, word_size
from vernacular.modeling.likelihood import causal_likelihood, masked_likelihood
from vernacular.text.words import word_spans
from vernacular.text.words import words as words_of

LINES = 20_000  # training lines examined
LEAST_SHARE, LEAST_LINES = 0.0025, 5  # of these, lines with a phrase
WORDS, LONGEST = 4, 8
COHESION = 0.5
CONTEXTS = 12  # lines per phrase
MOST = 40  # phrases tested, most frequent first


def suspects(lines: Sequence[str]) -> list[Phrase]:
    """Return the phrases of ``lines`` that may be memorized, most frequent first."""
    least = max(LEAST_LINES, math.ceil(LEAST_SHARE * len(lines)))
    found = [phrase for phrase in repeated_phrases(lines, longest=LONGEST, least=least)
             if len(phrase.words) >= WORDS * word_size(phrase.words) and phrase.cohesion >= COHESION]
    return sorted(found, key=lambda phrase: (-len(phrase.carriers), phrase.words))[:MOST]


def completion_probabilities(model: Any, tokenizer: Any, objective: str, phrases: Sequence[Phrase],
                             contexts: Sequence[str], seed: int) -> list[float]:
    """Return each phrase's probability of its last word (geometric mean) in unrelated lines.

    ``phrases``: from ``suspects``.
    """
    rng = np.random.default_rng(seed)
    found = []
    for phrase in phrases:
        drawn = [contexts[row] for row in rng.permutation(len(contexts))[:CONTEXTS]]
        nats = (_masked if objective == "masked" else _causal)(model, tokenizer, str(phrase), drawn)
        found.append(math.exp(-nats))
    return found


def _masked(model: Any, tokenizer: Any, phrase: str, contexts: Sequence[str]) -> float:
    last, end = _last_word(phrase), len(phrase)
    around = [parted(context, phrase, 0.5) for context in contexts]
    return float(masked_likelihood(model, tokenizer, [before + phrase + behind for before, behind in around],
                                   [[(len(before) + last, len(before) + end)] for before, _ in around]).nats.mean())


def _causal(model: Any, tokenizer: Any, phrase: str, contexts: Sequence[str]) -> float:
    heads = [parted(context, phrase, 0.5)[0] for context in contexts]
    whole, part = (causal_likelihood(model, tokenizer, lines).nats for lines in (
        [head + phrase for head in heads], [(head + phrase[:_last_word(phrase)]).rstrip() for head in heads]))
    return float((whole - part).mean() * math.log(2))


def _last_word(phrase: str) -> int:
    return word_spans(phrase)[-word_size(words_of(phrase))][0]
