"""Questions on a text, each with the answers as they stand in it: SQuAD's shape, one question a line of JSON.

``{"id": "...", "context": "...", "question": "...", "answers": {"text": ["..."], "answer_start": [17]}}``, or
``"answers": [{"text": "...", "answer_start": 17}]``; no answer at all means that the text does not hold it (SQuAD 2.0).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vernacular.errors import Problem


@dataclass(frozen=True)
class Question:
    """A question and its answers.

    Attributes:
        context: the text that holds the answer.
        text: the question.
        answers: start and end (exclusive) in ``context`` of each answer that counts as right, none if there is none.
    """

    context: str
    text: str
    answers: tuple[tuple[int, int], ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The right answers in words; an empty one where the context has none."""
        return tuple(self.context[start:stop] for start, stop in self.answers) or ("",)


def from_rows(rows: Iterable[Mapping[str, Any]], where: str) -> list[Question]:
    """The questions of a file's rows.

    Args:
        rows: objects in SQuAD's shape.
        where: what to call the file in an error.

    Raises:
        Problem: a key that is missing, or an answer that does not stand where it is said to.
    """
    return [_question(row, f"{where} row {number}") for number, row in enumerate(rows, 1)]


def _question(row: Mapping[str, Any], where: str) -> Question:
    context, text = row.get("context"), row.get("question")
    if not isinstance(context, str) or not isinstance(text, str) or "answers" not in row:
        raise Problem("a question needs context and question as texts, and answers", where=where,
                      fix="Write {\"context\": ..., \"question\": ..., \"answers\": [{\"text\": ..., \"answer_start\": "
                          "...}]}")
    spans = []
    for answer, start in _answers(row["answers"], where):
        if not answer or start < 0 or context[start:start + len(answer)] != answer:
            found = [at for at in range(len(context)) if answer and context.startswith(answer, at)]
            hint = f"it stands at {', '.join(map(str, found[:3]))}" if found else "the context does not hold it"
            raise Problem(f"the answer '{answer[:40]}' does not start at character {start} of the context ({hint})",
                          where=where, fix="Count characters, not bytes, from 0")
        spans.append((start, start + len(answer)))
    return Question(context, text, tuple(spans))


def _answers(value: Any, where: str) -> list[tuple[str, int]]:
    """The answers in either of the two spellings."""
    if isinstance(value, Mapping):
        texts, starts = value.get("text"), value.get("answer_start")
        if isinstance(texts, list) and isinstance(starts, list) and len(texts) == len(starts):
            value = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
    if isinstance(value, list) and all(
            isinstance(answer, Mapping) and isinstance(answer.get("text"), str)
            and type(answer.get("answer_start")) is int for answer in value):
        return [(answer["text"], answer["answer_start"]) for answer in value]
    raise Problem("answers must be a list of {text, answer_start}, or the lists text and answer_start of one length",
                  where=where, fix="Correct them; [] for a question that the context does not answer")
