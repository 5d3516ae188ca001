"""Compares the answers of ``pipeline`` and ``SentenceTransformer`` for the released model with Vernacular's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from vernacular.modeling.base_models import SENTENCE_MODULES, load_model, load_tokenizer
from vernacular.release.searching import EMBED
from vernacular.release.stage_results import ModelCheck
from vernacular.tasks.adapter_model import Encoded, Network, encode, in_batches
from vernacular.text.words import word_spans

Call = dict[str, Any]  # of ``ecosystem``
FILL, GENERATE, CHAT = "fill-mask", "text-generation", "chat"
MOST_CHATS, _CHAT_TOKENS = 8, 16  # requests, and tokens of an answer that are compared
_LINES = 16  # held-out lines for the released model
_PIECES, _NEW_TOKENS = 5, 8  # likeliest pieces for a blank; tokens of a continuation


@dataclass(frozen=True)
class Chatted:
    """A request and the answer that was judged."""

    request: str
    answer: str


def chat_calls(folder: Path, chats: Mapping[str, Sequence[Chatted]]) -> list[Call]:
    """A call of each model that answers, by its folder in the release ``folder``."""
    return [{"call": CHAT, "folder": str(folder / place), "inputs": [chat.request for chat in some],
             "most": _CHAT_TOKENS} for place, some in chats.items()]


def compare_chats(chats: Sequence[Chatted], found: Sequence[str]) -> ModelCheck:
    """The check of ``chat_calls``: the beginnings of the judged answers, none of which is empty."""
    starts = [text.strip().rstrip("\ufffd") for text in found]  # a cut may split a character
    same = sum(chat.answer.startswith(start) and bool(start) for chat, start in zip(chats, starts, strict=True))
    return ModelCheck(items=len(chats), same=same / len(chats), difference=0.0)


def model_calls(folder: Path, objective: str, lines: Sequence[str], longest: int) -> list[Call]:
    """The calls of the released model itself: blanks or continuations, and embeddings of a sentence encoder.

    No input is longer than the model reads, since these calls do not truncate.
    """
    tokenizer = load_tokenizer(folder)
    some = [line for line in dict.fromkeys(lines) if len(word_spans(line)) >= 4 and
            len(tokenizer(line)["input_ids"]) <= longest - _NEW_TOKENS][:_LINES]
    if not some:
        return []
    if objective == "causal":
        starts = [line[:word_spans(line)[len(word_spans(line)) // 2][1]] for line in some]
        return [{"call": GENERATE, "folder": str(folder), "inputs": starts, "most": _NEW_TOKENS}]
    blanks = []
    for line in some:
        spans = word_spans(line)
        start, stop = spans[len(spans) // 2]
        blanks.append(f"{line[:start]}{tokenizer.mask_token}{line[stop:]}")
    calls: list[Call] = [{"call": FILL, "folder": str(folder), "inputs": blanks, "most": _PIECES}]
    if (folder / SENTENCE_MODULES).is_file():
        calls.append({"call": EMBED, "folder": str(folder), "inputs": some})
    return calls


def compare_model(folder: Path, objective: str, calls: Sequence[Call], answers: Sequence[Any],
                  longest: int) -> dict[str, ModelCheck]:
    """The check of each of ``model_calls``, by its name, given what it answered."""
    if not calls:
        return {}
    model, tokenizer = load_model(folder, objective, None), load_tokenizer(folder)
    compare = {FILL: _compare_blanks, GENERATE: _compare_continuations, EMBED: _compare_embeddings}
    return {call["call"]: compare[call["call"]](model, tokenizer, call["inputs"], found, longest)
            for call, found in zip(calls, answers, strict=True)}


def _compare_blanks(model: Any, tokenizer: Any, texts: Sequence[str], found: Any, longest: int) -> ModelCheck:
    same, difference = 0, 0.0
    for text, rows in zip(texts, found, strict=True):
        ids = tokenizer(text, return_tensors="pt")
        place = int((ids["input_ids"][0] == tokenizer.mask_token_id).nonzero()[0, 0])
        with torch.inference_mode():
            scores = model(**ids).logits[0, place].softmax(-1)
        same += [token for token, _ in rows][:1] == scores.topk(1).indices.tolist()
        difference = float(np.max([difference, *(abs(float(scores[token]) - score) for token, score in rows)]))
    return ModelCheck(items=len(texts), same=same / len(texts), difference=difference)


def _compare_continuations(model: Any, tokenizer: Any, texts: Sequence[str], found: Any, longest: int) -> ModelCheck:
    same = 0
    for text, expected in zip(texts, found, strict=True):
        ids = tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            out = model.generate(**ids, max_new_tokens=_NEW_TOKENS, do_sample=False,
                                 pad_token_id=tokenizer.pad_token_id)[0, ids["input_ids"].shape[1]:]
        same += tokenizer.decode(out, skip_special_tokens=True) == expected
    return ModelCheck(items=len(texts), same=same / len(texts), difference=0.0)


def _compare_embeddings(model: Any, tokenizer: Any, texts: Sequence[str], found: Any, longest: int) -> ModelCheck:
    network = Network(model.base_model, model.config.get_text_config().hidden_size, 1, model)
    items = [Encoded(item.tokens, [0] * len(item.tokens), 1) for item in encode(texts, tokenizer, longest)]
    ours = np.stack(in_batches(network, items, lambda rows: list(normalize(network.states(
        [items[row] for row in rows], tokenizer.pad_token_id), dim=-1).numpy()), exact=True))
    theirs = np.array(found, np.float32)
    same = np.mean(_nearest(ours) == _nearest(theirs)) if len(texts) > 1 else 1.0
    return ModelCheck(items=len(texts), same=float(same), difference=float(np.abs(ours - theirs).max()))


def _nearest(vectors: NDArray[np.float32]) -> NDArray[np.intp]:
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    nearest: NDArray[np.intp] = scores.argmax(1)
    return nearest
