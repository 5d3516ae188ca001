"""Writes what is left of the corpus, what was dropped, and what was changed, in the order of the documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vernacular.cleaning import corpus_rules as across
from vernacular.cleaning.corpus_rules import Corpus
from vernacular.provenance.corpus_tables import CHANGED, CLEANED, REJECTED, read_tables, write_tables
from vernacular.text.line_batch import RULES as OWN_RULES
from vernacular.text.word_hashes import offsets


def write_documents(path: Path, corpus: Corpus, documents: Path) -> None:
    """Write the rows of ``documents`` that have a line left, with the lines that are left."""
    write_tables(path, CLEANED, _cleaned(corpus, documents))


def _cleaned(corpus: Corpus, documents: Path) -> Iterator[pa.Table]:
    first = 0
    kept, flags = corpus.kept, corpus.view.row_values("flags")
    for table in read_tables(documents, [name for name in CLEANED.names if name not in ("text", "flags")]):
        last = first + len(table)
        begin, end = corpus.firsts[first], corpus.firsts[last]
        at = np.flatnonzero(kept[begin:end]) + begin
        left = np.bincount(corpus.owner[at] - first, minlength=len(table))
        texts = corpus.texts_of_lines(at)
        full = np.flatnonzero(left)
        joined = pc.binary_join(pa.ListArray.from_arrays(
            pa.array(offsets(left[full]).astype(np.int32)), texts), "\n")
        rows = table.take(pa.array(full))
        new = {"text": joined, "flags": flags.take(pa.array(full + first))}
        yield pa.table([new[name] if name in new else rows[name] for name in CLEANED.names], schema=CLEANED)
        first = last


def write_rejects(path: Path, corpus: Corpus) -> None:
    """Write the lines that were dropped, rule by rule: id, line, rule, reason and text."""
    write_tables(path, REJECTED, _rejected(corpus))


def _rejected(corpus: Corpus) -> Iterator[pa.Table]:
    view = corpus.view
    entries, owners = view.entries("rejects"), view.owners("rejects")
    rules = view.take("rejects", "rule", entries)
    for number, rule in enumerate(OWN_RULES):
        for at in across.in_parts(np.flatnonzero(rules == number)):
            yield _table(corpus, owners[at], view.take("rejects", "line", entries[at]), rule,
                         view.values("rejects", "reason", entries[at]), view.values("rejects", "text", entries[at]))
    numbers = corpus.of_lines("number")
    for rule, number in across.NUMBERS.items():
        for at in across.in_parts(np.flatnonzero(corpus.rule == number)):
            yield _table(corpus, corpus.owner[at], numbers[at], rule,
                         corpus.reasons_of(at), corpus.texts_of_lines(at))


def _table(corpus: Corpus, owners: NDArray[np.integer], lines: NDArray[np.integer], rule: str, reasons: pa.Array,
           texts: pa.Array) -> pa.Table:
    return pa.table([corpus.ids.take(pa.array(owners)), pa.array(lines.astype(np.int32)),
                     pa.repeat(rule, len(owners)), reasons, texts], schema=REJECTED)


def write_changes(path: Path, corpus: Corpus) -> None:
    """Write what was repaired and spelled otherwise: id, line, rule, offset where there is one, before, after."""
    write_tables(path, CHANGED, _changed(corpus))


def _changed(corpus: Corpus) -> Iterator[pa.Table]:
    entries, owners = corpus.view.entries("changes"), corpus.view.owners("changes")
    for at in across.in_parts(np.arange(len(entries))):
        columns = [corpus.view.values("changes", name, entries[at]) for name in CHANGED.names[1:]]
        yield pa.table([corpus.ids.take(pa.array(owners[at])), *columns], schema=CHANGED)

