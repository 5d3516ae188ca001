"""What the stage ``release/<name>`` found out: whether the release gives the scored answers, and its waivers."""

from __future__ import annotations

from typing import Literal

from vernacular.core.result import Number, Result
from vernacular.release.waivers import Waiver

Verdict = Literal["gain", "no gain", "harm"]
OURS = "vernacular"  # what is called where no call of the ecosystem gives a task's answers


class TaskCheck(Result):
    """What the release answers to scored items of a task.

    Attributes:
        seed: whose training is released; None where nothing was trained.
        card: the score of that seed on all items.
        call: what was asked: a task of ``pipeline``, ``SentenceTransformer``, or ``vernacular``.
        items: asked.
        answers: labeled units among them.
        same: the share of these that got the scored answer.
        score: on the items asked, of the call's answers.
        score_before: on the same items, of the scored answers.
        strategy: for words, how tokens are aggregated on the card.
        by_strategy: for words, the share of the same answers under each way to aggregate.
        alone: whether nothing of Vernacular was used.
    """

    seed: int | None
    card: Number
    call: str
    items: int
    answers: int
    same: Number
    score: Number
    score_before: Number
    strategy: str
    by_strategy: dict[str, Number]
    alone: bool


class ModelCheck(Result):
    """What the released model gives to one call, beside what Vernacular computes from the same weights.

    Attributes:
        items: texts asked.
        same: the share of texts with the same answer: the likeliest pieces, the continuation, the nearest other text.
        difference: the largest absolute difference of a probability, or of a number of an embedding.
    """

    items: int
    same: Number
    difference: Number


class ReleaseResult(Result):
    """The result of ``release/<name>``.

    Attributes:
        card: name of its file.
        reloaded: task -> what the release answers to its scored items.
        loads: call -> what the released model gives to it.
        waivers: of red gates.
        verdicts: task -> difference -> verdict.
    """

    card: str
    reloaded: dict[str, TaskCheck]
    loads: dict[str, ModelCheck]
    waivers: list[Waiver]
    verdicts: dict[str, dict[str, Verdict]]
