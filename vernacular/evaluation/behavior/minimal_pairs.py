"""Likelihood of sentence forms under a language model, for tests without a task.

A causal model scores whole sentences, in bits per byte. A masked model scores only the differing
words, each given the other words (per character, left to right within the word, as for held-out
likelihood), since equal words would dominate.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np

from vernacular.evaluation.behavior.cases import Case
from vernacular.modeling.likelihood import likelihood_of_spans
from vernacular.text.words import word_spans

Spans = list[tuple[int, int]]


def differing(first: str, other: str) -> tuple[Spans, Spans]:
    """Return the differing words of two sentences; if one lacks a word, those beside the gap."""
    spans = word_spans(first), word_spans(other)
    texts = [[text[start:stop] for start, stop in found] for text, found in zip((first, other), spans, strict=True)]
    chosen: tuple[set[int], set[int]] = set(), set()
    blocks = difflib.SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes()
    for kind, *bounds in blocks:
        if kind == "equal":
            continue
        ranges = (bounds[0], bounds[1]), (bounds[2], bounds[3])
        gap = any(low == high for low, high in ranges)
        for (low, high), kept, found in zip(ranges, chosen, spans, strict=True):
            kept.update(at for at in range(low - gap, high + gap) if 0 <= at < len(found))
    return ([spans[0][at] for at in sorted(chosen[0])], [spans[1][at] for at in sorted(chosen[1])])


def scores(model: Any, tokenizer: Any, objective: str, cases: Sequence[Case]) -> list[list[float]]:
    """Return for each case the nats per character (bits per byte for a causal model) of its versions, in order.

    NaN if a scored word has characters unknown to the tokenizer: a single unknown token would seem
    likely.
    """
    texts = [text for case in cases for text in case.versions]
    spans = [chosen for case in cases for chosen in _spans(case.versions)]
    found = likelihood_of_spans(model, tokenizer, objective, texts, spans)
    known = _known(tokenizer, texts, spans)
    values = iter(np.where(known, found.nats / np.maximum(found.size, 1), np.nan).tolist())
    return [[next(values) for _ in case.versions] for case in cases]


def _spans(versions: Sequence[str]) -> list[Spans]:
    """Return the spans to score in each version: the differing words of two versions; of more, all words."""
    return list(differing(*versions)) if len(versions) == 2 else [word_spans(text) for text in versions]


def _known(tokenizer: Any, texts: Sequence[str], spans: Sequence[Spans]) -> list[bool]:
    unknown = tokenizer.unk_token_id
    encodings = tokenizer.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [not any(piece == unknown and left < stop and right > start for piece, (left, right) in
                    zip(encoding.ids, encoding.offsets, strict=True) for start, stop in chosen)
            for encoding, chosen in zip(encodings, spans, strict=True)]
