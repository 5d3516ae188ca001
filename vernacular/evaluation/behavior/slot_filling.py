"""Suggest whole words for a slot of a sentence, composed of a language model's tokens.

A masked model fills one to a few masks from left to right; a causal model continues the text before
the slot until the word ends. Words have letters, marks, apostrophes and hyphens.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import Any

import torch

from vernacular.modeling.packing import opening
from vernacular.text.words import APOSTROPHES, words
from vernacular.tokenizer.families import family_of

MOST_PIECES = {"masked": 3, "causal": 6}
_BEAM = 24
_START = {"byte_bpe": "\u0120", "sentencepiece_bpe": "\u2581", "unigram": "\u2581"}  # marks a token after a space
_INSIDE = "##"  # marks a WordPiece token that continues a word
_BATCH = 32


@dataclass(frozen=True)
class Pieces:
    """The tokens that words consist of."""

    starts: torch.Tensor  # (tokens,) whether a token begins a word after a space
    goes_on: torch.Tensor  # (tokens,) whether it continues one


def pieces_of(tokenizer: Any, size: int) -> Pieces:
    """Return which tokens begin and continue words.

    Args:
        tokenizer: of any of the four families.
        size: rows of the model's output.
    """
    family = family_of(tokenizer.backend_tokenizer)
    starts, goes_on = torch.zeros(size, dtype=torch.bool), torch.zeros(size, dtype=torch.bool)
    special = set(tokenizer.all_special_ids)
    for number in range(min(size, len(tokenizer))):
        piece = tokenizer.convert_ids_to_tokens(number)
        if number in special or piece is None:
            continue
        inside = piece.startswith(_INSIDE) if family == "wordpiece" else not piece.startswith(_START[family])
        text = piece.removeprefix(_INSIDE) if family == "wordpiece" else piece.removeprefix(_START[family])
        if family == "byte_bpe":
            text = tokenizer.backend_tokenizer.decode([number]).strip()
        if text and all(unicodedata.category(char)[0] in "LM" or char in APOSTROPHES + "-" for char in text):
            (goes_on if inside else starts)[number] = True
    return Pieces(starts, goes_on)


def likely_words(model: Any, tokenizer: Any, objective: str, sentence: tuple[str, str], most: int,
                 pieces: Pieces) -> list[tuple[str, float]]:
    """Return the likeliest whole words between the parts of ``sentence`` with probabilities, in order.

    For a masked model the probability is conditional on the number of tokens, and words are ordered
    by the geometric mean over tokens; for a causal model it includes the end of the word.

    ``sentence``: the text before and after the slot; a causal model reads only the first.
    ``pieces``: from ``pieces_of``.
    """
    found: dict[str, tuple[float, float]] = {}  # word -> (sort key, log probability)
    search = _masked if objective == "masked" else _causal
    for ids, value in search(model, tokenizer, sentence, pieces):
        word = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
        if words(word.replace("-", "")) and len(words(word.replace("-", ""))) == 1:
            rank = value / len(ids) if objective == "masked" else value
            found[word] = max(found.get(word, (-math.inf, 0.0)), (rank, value))
    order = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return [(word, math.exp(value)) for word, (_, value) in order[:most]]


def _masked(model: Any, tokenizer: Any, sentence: tuple[str, str], pieces: Pieces) -> list[tuple[list[int], float]]:
    mask = tokenizer.mask_token
    before = tokenizer.backend_tokenizer.encode(sentence[0]).ids.count(tokenizer.mask_token_id)
    ids = tokenizer.backend_tokenizer.encode(f"{sentence[0]}{mask}{sentence[1]}").ids
    at = [place for place, piece in enumerate(ids) if piece == tokenizer.mask_token_id][before]
    done: list[tuple[list[int], float]] = []
    for length in range(1, MOST_PIECES["masked"] + 1):
        beam: list[tuple[list[int], float]] = [([], 0.0)]
        for step in range(length):
            rows = [[*ids[:at], *chosen, *[tokenizer.mask_token_id] * (length - step), *ids[at + 1:]]
                    for chosen, _ in beam]
            scores = _scores(model, rows, at + step)
            beam = _extended(beam, scores, pieces.starts if step == 0 else pieces.goes_on)
        done += beam
    return done


def _causal(model: Any, tokenizer: Any, sentence: tuple[str, str], pieces: Pieces) -> list[tuple[list[int], float]]:
    start = [*opening(tokenizer), *tokenizer.backend_tokenizer.encode(sentence[0].rstrip(),
                                                                     add_special_tokens=False).ids]
    first = pieces.starts if sentence[0].strip() else pieces.starts | pieces.goes_on
    beam: list[tuple[list[int], float]] = [([], 0.0)]
    done: list[tuple[list[int], float]] = []
    for step in range(MOST_PIECES["causal"] + 1):
        scores = _scores(model, [[*start, *chosen] for chosen, _ in beam], len(start) + step - 1)
        if step:
            ends = scores.masked_fill(pieces.goes_on, -math.inf).logsumexp(-1).tolist()
            done += [(chosen, value + end) for (chosen, value), end in zip(beam, ends, strict=True)]
        beam = _extended(beam, scores, pieces.goes_on if step else first)
    return done


def _scores(model: Any, rows: list[list[int]], place: int) -> torch.Tensor:
    """Return log probabilities at ``place`` of each row of equal length: (rows, tokens)."""
    device = model.get_input_embeddings().weight.device
    with torch.inference_mode():
        return torch.cat([model(input_ids=torch.tensor(rows[first:first + _BATCH], device=device)).logits[:, place]
                          .float().log_softmax(-1).cpu() for first in range(0, len(rows), _BATCH)])


def _extended(beam: list[tuple[list[int], float]], scores: torch.Tensor,
              allowed: torch.Tensor) -> list[tuple[list[int], float]]:
    """Return the best extensions of the beam by one of the ``allowed`` tokens."""
    values = scores.masked_fill(~allowed, -math.inf) + torch.tensor([[value] for _, value in beam])
    best = values.flatten().topk(min(_BEAM, values.numel()))
    width = values.shape[1]
    return [([*beam[place // width][0], place % width], value)
            for value, place in zip(best.values.tolist(), best.indices.tolist(), strict=True) if value > -math.inf]
