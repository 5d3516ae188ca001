"""Conversations as data sets write them: ``messages`` (TRL, OpenAI) and ShareGPT's ``from`` and ``value``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item, Row
from vernacular.modeling.chat import Message

# Name of a role in data sets -> in chat templates.
_ROLES = {"system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant",
          "chatgpt": "assistant", "bot": "assistant", "model": "assistant"}
_KEYS = (("role", "content"), ("from", "value"))
_FIX = 'Write [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]'


def messages_of(row: Row) -> list[Message]:
    """Return the messages of a row, which end with an answer; turns after the last answer are left out.

    Raises:
        Problem: it is not a conversation of texts, or has no answer.
    """
    value = row.fields["messages"]
    if isinstance(value, dict) and all(isinstance(part, list) for part in value.values()):
        names, columns = [*value], [*value.values()]  # `datasets` turns a list of objects into lists
        value = [dict(zip(names, parts, strict=False)) for parts in zip(*columns, strict=False)]
    if not isinstance(value, list) or not value:
        raise Problem("its messages are not a list", where=row.where, fix=_FIX, code=Code.DATA_FORMAT)
    messages = [_message(part, row.where) for part in value]
    last = max((at for at, message in enumerate(messages) if message["role"] == "assistant"), default=-1)
    messages = messages[:last + 1]
    turns = [message["role"] for message in messages if message["role"] != "system"]
    if not turns or any(role != ("user", "assistant")[number % 2] for number, role in enumerate(turns)) or any(
            message["role"] == "system" for message in messages[1:]):
        raise Problem("its turns are not a user's and an assistant's in turn, with at most a system message before "
                      "them", where=row.where, fix=_FIX, code=Code.DATA_FORMAT)
    return messages


def _message(part: Any, where: str) -> Message:
    for role, content in _KEYS:
        if isinstance(part, dict) and isinstance(part.get(role), str) and isinstance(part.get(content), str):
            if part[role].lower() not in _ROLES:
                raise Problem(f"the role '{part[role]}' is not one of {', '.join(dict.fromkeys(_ROLES.values()))}",
                              where=where, fix="Rename it, or remove the conversation", code=Code.DATA_FORMAT)
            if not part[content].strip():
                raise Problem("a message is empty", where=where, fix="Remove the conversation", code=Code.DATA_EMPTY)
            return {"role": _ROLES[part[role].lower()], "content": part[content].strip()}
    raise Problem("a message has no role with a text", where=where, fix=_FIX, code=Code.DATA_FORMAT)


def item_of(messages: Sequence[Message], where: str) -> Item:
    """Return a conversation as an item: the messages before the last answer as text with spans, and this answer."""
    text, spans = "", []
    for message in messages[:-1]:
        text += f"{message['role']}: "
        spans.append((len(text), len(text) + len(message["content"])))
        text += f"{message['content']}\n"
    return Item(text, document=where, spans=tuple(spans), second=messages[-1]["content"])


def conversation(item: Item, answer: bool = False) -> list[Message]:
    """Return the messages of an item of ``item_of``, without or with the last answer."""
    messages, begin = list[Message](), 0
    for start, stop in item.spans or ():
        messages.append({"role": item.text[begin:start - 2], "content": item.text[start:stop]})
        begin = stop + 1
    return [*messages, *([{"role": "assistant", "content": item.second}] if answer else [])]
