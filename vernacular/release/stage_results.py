"""What the stage ``release/<name>`` found out: whether the release gives the scored answers, and its waivers."""

from __future__ import annotations

from typing import Literal

from vernacular.core.result import Number, Result
from vernacular.release.waivers import Waiver

Verdict = Literal["gain", "no gain", "harm"]
OURS = "vernacular"  # what is called where no call of the ecosystem gives a task's answers


class TaskCheck(Result):
    """The answers of the release to scored items of a task."""

    seed: int | None  # whose training is released; None where nothing was trained
    card: Number  # the score of that seed on all items
    call: str  # a task of ``pipeline``, ``SentenceTransformer``, or ``vernacular``
    items: int  # asked
    answers: int  # labeled units among them
    same: Number  # the share of these that got the scored answer
    score: Number  # on the items asked, of the call's answers
    score_before: Number  # on the same items, of the scored answers
    strategy: str  # for words, how tokens are aggregated on the card
    by_strategy: dict[str, Number]  # for words, the share of the same answers under each way to aggregate
    alone: bool  # whether nothing of Vernacular was used


class ModelCheck(Result):
    """What the released model gives to one call, beside what Vernacular computes from the same weights."""

    items: int  # texts asked
    # the share of texts with the same answer: the likeliest pieces, the continuation, the nearest other
    # text
    same: Number
    difference: Number  # the largest absolute difference of a probability, or of a number of an embedding


class ReleaseResult(Result):
    """The result of ``release/<name>``."""

    card: str  # name of its file
    reloaded: dict[str, TaskCheck]  # task -> what the release answers to its scored items
    loads: dict[str, ModelCheck]  # call -> what the released model gives to it
    waivers: list[Waiver]  # of red gates
    verdicts: dict[str, dict[str, Verdict]]  # task -> difference -> verdict
