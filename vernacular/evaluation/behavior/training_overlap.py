"""Find marked sentences in the training data; their marks are excluded, since models may have memorized them.

Marked text is not removed from training, unlike that of tests, because every mark would rerun all
stages. So all training data is searched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from vernacular.behavior_tests.feedback import Mark
from vernacular.cleaning.stage import tidy
from vernacular.config.stage_settings import clean_settings
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.tasks.stage import items_of
from vernacular.text.word_hashes import Tokens

LEAST = 5  # words; shorter texts occur by chance, and count only as whole lines
_LINES = 20_000  # per batch


def set_aside(work: StageContext, marks: Sequence[Mark]) -> dict[tuple[str, str], str]:
    """Return (task, text) of the ``marks`` that cannot be scored -> why.

    ``work``: of a stage that reads ``corpus/splits`` and the marked tasks.
    """
    if not marks:
        return {}
    settings = clean_settings(work.language)
    found: dict[tuple[str, str], str] = {}

    def note(own: Sequence[Mark], lines: Iterable[str], of: str) -> None:
        shared = find_matches(tidy([mark.text for mark in own], settings), lines, settings.overlap_words)
        found.update({(mark.task, mark.text): f"{match} {of}"
                      for mark, match in zip(own, shared, strict=True) if match})

    for task in dict.fromkeys(mark.task for mark in marks):
        learned = tidy([" ".join(item.text.split()) for item in items_of(work, task).train], settings)
        note([mark for mark in marks if mark.task == task], learned, f"the training examples of {task}")
    note(marks, (line for row in read_rows(work.inputs["corpus/splits"] / file_of("train"))
                 for line in row["text"].split("\n")), "the training text of the models")
    return found


def find_matches(texts: Sequence[str], lines: Iterable[str], overlap: int) -> list[str]:
    """Return how each text matches ``lines``, as words before a name; empty without a match.

    As in decontamination, texts match if they have the same words, or ``overlap`` in a row; also if
    a line contains all of a shorter text, from five words on. Case, spaces and punctuation are
    ignored.

    Args:
        texts: spelled like the lines.
        lines: any number; processed in batches.
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
