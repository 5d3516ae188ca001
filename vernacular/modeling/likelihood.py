"""Held-out likelihood comparable across tokenizers: per character or per byte, never per token.

Masked, per character: one word of a line is masked at a time and scored from left to right, with
its later tokens still masked (PLL-word-l2r, Kauf and Ivanova 2305.10588), so that splitting a word
into more tokens gains nothing. Causal: bits per UTF-8 byte of whole lines. An unknown token can be
any character, so each character behind it is charged as if drawn uniformly from the characters of
the lines; otherwise a tokenizer without the script would predict every word perfectly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.modeling.base_models import longest_input
from vernacular.modeling.device import autocast
from vernacular.modeling.heads import logits_of
from vernacular.modeling.packing import opening, padded_ids
from vernacular.text.words import word_spans

LEAST_WORDS = 5  # words in shorter lines are mostly chance


@dataclass(frozen=True)
class Scored:
    """Likelihood of held-out lines."""

    nats: NDArray[np.float64]  # (lines,) negative log-likelihood in nats; bits for a causal model
    # (lines,) characters of the scored words; UTF-8 bytes for a causal model
    size: NDArray[np.float64]
    unknown: NDArray[np.float64]  # (lines,) characters covered by unknown tokens

    @property
    def mean(self) -> float:
        """Mean per character (masked) or per byte (causal), over all lines."""
        return float(self.nats.sum() / self.size.sum())

    def charged(self, each: float) -> Scored:
        """Return the scores with ``each`` added per character covered by unknown tokens."""
        return Scored(self.nats + each * self.unknown, self.size, self.unknown)


def choose_words(lines: Sequence[str], seed: int) -> list[tuple[int, int]]:
    """Choose one word of each line, as a span, independently of the tokenizer.

    Raises:
        ValueError: a line has no word.
    """
    generator = np.random.default_rng(seed)
    out = []
    for line in lines:
        spans = word_spans(line)
        if not spans:
            raise ValueError("a line without a word cannot be scored")
        out.append(spans[generator.integers(len(spans))])
    return out


def masked_likelihood(model: Any, tokenizer: Any, lines: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]],
                      longest: int = 128, size: int = 64) -> Scored:
    """Score some words of each line under a masked model, each given the other words of its line.

    ``spans``: for each line, start and end of the words to score. ``longest``: most tokens per
    input.
    """
    mask, longest = tokenizer.mask_token_id, longest_input(model, longest)
    unknown = np.zeros(len(lines))
    asked: dict[tuple[tuple[int, ...], int], list[tuple[int, int]]] = {}  # masked ids, position -> line, target
    encodings = tokenizer.backend_tokenizer.encode_batch(list(lines))
    for index, encoding, (start, stop) in ((index, encodings[index], span) for index, chosen in enumerate(spans)
                                           for span in chosen):
        inside = [position for position, (left, right) in enumerate(encoding.offsets)
                  if not encoding.special_tokens_mask[position] and right > left and left < stop and right > start]
        if not inside:  # the tokenizer drops the word
            unknown[index] += stop - start
            continue
        low = max(0, min(inside[0] - longest // 2, len(encoding.ids) - longest))
        for position in inside:
            ids = list(encoding.ids)
            target = ids[position]
            if target == tokenizer.unk_token_id:
                left, right = encoding.offsets[position]
                unknown[index] += min(right, stop) - max(left, start)
            for other in inside:
                if other >= position:
                    ids[other] = mask
            first = max(low, position - longest + 1)  # shifted if the word exceeds the window
            asked.setdefault((tuple(ids[first:first + longest]), position - first), []).append((index, target))
    jobs = sorted(asked, key=lambda job: len(job[0]))
    nats = np.zeros(len(lines))
    device = model.get_input_embeddings().weight.device
    with torch.inference_mode(), autocast(device):
        for first in range(0, len(jobs), size):
            chunk = jobs[first:first + size]
            tokens, attend = padded_ids([ids for ids, _ in chunk], tokenizer.pad_token_id)
            states = model.base_model(input_ids=tokens.to(device), attention_mask=attend.to(device)).last_hidden_state
            picked = states[torch.arange(len(chunk)), torch.tensor([position for _, position in chunk])]
            scores = logits_of(model, picked).float().log_softmax(-1)
            for row, job in enumerate(chunk):
                for index, target in asked[job]:
                    nats[index] -= float(scores[row, target])
    return Scored(nats, np.array([sum(stop - start for start, stop in chosen) for chosen in spans], float),
                  unknown).charged(_blind(lines))


def _blind(lines: Sequence[str]) -> float:
    """Return the nats of a character drawn from those in ``lines``, equal for all tokenizers."""
    return math.log(max(2, len(set().union(*lines))))


def causal_likelihood(model: Any, tokenizer: Any, lines: Sequence[str], longest: int = 256, size: int = 16) -> Scored:
    """Return bits per byte of each line under a causal model, with the training's opening token.

    Every byte counts: longer texts are read in windows that overlap by half.

    ``longest``: most tokens per input.
    """
    longest = longest_input(model, longest)
    encodings = tokenizer.backend_tokenizer.encode_batch(list(lines), add_special_tokens=False)
    start = opening(tokenizer)
    windows = sorted(((row, window, new) for row, encoding in enumerate(encodings)
                      for window, new in _windows([*start, *encoding.ids], max(1, len(start)), longest)),
                     key=lambda window: len(window[1]))
    bits = np.zeros(len(lines))
    device = model.get_input_embeddings().weight.device
    with torch.inference_mode(), autocast(device):
        for first in range(0, len(windows), size):
            chunk = windows[first:first + size]
            ids, _ = padded_ids([window for _, window, _ in chunk], 0)
            states = model.base_model(input_ids=ids.to(device)).last_hidden_state
            for at, (row, window, new) in enumerate(chunk):
                scores = logits_of(model, states[at, new - 1:len(window) - 1]).float().log_softmax(-1)
                bits[row] -= float(scores.gather(1, ids[at, new:len(window), None].to(device)).sum()) / math.log(2)
    unknown = [sum(right - left for piece, (left, right) in zip(found.ids, found.offsets, strict=True)
                   if piece == tokenizer.unk_token_id) for found in encodings]
    return Scored(bits, np.array([len(line.encode()) for line in lines], float),
                  np.array(unknown, float)).charged(_blind(lines) / math.log(2))


def _windows(ids: Sequence[int], first: int, longest: int) -> Iterator[tuple[Sequence[int], int]]:
    """Yield windows of at most ``longest`` ids, each with the first position to score in it."""
    while first < len(ids):
        stop = min(len(ids), max(longest, first + longest // 2))
        begin = max(0, stop - longest)
        yield ids[begin:stop], first - begin
        first = stop


def likelihood_of_spans(model: Any, tokenizer: Any, objective: str, lines: Sequence[str],
                        spans: Sequence[Sequence[tuple[int, int]]]) -> Scored:
    """Score ``spans`` of each line under a masked model, or whole lines under a causal one."""
    if objective == "masked":
        return masked_likelihood(model, tokenizer, lines, spans)
    return causal_likelihood(model, tokenizer, lines)


def likelihood(model: Any, tokenizer: Any, objective: str, lines: Sequence[str], seed: int) -> Scored:
    """Score ``lines`` according to the objective."""
    spans = [[span] for span in choose_words(lines, seed)] if objective == "masked" else []
    return likelihood_of_spans(model, tokenizer, objective, lines, spans)
