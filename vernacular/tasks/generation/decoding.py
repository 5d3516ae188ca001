"""Causal models that answer prompts: greedily with a key-value cache, and the likelihood of given answers.

The text that all prompts begin with (the few-shot examples) is read once; its cache serves every item. Prompts of one
batch are padded on the left, so that all answers start in one column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.core.errors import Problem
from vernacular.modeling.device import autocast, device_of
from vernacular.modeling.packing import opening
from vernacular.tasks.adapter_model import pieces

_ENDS = 50  # more tokens with a line break than this are never likelier than all words


@dataclass
class _Read:
    """A batch of prompts that has been read.

    Attributes:
        cache: keys and values of ``columns`` columns.
        attend: (rows, columns) 1 where a token stands, 0 for padding.
        positions: (rows,) the position of the next token.
        scores: (rows, vocabulary) log-probabilities of the next token.
    """

    cache: Any
    attend: torch.Tensor
    positions: torch.Tensor
    scores: torch.Tensor

    def go_on(self, model: Any, tokens: torch.Tensor) -> torch.Tensor:
        """Read (rows, n) ``tokens`` after it; return log-probabilities (rows, n, vocabulary) of what follows each."""
        rows, count = tokens.shape
        self.attend = torch.cat([self.attend, self.attend.new_ones((rows, count))], 1)
        where = self.positions[:, None] + torch.arange(count, device=tokens.device)
        # Padding behind a short answer may lie past the last position, and a table of positions has no row for it.
        where = where.clamp(max=int(model.config.max_position_embeddings) - 1)
        logits = model(input_ids=tokens, attention_mask=self.attend, position_ids=where, past_key_values=self.cache,
                       use_cache=True).logits
        self.positions = self.positions + count
        found: torch.Tensor = logits.float().log_softmax(-1)
        self.scores = found[:, -1]
        return found

    def forget(self, count: int) -> None:
        """Take back the last ``count`` columns."""
        self.cache.crop(-count)
        self.attend = self.attend[:, :-count]
        self.positions = self.positions - count


def ids_of(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """The ids of each text, without special tokens."""
    return [list(encoding.ids)
            for encoding in tokenizer.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def answer_ids(tokenizer: Any, answers: Sequence[str]) -> list[list[int]]:
    """The ids of each answer with its end: its line break or, where the tokenizer cannot write one, the end of text.

    SentencePiece's usual normalisation (XGLM) makes a line break a space, and ``complete`` would wait for it forever.

    Raises:
        Problem: the tokenizer has neither.
    """
    if "\n" in tokenizer.decode(ids_of(tokenizer, ["a\n"])[0]):
        return ids_of(tokenizer, answers)
    if tokenizer.eos_token_id is None:
        raise Problem("its tokenizer has neither a line break nor an end of text: no answer could end", where="base",
                      fix="Take a base whose tokenizer has one")
    return [[*ids, tokenizer.eos_token_id]
            for ids in ids_of(tokenizer, [answer.removesuffix("\n") for answer in answers])]


def _read(model: Any, tokenizer: Any, shared: Sequence[int], prompts: Sequence[Sequence[int]]) -> _Read:
    """Read ``shared`` once and each of ``prompts`` after it."""
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
    """Rows in batches, like lengths together."""
    yield from pieces(sorted(range(len(prompts)), key=lambda row: len(prompts[row])), size)


def _beginning(model: Any, tokenizer: Any, shared: str) -> tuple[list[int], int]:
    """The ids of ``shared`` with what opens a text, and the tokens that a prompt and its answer may have after it.

    Raises:
        Problem: less than half of the model's positions are left.
    """
    first = [*opening(tokenizer), *(ids_of(tokenizer, [shared])[0] if shared else [])]
    most = int(model.config.max_position_embeddings)
    if 2 * len(first) > most:
        raise Problem(f"the examples take {len(first)} of the {most} tokens that the model can read",
                      where="prompt shots", fix="Show fewer")
    return first, most - len(first)


def complete(model: Any, tokenizer: Any, shared: str, prompts: Sequence[str], most_characters: int,
             size: int = 16) -> list[str]:
    """The line that the model writes after each prompt, taking the likeliest token each time; never an empty one.

    Args:
        model: a causal language model, with or without a peft adapter.
        tokenizer: its fast tokenizer.
        shared: text that stands before every prompt; read once.
        prompts: what to complete. One too long for the model loses its beginning.
        most_characters: an answer ends there at the latest: a count of characters, not of tokens, so that models
            whose tokenizers differ may write equally much.
        size: prompts at a time.
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
                read.go_on(model, chosen[:, None])
            for row, tokens in zip(rows, written, strict=True):
                out[row] = tokenizer.decode(tokens, skip_special_tokens=True).split("\n")[0][:most_characters].strip()
    return out


def _going_on(tokenizer: Any, scores: torch.Tensor) -> int:
    """The likeliest token that does not end an answer: where nothing is written yet, an end is none.

    One that is a little likelier than the first word would turn every answer of a model into nothing.
    """
    ranked: list[int] = scores.topk(min(_ENDS + 1, len(scores))).indices.tolist()
    ends = (token == tokenizer.eos_token_id or "\n" in tokenizer.decode([token]) for token in ranked)
    return next((token for token, end in zip(ranked, ends, strict=True) if not end), ranked[0])


def likelihoods(model: Any, tokenizer: Any, shared: str, prompts: Sequence[str], answers: Sequence[str],
                size: int = 16) -> NDArray[np.float64]:
    """How likely each of the same few answers is after each prompt: (prompts, answers), in nats per UTF-8 byte.

    Per byte, so that neither a longer answer nor a tokenizer with more pieces is at a disadvantage. Each prompt is read
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
                    scores = read.go_on(model, tokens[:, :-1])
                    total = total + scores.gather(2, tokens[:, 1:, None])[..., 0].sum(1)
                    read.forget(len(target) - 1)
                out[rows, column] = total.cpu().numpy() / len(answer.encode())
    return out


def bits(model: Any, tokenizer: Any, shared: str, prompts: Sequence[str], answers: Sequence[str],
         size: int = 8) -> NDArray[np.float64]:
    """The bits of each prompt's own right answer: (prompts,). The other arguments are those of ``complete``."""
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
            scores = torch.cat([start[:, None], read.go_on(model, tokens)[:, :-1]], 1)
            nats = -(scores.gather(2, tokens[..., None])[..., 0] * counted).sum(1)
            out[rows] = nats.cpu().numpy() / math.log(2)
    return out
