"""Speakers' marks of right and wrong answers from ``vernacular try``: ``behaviour/marks.jsonl``, one per line.

The page writes the file; behavioral tests of type minimum read it with ``from: marks``. A marked
task without such a test gets one automatically.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from pydantic import Field, ValidationError

from vernacular.config.schema import Language
from vernacular.config.strict import Strict
from vernacular.core.codes import Code
from vernacular.core.errors import Collector, Problem
from vernacular.core.files import File
from vernacular.text.words import words

FILE = "marks.jsonl"
NAME = "marked_by_speakers_{task}"


class Mark(Strict):
    """An answer judged by a speaker. For a task that labels words, an answer is one label per word, with spaces."""

    text: str = Field(min_length=1)
    task: str
    model: str = Field("", description="the variant that answered: base, control or adapted")
    answer: str
    right: bool
    should_be: str | None = None
    by: str = ""
    when: str = Field("", description="date and time, ISO 8601")

    @property
    def wanted(self) -> str | None:
        """The right answer; None if only a wrong one is known."""
        return self.answer if self.right else self.should_be or None


@dataclass(frozen=True)
class Known:
    """What is known about the answer to a text."""

    right: str | None  # the right answer; None if only wrong ones are known
    wrong: tuple[str, ...] = ()  # wrong answers


def together(marks: Sequence[Mark]) -> Known:
    """Combine the ``marks`` of one text and task, in order, over all models.

    The newest right answer is kept, unless it was later marked wrong; other wrong answers do not
    affect it.
    """
    right, wrong = None, dict[str, None]()
    for mark in marks:
        if not mark.right:
            wrong[mark.answer] = None
        if mark.wanted is not None:
            right = mark.wanted
            wrong.pop(right, None)
        elif right == mark.answer:
            right = None
    return Known(right, tuple(wrong))


def check_entities(labels: Sequence[str], where: str) -> None:
    """Reject word labels that violate IOB2: no model gives them, so the mark could never be satisfied.

    Raises:
        Problem: the first I- label without a matching predecessor.
    """
    for number, (before, label) in enumerate(zip(["", *labels], labels, strict=False), 1):
        if label.startswith("I-") and before[1:] != label[1:]:
            raise Problem(f"{label} at word {number} follows {before or 'nothing'}: in IOB2 an entity begins with B-",
                          where=where, fix=f"Write B-{label[2:]} there, or give the preceding word a label of "
                                           f"{label[2:]}", code=Code.DATA_LABEL)


def read_marks(file: File, language: Language) -> list[Mark]:
    """Return the marks in ``file``, in order; none if it does not exist.

    Raises:
        Problem: lines that are not marks, or whose task is unknown or multi-label, or whose labels
            do not fit the words or IOB2.
    """
    marks, faults = list[Mark](), Collector()
    with faults.collect():
        for where, line in file.rows():
            with faults.collect():
                marks.append(_mark(line, where, language))
    faults.raise_collected()
    return marks


def _mark(line: bytes, where: str, language: Language) -> Mark:
    try:
        mark = Mark.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise Problem(f"not a line of JSON ({error})", where=where, fix="Correct or remove the line",
                      code=Code.DATA_FORMAT) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Problem(f"not a mark: {'.'.join(map(str, first['loc']))}: {first['msg']}", where=where,
                      fix="Correct or remove the line", code=Code.DATA_FORMAT) from None
    if mark.task not in language.tasks:
        raise Problem(f"a mark of the task '{mark.task}', which is not in language.yaml", where=where,
                      fix="Remove the line, or restore the task's name", code=Code.DATA_LABEL)
    task = language.tasks[mark.task]
    if task.multi_label:
        raise Problem(f"a mark of the task '{mark.task}', which is multi-label "
                      "(multi_label): tests cannot judge it", where=where, fix="Remove the line",
                      code=Code.DATA_LABEL)
    if task.kind == "token_classification":
        for labels in filter(None, (mark.answer, mark.should_be)):
            if len(labels.split()) != len(words(mark.text)):
                raise Problem(f"{len(labels.split())} labels for {len(words(mark.text))} words", where=where,
                              fix="Give each word of the text one label, separated by spaces, or remove the line",
                              code=Code.DATA_LABEL)
        if task.data is not None and task.tags != "plain" and mark.wanted is not None:
            check_entities(mark.wanted.split(), where)
    return mark
