"""Which sentences the models were trained on: a mark on one of them is set aside, for they may know it by heart.

Text that people mark is not kept out of training, as that of tests is: a mark must not set the whole path going again.
So it is looked for here, in all that was learned from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from vernacular.behavior_tests.feedback import Mark
from vernacular.cleaning.stage import tidy
from vernacular.config.stage_settings import clean_settings
from vernacular.core.jsonl import read_jsonl
from vernacular.pipeline.stage import StageContext
from vernacular.tasks.stage import items_of
from vernacular.text.word_hashes import Tokens

LEAST = 5  # words: what is shorter stands in anybody's sentences, and counts only where it is a line by itself
_LINES = 20_000  # at a time


def set_aside(work: StageContext, marks: Sequence[Mark]) -> dict[tuple[str, str], str]:
    """(task, text) of the ``marks`` that cannot be scored -> why.

    Args:
        work: of a stage that reads ``corpus/splits`` and the tasks that were marked.
        marks: what speakers said.

    Raises:
        Problem: the labelled data of a task cannot be used.
    """
    if not marks:
        return {}
    settings = clean_settings(work.language)
    found: dict[tuple[str, str], str] = {}

    def note(own: Sequence[Mark], lines: Iterable[str], of: str) -> None:
        shared = stands_in(tidy([mark.text for mark in own], settings), lines, settings.overlap_words)
        found.update({(mark.task, mark.text): f"{said} {of}" for mark, said in zip(own, shared, strict=True) if said})

    for task in dict.fromkeys(mark.task for mark in marks):
        learned = tidy([" ".join(item.text.split()) for item in items_of(work, task).train], settings)
        note([mark for mark in marks if mark.task == task], learned, f"the examples that {task} was learned from")
    note(marks, (line for row in read_jsonl(work.inputs["corpus/splits"] / "train.jsonl")
                 for line in row["text"].split("\n")), "the text that the models were trained on")
    return found


def stands_in(texts: Sequence[str], lines: Iterable[str], overlap: int) -> list[str]:
    """How each text is found among ``lines``, in words that a name can follow; empty if it is not.

    As for tests and held-out text it is so if both have the same words, or ``overlap`` in a row; and also if a line
    holds all of a shorter text, from five words on. Case, spaces and punctuation do not count.

    Args:
        texts: spelled as the lines are.
        lines: any number; a part at a time is kept in memory.
        overlap: words in a row.
    """
    asked = Tokens(texts)
    sizes = np.minimum(asked.counts, overlap)
    equal, inside = np.zeros(len(texts), np.bool_), np.zeros(len(texts), np.bool_)
    for part in _parts(lines):
        tokens = Tokens(part)
        equal |= (asked.counts > 0) & np.isin(asked.line_hashes, tokens.line_hashes)
        for size in np.unique(sizes[sizes >= LEAST]).tolist():
            runs, counts = asked.runs(size)
            hits = np.repeat(np.arange(len(texts)), counts)[np.isin(runs, tokens.runs(size)[0])]
            inside[hits[sizes[hits] == size]] = True
    return ["equals a line of" if same else "" if not some else f"shares {size} words in a row with"
            for same, some, size in zip(equal, inside, sizes.tolist(), strict=True)]


def _parts(lines: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(lines)
    while part := list(islice(rest, _LINES)):
        yield part
