"""Tokens of the language in Whisper's decoder, found and initialized as the stage ``tokenizer`` does.

Whisper's tokens of times must be the last ones: transformers takes every id above ``<|notimestamps|>`` for a time,
in ``generate`` (``_retrieve_segment``) and in the pipeline (``_decode_asr``, which leaves it out of the text). So new
tokens come before the special ones, whose ids rise by their number. No words guard the base's tokens: the model will
write one language alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import WhisperTokenizer

from vernacular.config.training import Vocabulary
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.tokenizer.candidates import Letters, in_capitals, word_counts
from vernacular.tokenizer.embedding_init import new_rows, resize
from vernacular.tokenizer.families import extend
from vernacular.tokenizer.mixtures import mean

_LEAST_USES = 5  # of a token in the text: an hour of speech has few words
_IDS = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")


@dataclass(frozen=True)
class NewTokens:
    """How many tokens a Whisper model gets, and what they are learned from beside the transcripts for training."""

    wanted: int = 0  # at most
    script: str = ""  # ISO 15924 code
    text: Sequence[str] = ()


def add_tokens(network: Any, tokenizer: Any, wanted: NewTokens, transcripts: Sequence[str], seed: int
               ) -> tuple[Any, list[int]]:
    """Give the decoder of ``network`` new rows in place; return the extended tokenizer, and the ids of new tokens.

    Raises:
        Problem: the special tokens of the tokenizer are not its last ones.
    """
    backend = tokenizer.backend_tokenizer
    words = word_counts([*transcripts, *wanted.text] if wanted.wanted else [], backend)
    chosen = extend(backend, words, Counter(), Vocabulary(new_pieces=wanted.wanted, min_uses=_LEAST_USES),
                    Letters(wanted.script, in_capitals(words)), "speech.models")
    count = len(chosen.pieces)
    if not count:
        return tokenizer, []
    before = {token.content: index for index, token in tokenizer.added_tokens_decoder.items()}
    first = min(before.values())
    ids = {piece: first + number for number, piece in enumerate(chosen.pieces)}
    model = json.loads(chosen.json_with(count))["model"]
    vocabulary = {piece: ids.get(piece, _moved(index, first, count)) for piece, index in model["vocab"].items()}
    known = {name: value for name, value in tokenizer.init_kwargs.items() if name not in ("vocab", "merges")}
    extended = WhisperTokenizer(vocab=vocabulary, merges=[tuple(pair) for pair in model["merges"]], **known)
    if any(extended.convert_tokens_to_ids(name) != index + count for name, index in before.items()):
        raise Problem("the special tokens of this tokenizer are not its last ones", where="speech.models",
                      fix="Set `new_tokens: 0`, or use another Whisper model", code=Code.MODEL_KIND)
    _insert_rows(network, first, new_rows(network, [mean(part) for part in chosen.parts], seed))
    for name in _IDS:
        setattr(network.config, name, _moved(getattr(network.config, name), first, count))
    network.get_input_embeddings().padding_idx = network.config.pad_token_id
    return extended, list(ids.values())


def _moved(index: int, first: int, count: int) -> int:
    return index + count if index >= first else index


def _insert_rows(network: Any, first: int, rows: dict[str, torch.Tensor]) -> None:
    """Put ``rows`` of input and output embeddings, which are one table if tied, before the row ``first``."""
    layers = {"input": network.get_input_embeddings, "output": network.get_output_embeddings}
    old = {name: layers[name]().weight.detach().clone() for name in rows}
    resize(network, len(old["input"]) + len(rows["input"]))
    with torch.no_grad():
        for name, table in old.items():
            layers[name]().weight.copy_(torch.cat((table[:first], rows[name], table[first:])))
