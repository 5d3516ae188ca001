"""Conversations in the chat format of an instruction-tuned model: prompts, the end of a turn, answers.

A message is ``{"role": "user" | "assistant" | "system", "content": ...}``, as in transformers. The
format is the tokenizer's chat template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, faults_as_problems
from vernacular.modeling.base_models import positions_of
from vernacular.modeling.device import device_of
from vernacular.modeling.packing import padded_ids

Message = Mapping[str, str]
Conversation = Sequence[Message]
LONGEST_TEMPLATE = 200_000  # characters of a chat template
_MARK = "vernacularmark"  # a content that no template contains


@dataclass(frozen=True)
class Reply:
    """What a model wrote after a conversation."""

    text: str  # without the end of the turn; special tokens inside it are spelled out
    ended: bool  # whether the turn was ended, rather than cut off or closed by another token
    special: bool  # whether special tokens are inside it


def render(tokenizer: Any, messages: Conversation, where: str, *, ask: bool = False) -> str:
    """Return a conversation as text in the chat format; with ``ask`` the next answer is opened.

    Raises:
        Problem: the tokenizer has no chat template, or the template refuses the conversation.
    """
    if not tokenizer.chat_template:
        raise Problem("the tokenizer has no chat template", where=where,
                      fix="Use an instruction-tuned model whose tokenizer has one", code=Code.MODEL_KIND)
    if len(str(tokenizer.chat_template)) > LONGEST_TEMPLATE:
        raise Problem(f"the chat template has more than {LONGEST_TEMPLATE:,} characters", where=where,
                      fix="Use another instruction-tuned model", code=Code.MODEL_KIND)
    with faults_as_problems("the chat template", where, of_family=True):
        return str(tokenizer.apply_chat_template([dict(message) for message in messages], tokenize=False,
                                                 add_generation_prompt=ask))


def prompt_ids(tokenizer: Any, messages: Conversation, where: str) -> list[int]:
    """Return the tokens of a conversation up to the place where the model answers."""
    return _ids(tokenizer, render(tokenizer, messages, where, ask=True))


def end_of_turn(tokenizer: Any, where: str) -> int:
    """Return the id of the token that ends an answer in the chat format.

    Raises:
        Problem: no special token follows an answer.
    """
    text = render(tokenizer, [{"role": "user", "content": "a"}, {"role": "assistant", "content": _MARK}], where)
    ids = _ids(tokenizer, text[text.rfind(_MARK) + len(_MARK):])
    found = next((token for token in ids if token in specials(tokenizer)), None)
    if found is None:
        raise Problem("the chat template ends an answer with no special token, so that no answer would end",
                      where=where, fix="Use another instruction-tuned model", code=Code.MODEL_KIND)
    return found


def specials(tokenizer: Any) -> set[int]:
    """Return the ids of special tokens, such as those between turns."""
    return {*tokenizer.all_special_ids, *(index for index, token in tokenizer.added_tokens_decoder.items()
                                          if token.special)}


def format_tokens(tokenizer: Any, where: str) -> list[str]:
    """Return what the chat format puts around the messages of a conversation, as tokens."""
    messages = [{"role": role, "content": "a"} for role in ("user", "assistant", "user")]
    ids = _ids(tokenizer, render(tokenizer, messages, where, ask=True))
    return [str(token) for token in tokenizer.convert_ids_to_tokens(ids)]


def with_answers(tokenizer: Any, messages: Conversation, where: str) -> tuple[list[int], list[bool]]:
    """Return the tokens of a conversation that ends with an answer, and for each whether the model writes it.

    The model writes the contents of the assistant's messages, each with the token that ends its
    turn. Up to an answer, the tokens are those of ``prompt_ids``.

    Raises:
        Problem: a message contains a token of the chat format, or the template changes earlier turns.
    """
    end = end_of_turn(tokenizer, where)
    closing, marks = tokenizer.convert_ids_to_tokens(end), tokenizer.convert_ids_to_tokens(sorted(specials(tokenizer)))
    forged = next((mark for message in messages for mark in marks if mark in message["content"]), None)
    if forged is not None:
        raise Problem(f"a message contains {forged}, a token of the chat format", where=where,
                      fix="Remove it from the text, or the conversation", code=Code.DATA_FORMAT)
    ids, own, read = list[int](), list[bool](), ""
    for at, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before, content = render(tokenizer, messages[:at], where, ask=True), message["content"]
        if not before.startswith(read):
            raise Problem("the chat template changes earlier turns of a longer conversation", where=where,
                          fix="Use another instruction-tuned model, or conversations with one answer",
                          code=Code.MODEL_KIND)
        whole = _ids(tokenizer, before)
        prompt = whole[len(ids):] if whole[:len(ids)] == ids else _ids(tokenizer, before[len(read):])
        after = render(tokenizer, messages[:at + 1], where)
        rest = after[len(before):] if after.startswith(before) else content
        gap = rest[:len(rest) - len(rest.lstrip())] if rest.lstrip().startswith(content) else ""
        longer = _ids(tokenizer, before + gap + content)
        answer = longer[len(whole):] if longer[:len(whole)] == whole else _ids(tokenizer, gap + content)
        ids += [*prompt, *answer, end]
        own += [False] * len(prompt) + [True] * (len(answer) + 1)
        read = before + gap + content + closing
    return ids, own


def replies(model: Any, tokenizer: Any, conversations: Sequence[Conversation], where: str, most: int = 96,
            size: int = 64) -> Iterator[Reply]:
    """Yield the likeliest next answer to each conversation, token by token, at most ``most`` tokens of it.

    Prompts are read from their end if they exceed the model's positions.
    """
    import torch
    from transformers import GenerationConfig
    configure: Any = GenerationConfig
    end, marks, padding = end_of_turn(tokenizer, where), specials(tokenizer), tokenizer.pad_token_id
    room = max(1, positions_of(model) - most - 2)
    prompts = [prompt_ids(tokenizer, messages, where)[-room:] for messages in conversations]
    order = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
    ends = list(dict.fromkeys([end, *([tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else [])]))
    # of its own: that of a model may ask for sampling or penalties
    how = configure(max_new_tokens=most, do_sample=False, eos_token_id=ends, pad_token_id=padding)
    found: dict[int, Reply] = {}
    for first in range(0, len(order), size):
        rows = order[first:first + size]
        reverse, attend = padded_ids([prompts[row][::-1] for row in rows], padding)
        ids, attend = reverse.flip(1), attend.flip(1)  # padded on the left: all answers begin in one column
        with torch.inference_mode():
            out = model.generate(input_ids=ids.to(device_of(model)), attention_mask=attend.to(device_of(model)),
                                 generation_config=how)[:, ids.shape[1]:].tolist()
        for row, tokens in zip(rows, out, strict=True):
            stop = next((at for at, token in enumerate(tokens) if token in ends), len(tokens))
            found[row] = Reply(tokenizer.decode(tokens[:stop], skip_special_tokens=False).strip(),
                               stop < len(tokens) and tokens[stop] == end, not marks.isdisjoint(tokens[:stop]))
    yield from (found[row] for row in range(len(prompts)))


def _ids(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
    return ids
