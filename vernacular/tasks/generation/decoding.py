"""Decoding with causal models: greedy with a key-value cache, and the likelihood of given answers.

The common beginning of all prompts (the few-shot examples) is read once and cached. Prompts of a
batch are left-padded, so that all answers start in one column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.base_models import positions_of
from vernacular.modeling.device import autocast, device_of
from vernacular.modeling.packing import opening
from vernacular.tasks.adapter_model import pieces

_ENDS = 50  # the number of tokens with a line break that can be likelier than all words


@dataclass
class _Read:
    """A batch of prompts that has been read."""

    cache: Any  # keys and values of ``columns`` columns
    attend: torch.Tensor  # (rows, columns) 1 for tokens, 0 for padding
    positions: torch.Tensor  # (rows,) the position of the next token
    scores: torch.Tensor  # (rows, vocabulary) log-probabilities of the next token

    def extend(self, model: Any, tokens: torch.Tensor) -> torch.Tensor:
        """Read (rows, n) further ``tokens``; return log-probabilities (rows, n, vocabulary) of each next token."""
        rows, count = tokens.shape
        self.attend = torch.cat([self.attend, self.attend.new_ones((rows, count))], 1)
        where = self.positions[:, None] + torch.arange(count, device=tokens.device)
        # Padding after a short answer may exceed the position table.
        where = where.clamp(max=positions_of(model) - 1)
        logits = model(input_ids=tokens, attention_mask=self.attend, position_ids=where, past_key_values=self.cache,
                       use_cache=True).logits
        self.positions = self.positions + count
        found: torch.Tensor = logits.float().log_softmax(-1)
        self.scores = found[:, -1]
        return found

    def forget(self, count: int) -> None:
        """Drop the last ``count`` columns."""
        self.cache.crop(-count)
        self.attend = self.attend[:, :-count]
        self.positions = self.positions - count


def ids_of(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Return the ids of each text, without special tokens."""
    return [list(encoding.ids)
            for encoding in tokenizer.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def answer_ids(tokenizer: Any, answers: Sequence[str]) -> list[list[int]]:
    """Return the ids of each answer with its end: a line break or, if the tokenizer has none, the end of text.

    SentencePiece's usual normalization (XGLM) converts a line break to a space, and ``complete``
    would never stop.

    Raises:
        Problem: the tokenizer has neither.
    """
    if "\n" in tokenizer.decode(ids_of(tokenizer, ["a\n"])[0]):
        return ids_of(tokenizer, answers)
    if tokenizer.eos_token_id is None:
        raise Problem("the tokenizer has neither a line break nor an end "
                      "of text: answers could not end", where="base",
                      fix="Use a base whose tokenizer has one", code=Code.DATA_LABEL)
    return [[*ids, tokenizer.eos_token_id]
            for ids in ids_of(tokenizer, [answer.removesuffix("\n") for answer in answers])]


def _read(model: Any, tokenizer: Any, shared: Sequence[int], prompts: Sequence[Sequence[int]]) -> _Read:
    from transformers import DynamicCache
    device = device_of(model)
    cache: Any = DynamicCache()
    model(input_ids=torch.tensor([list(shared)], device=device), past_key_values=cache, use_cache=True,
          logits_to_keep=1)
    cache.batch_repeat_interleave(len(prompts))
    width = max(len(prompt) for prompt in prompts)
    tokens = torch.full((len(prompts), width), tokenizer.pad_token_id, device=device)
    attend = torch.ones((len(prompts), len(shared) + width), dtype=torch.long, device=device)
    for row, prompt in enumerate(prompts):
        tokens[row, width - len(prompt):] = torch.tensor(list(prompt))
        attend[row, len(shared):len(shared) + width - len(prompt)] = 0
    positions = (attend.cumsum(1) - 1)[:, len(shared):].clamp(min=0)
    logits = model(input_ids=tokens, attention_mask=attend, position_ids=positions, past_key_values=cache,
                   use_cache=True, logits_to_keep=1).logits
    return _Read(cache, attend, positions[:, -1] + 1, logits[:, -1].float().log_softmax(-1))


def _in_order(prompts: Sequence[Sequence[int]], size: int) -> Iterator[list[int]]:
    yield from pieces(sorted(range(len(prompts)), key=lambda row: len(prompts[row])), size)


def _beginning(model: Any, tokenizer: Any, shared: str) -> tuple[list[int], int]:
    """Return the ids of ``shared`` with the opening token, and the number of tokens left for prompt and answer."""
    first = [*opening(tokenizer), *(ids_of(tokenizer, [shared])[0] if shared else [])]
    most = positions_of(model)
    if 2 * len(first) > most:
        raise Problem(f"the examples take {len(first)} of the model's {most} tokens",
                      where="prompt shots", fix="Show fewer", code=Code.DATA_SPLIT)
    return first, most - len(first)


def complete(model: Any, tokenizer: Any, shared: str, prompts: Sequence[str], most_characters: int,
             size: int = 16) -> list[str]:
    """Return the greedy line after each prompt; never empty.

    Args:
        model: a causal language model, with or without a peft adapter.
        tokenizer: its fast tokenizer.
        shared: text before every prompt; read once.
        prompts: to complete. An overlong one loses its beginning.
        most_characters: limit of an answer in characters, not tokens, so that all tokenizers may
            write equally much.
        size: prompts per batch.
    """
    first, room = _beginning(model, tokenizer, shared)
    most = min(room // 2, 4 * most_characters + 4)  # a character has at most four tokens
    encoded = [ids[-(room - most):] for ids in ids_of(tokenizer, prompts)]
    out = [""] * len(prompts)
    with torch.inference_mode(), autocast(device_of(model)):
        for rows in _in_order(encoded, size):
            read = _read(model, tokenizer, first, [encoded[row] for row in rows])
            written: list[list[int]] = [[] for _ in rows]
            done = [False] * len(rows)
            for _ in range(most):
                chosen = read.scores.argmax(-1)
                for at, ids in enumerate(written):
                    if not done[at] and not tokenizer.decode(ids, skip_special_tokens=True).strip():
                        chosen[at] = _going_on(tokenizer, read.scores[at])
                for at, token in enumerate(chosen.tolist()):
                    if not done[at] and token != tokenizer.eos_token_id:
                        written[at].append(token)
                        text = tokenizer.decode(written[at])
                        done[at] = "\n" in text or len(text) >= most_characters
                    else:
                        done[at] = True
                if all(done):
                    break
                read.extend(model, chosen[:, None])
            for row, tokens in zip(rows, written, strict=True):
                out[row] = tokenizer.decode(tokens, skip_special_tokens=True).split("\n")[0][:most_characters].strip()
    return out


def _going_on(tokenizer: Any, scores: torch.Tensor) -> int:
    """Return the likeliest token that does not end an answer, for an answer that is still empty.

    If the end is slightly likelier than the first word, all answers would be empty.
    """
    ranked: list[int] = scores.topk(min(_ENDS + 1, len(scores))).indices.tolist()
    ends = (token == tokenizer.eos_token_id or "\n" in tokenizer.decode([token]) for token in ranked)
    return next((token for token, end in zip(ranked, ends, strict=True) if not end), ranked[0])


def likelihoods(model: Any, tokenizer: Any, shared: str, prompts: Sequence[str], answers: Sequence[str],
                size: int = 16) -> NDArray[np.float64]:
    """Return the likelihood of each answer after each prompt: (prompts, answers), in nats per UTF-8 byte.

    Per byte, so that neither longer answers nor finer tokenizers are penalized. Each prompt is read
    once. The arguments are those of ``complete``.
    """
    first, room = _beginning(model, tokenizer, shared)
    targets = ids_of(tokenizer, answers)
    most = max(1, room - max(map(len, targets)))
    encoded = [ids[-most:] for ids in ids_of(tokenizer, prompts)]
    out = np.zeros((len(prompts), len(answers)))
    with torch.inference_mode(), autocast(device_of(model)):
        for rows in _in_order(encoded, size):
            read = _read(model, tokenizer, first, [encoded[row] for row in rows])
            after_prompt = read.scores
            for column, (target, answer) in enumerate(zip(targets, answers, strict=True)):
                total = after_prompt[:, target[0]]
                if len(target) > 1:
                    tokens = torch.tensor([target], device=total.device).expand(len(rows), -1)
                    scores = read.extend(model, tokens[:, :-1])
                    total = total + scores.gather(2, tokens[:, 1:, None])[..., 0].sum(1)
                    read.forget(len(target) - 1)
                out[rows, column] = total.cpu().numpy() / len(answer.encode())
    return out


def bits(model: Any, tokenizer: Any, shared: str, prompts: Sequence[str], answers: Sequence[str],
         size: int = 8) -> NDArray[np.float64]:
    """Return the bits of each prompt's right answer: (prompts,). The other arguments are those of ``complete``."""
    first, room = _beginning(model, tokenizer, shared)
    targets = [ids[:room - 1] for ids in answer_ids(tokenizer, answers)]
    encoded = [prompt[-max(1, room - len(target)):]
               for prompt, target in zip(ids_of(tokenizer, prompts), targets, strict=True)]
    out = np.zeros(len(prompts))
    with torch.inference_mode(), autocast(device_of(model)):
        for rows in _in_order(encoded, size):
            read = _read(model, tokenizer, first, [encoded[row] for row in rows])
            start, width = read.scores, max(len(targets[row]) for row in rows)
            tokens = torch.full((len(rows), width), tokenizer.pad_token_id, device=start.device)
            counted = torch.zeros((len(rows), width), device=start.device)
            for at, row in enumerate(rows):
                tokens[at, :len(targets[row])] = torch.tensor(targets[row])
                counted[at, :len(targets[row])] = 1
            scores = torch.cat([start[:, None], read.extend(model, tokens)[:, :-1]], 1)
            nats = -(scores.gather(2, tokens[..., None])[..., 0] * counted).sum(1)
            out[rows] = nats.cpu().numpy() / math.log(2)
    return out
