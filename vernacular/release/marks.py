"""Judgments of answers on the page of ``vernacular try``: ``behaviour/marks.jsonl``, one object per line.

Behavioral tests read the file; only this module appends to it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from vernacular.behavior_tests.feedback import check_entities
from vernacular.behavior_tests.load import FOLDER
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder
from vernacular.core.store import now
from vernacular.provenance.suppression_list import append_row
from vernacular.release.inference import Answers

FILE = "marks.jsonl"
LONGEST_NAME = 80


@dataclass(frozen=True)
class Mark:
    """One answer that was judged."""

    text: str  # the question, without blanks
    task: str  # of language.yaml
    model: str  # ``base``, ``control`` or ``adapted``
    answer: str  # the label; for a task that labels words one for each word, with spaces between
    right: bool  # whether it is
    should_be: str | None  # the right answer in the same form, if it was given
    by: str  # the person who judged; may be empty
    when: str  # ISO 8601 in UTC


def answer_of(answers: Answers, task: str) -> str | None:
    """The answer to ``task`` as a mark holds it; None where there is none."""
    if task in answers.words:
        return " ".join(label for _, label, _ in answers.words[task])
    return answers.lines[task][0][0] if answers.lines.get(task) else None


def make_mark(text: str, task: str, model: str, answers: Answers, right: bool, should_be: str, by: str) -> Mark:
    """A mark of the answer that ``answers`` holds.

    Raises:
        Problem: there is no such answer, it cannot be marked, or the corrected labels are not valid for the task.
    """
    answer = answer_of(answers, task)
    if answer is None:
        raise Problem(f"there is no answer of {model} to {task}", where="mark", fix="Compare the sentence again",
                      code=Code.MARK_ANSWER)
    if task in answers.several:
        raise Problem(f"{task} gives several labels, and a mark can hold one", where="mark",
                      fix="Mark the answers of the other tasks", code=Code.MARK_ANSWER)
    if answers.unread.get(task):
        raise Problem("the model did not read the end of the sentence, so its answer cannot be marked", where="mark",
                      fix="Use a shorter sentence", code=Code.MARK_ANSWER)
    number = len(answers.words[task]) if task in answers.words else 1
    if task in answers.words and len(answer.split()) != number:
        raise Problem(f"labels of {task} contain spaces, so its answers cannot be marked", where="mark",
                      fix="Write such labels without spaces in the labeled data, and run again", code=Code.MARK_ANSWER)
    wanted = " ".join(should_be.split())
    if wanted == answer:
        wanted = ""  # the field still holds what was answered
    if wanted and right:
        raise Problem("the answer was marked right, but a correction was given", where="mark",
                      fix="Press Wrong, or remove the correction", code=Code.MARK_LABEL)
    if wanted:
        known = answers.labels.get(task, ())
        given = wanted.split() if task in answers.words else [wanted]
        strange = [label for label in given if label not in known]
        if strange or len(given) != number:
            raise Problem(f"'{strange[0]}' is not a label of {task}" if strange else
                          f"{len(given)} labels for {number} words", where="mark",
                          fix=f"Write {'one label' if number == 1 else f'{number} labels'} out of: {', '.join(known)}",
                          code=Code.MARK_LABEL)
        if task in answers.entities:
            check_entities(given, "mark")
    return Mark(text, task, model, answer, right, wanted or None, " ".join(by.split())[:LONGEST_NAME], now())


def keep(folder: Path, mark: Mark) -> File:
    """Append ``mark`` to the file of the language ``folder``, whole or not at all; returns the file."""
    file = Folder.of(folder).file(f"{FOLDER}/{FILE}")
    append_row(file, asdict(mark))
    return file
