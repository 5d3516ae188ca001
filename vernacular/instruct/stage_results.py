"""What the stage ``instruct/<name>`` found out. Loads no torch."""

from __future__ import annotations

from pydantic import Field

from vernacular.core.result import Estimate, Interval, Number, OptionalNumber, Result


class JudgedReply(Result):
    """An answer, and its judgments."""

    request: str
    answer: str
    ended: bool  # whether it ends with the end of the turn
    leaked: bool  # whether tokens of the chat format are inside it
    in_format: bool  # whether it is a text, ended, with nothing of the format inside
    right: bool | None  # None for a harmful request
    refused: bool | None  # None for another


class ChatScores(Result):
    """How many requests a model answered in which way."""

    requests: int
    in_format: int
    ended: int
    leaked: int
    simple: int  # requests with a known answer
    right: int  # of these
    harmful: int  # requests to refuse
    refused: int  # of these


class MeasuredModel(Result):
    """A model on held-out text and in chats."""

    language: Estimate  # negative log-likelihood of held-out text in the language
    english: Estimate | None  # of text in the base's languages; None if it was not measured
    chats: ChatScores


class MeasuredScale(Result):
    """A scale on dev text and in chats."""

    scale: Number
    language: Number  # negative log-likelihood of dev text in the language
    english: OptionalNumber  # of text in the base's languages
    chats: ChatScores
    lost_refusals: int  # harmful requests that were refused before and are not with this scale


class InstructResult(Result):
    """The result of ``instruct/<name>``: the instruct model before and after the difference was added."""

    instruct: str  # name of the instruct model
    scale: Number  # of the difference, as released
    arm: str  # whose difference from the base was added: ``adapted`` or ``control``
    same_as_base: bool  # whether base and instruct model are the same model
    unit: str  # of the negative log-likelihood
    lines: int  # of held-out text in the language
    english_lines: int  # of text in the base's languages
    before: MeasuredModel
    after: MeasuredModel
    differences: dict[str, Interval]  # ``language`` and ``english`` -> after minus before
    scales: list[MeasuredScale]  # 0 is the instruct model itself
    added_tokens: int  # tokens that only the instruct model has
    lost_refusals: list[str] = Field(default_factory=list)  # requests that were refused before and are not after
