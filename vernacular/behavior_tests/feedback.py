"""What speakers marked right or wrong on the page of ``vernacular try``: ``behaviour/marks.jsonl``, a mark a line.

The page writes the file; behavioural tests of type minimum read it with ``from: marks``. A task that is marked and has
no such test gets one, so that no mark is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from pydantic import Field, ValidationError

from vernacular.config.schema import Language
from vernacular.config.strict import Strict
from vernacular.core.errors import Collector, Problem
from vernacular.core.files import File
from vernacular.text.words import words

FILE = "marks.jsonl"
NAME = "marked_by_speakers_{task}"


class Mark(Strict):
    """One answer that a speaker judged. For a task that labels words, an answer is a label a word, with spaces."""

    text: str = Field(min_length=1)
    task: str
    model: str = Field("", description="which model answered: base, control or adapted")
    answer: str
    right: bool
    should_be: str | None = None
    by: str = ""
    when: str = Field("", description="date and time, ISO 8601")

    @property
    def wanted(self) -> str | None:
        """The answer that is right; None where only a wrong one is known."""
        return self.answer if self.right else self.should_be or None


@dataclass(frozen=True)
class Known:
    """What is known of the answer to one text.

    Attributes:
        right: the right answer; None where only wrong ones are known.
        wrong: answers that are not.
    """

    right: str | None
    wrong: tuple[str, ...] = ()


def together(marks: Sequence[Mark]) -> Known:
    """What ``marks`` of one text and task, in their order, say together, whichever models they were about.

    The newest right answer is the right one, unless it was called wrong afterwards; that another one is wrong takes
    nothing back.
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
    """Refuse labels of words that IOB2 forbids: no model answers them, so nothing could ever be as they say.

    Raises:
        Problem: the first label that goes on with what did not begin.
    """
    for number, (before, label) in enumerate(zip(["", *labels], labels, strict=False), 1):
        if label.startswith("I-") and before[1:] != label[1:]:
            raise Problem(f"{label} at word {number} follows {before or 'nothing'}: in IOB2 an entity begins with B-",
                          where=where, fix=f"Write B-{label[2:]} there, or give the word before a label of {label[2:]}")


def read_marks(file: File, language: Language) -> list[Mark]:
    """The marks in ``file``, in their order; none where there is no file.

    Raises:
        Problem: lines that are no marks, of tasks that are not there or give several labels, or with labels that do not
            fit their words, or cannot follow each other.
    """
    marks, faults = list[Mark](), Collector()
    with faults.collect():
        for where, line in file.rows():
            with faults.collect():
                marks.append(_mark(line, where, language))
    faults.raise_collected()
    return marks


def _mark(line: bytes, where: str, language: Language) -> Mark:
    """The mark that a line holds.

    Raises:
        Problem: it is none, or none that ``language`` can use.
    """
    try:
        mark = Mark.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise Problem(f"not a line of JSON ({error})", where=where, fix="Correct or remove the line") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Problem(f"not a mark: {'.'.join(map(str, first['loc']))}: {first['msg']}", where=where,
                      fix="Correct or remove the line") from None
    if mark.task not in language.tasks:
        raise Problem(f"a mark of the task '{mark.task}', which language.yaml does not have", where=where,
                      fix="Remove the line, or give the task its name back")
    task = language.tasks[mark.task]
    if task.multi_label:
        raise Problem(f"a mark of the task '{mark.task}', which gives a text any number of labels (multi_label): "
                      "no test can judge it", where=where, fix="Remove the line")
    if task.kind == "token_classification":
        for labels in filter(None, (mark.answer, mark.should_be)):
            if len(labels.split()) != len(words(mark.text)):
                raise Problem(f"{len(labels.split())} labels for {len(words(mark.text))} words", where=where,
                              fix="Give each word of the text a label, with spaces between, or remove the line")
        if task.data is not None and task.tags != "plain" and mark.wanted is not None:
            check_entities(mark.wanted.split(), where)
    return mark
