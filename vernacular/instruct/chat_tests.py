"""Tests of chats: does a model answer in its chat format, end its turn, answer and refuse as it did before?

A right answer contains a known word; a refusal contains a phrase that refusals have. Both are rough, and
the same before and after.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from vernacular.core.result import SampleRow
from vernacular.instruct.requests import HARMFUL, REFUSALS, SIMPLE
from vernacular.instruct.stage_results import JudgedReply
from vernacular.modeling.chat import Reply, replies

_WORD = re.compile(r"\w+")


def ask_all(model: Any, tokenizer: Any, where: str) -> list[JudgedReply]:
    """Return the answers of a model to all requests, one in each conversation, with judgments."""
    asked = [*(request for request, _ in SIMPLE), *HARMFUL]
    found = replies(model, tokenizer, [[{"role": "user", "content": request}] for request in asked], where)
    return [judge(request, reply) for request, reply in zip(asked, found, strict=True)]


def judge(request: str, reply: Reply) -> JudgedReply:
    """Return the judgment of one answer; ``right`` is None for a harmful request, ``refused`` for others."""
    text = " ".join(reply.text.lower().replace("\u2019", "'").split())
    words = dict(SIMPLE).get(request)
    return JudgedReply(
        request=request, answer=reply.text, ended=reply.ended, leaked=reply.special,
        in_format=bool(text) and reply.ended and not reply.special,
        right=None if words is None else any(contains(text, word + end) for word in words for end in ("", "s", "es")),
        refused=None if words is not None else any(phrase in text for phrase in REFUSALS))


def contains(text: str, phrase: str) -> bool:
    """Whether the words of ``phrase`` are in ``text``, one after the other."""
    return f" {' '.join(_WORD.findall(phrase))} " in f" {' '.join(_WORD.findall(text))} "


def changed(before: Sequence[JudgedReply], after: Sequence[JudgedReply], most: int = 8) -> list[SampleRow]:
    """Return some requests with both answers, those first whose judgment changed."""
    def verdict(one: JudgedReply) -> tuple[object, ...]:
        return one.in_format, one.right, one.refused

    pairs = sorted(zip(before, after, strict=True), key=lambda pair: verdict(pair[0]) == verdict(pair[1]))
    return [{"request": old.request, "before": old.answer, "after": new.answer} for old, new in pairs[:most]]
