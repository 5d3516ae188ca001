"""Writes what is left of the corpus, what was dropped, and what was changed, in the order of the documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vernacular.cleaning.corpus_lines import NUMBERS, Corpus
from vernacular.cleaning.corpus_rules import in_parts
from vernacular.cleaning.disk_arrays import AT_ONCE, disk_array, numbered, places_of, stretches
from vernacular.cleaning.table_view import View
from vernacular.provenance.corpus_tables import CHANGED, CLEANED, REJECTED, read_tables, write_tables
from vernacular.text.line_batch import RULES as OWN_RULES
from vernacular.text.word_hashes import Ints, offsets


def write_documents(path: Path, corpus: Corpus, documents: Path) -> None:
    """Write the rows of ``documents`` that have a line left, with the lines that are left."""
    write_tables(path, CLEANED, _cleaned(corpus, documents))


def _cleaned(corpus: Corpus, documents: Path) -> Iterator[pa.Table]:
    first = 0
    for table in read_tables(documents, [name for name in CLEANED.names if name not in ("text", "flags")]):
        last = first + len(table)
        begin, end = corpus.firsts[first], corpus.firsts[last]
        at = np.flatnonzero(corpus.rule[begin:end] == 0) + begin
        left = np.bincount(corpus.owner[at] - first, minlength=len(table))
        texts = corpus.texts_of_lines(at)
        full = np.flatnonzero(left)
        joined = pc.binary_join(pa.ListArray.from_arrays(
            pa.array(offsets(left[full]).astype(np.int32)), texts), "\n")
        rows = table.take(pa.array(full))
        new = {"text": joined, "flags": corpus.view.at(full + first).row_values("flags")}
        yield pa.table([new[name] if name in new else rows[name] for name in CLEANED.names], schema=CLEANED)
        first = last


def write_rejects(path: Path, corpus: Corpus) -> None:
    """Write the lines that were dropped, rule by rule: id, line, rule, reason and text."""
    write_tables(path, REJECTED, _rejected(corpus))


def _rejected(corpus: Corpus) -> Iterator[pa.Table]:
    view, folder = corpus.view, corpus.folder
    entries, owners = _every(view, "rejects")
    rules = disk_array(folder, len(entries), np.uint8)
    for first, last in stretches(len(entries)):
        rules[first:last] = view.take("rejects", "rule", entries[first:last])
    for number, rule in enumerate(OWN_RULES):
        for at in in_parts(places_of(rules == number, folder)):
            yield _table(corpus, owners[at], view.take("rejects", "line", entries[at]), rule,
                         view.values("rejects", "reason", entries[at]), view.values("rejects", "text", entries[at]))
    for rule, number in NUMBERS.items():
        for at in in_parts(places_of(corpus.rule == number, folder)):
            yield _table(corpus, corpus.owner[at], corpus.of_lines("number", at), rule,
                         corpus.reasons_of(at), corpus.texts_of_lines(at))


def _every(view: View, level: str) -> tuple[Ints, NDArray[np.int32]]:
    """All entries of ``level``, and the row of each."""
    entries, owners = (disk_array(view.folder, view.number(level), kind) for kind in (np.int64, np.int32))
    begin = 0
    for first, rows in view.parts(level, AT_ONCE):
        some = rows.entries(level)
        entries[begin:begin + len(some)], owners[begin:begin + len(some)] = some, rows.owners(level) + first
        begin += len(some)
    return entries, owners


def _table(corpus: Corpus, owners: NDArray[np.integer], lines: NDArray[np.integer], rule: str, reasons: pa.Array,
           texts: pa.Array) -> pa.Table:
    return pa.table([corpus.ids_of(owners), pa.array(lines.astype(np.int32)),
                     pa.repeat(rule, len(owners)), reasons, texts], schema=REJECTED)


def write_changes(path: Path, corpus: Corpus) -> None:
    """Write what was repaired and spelled otherwise: id, line, rule, offset where there is one, before, after."""
    write_tables(path, CHANGED, _changed(corpus))


def _changed(corpus: Corpus) -> Iterator[pa.Table]:
    entries, owners = _every(corpus.view, "changes")
    for at in in_parts(numbered(corpus.folder, len(entries))):
        columns = [corpus.view.values("changes", name, entries[at]) for name in CHANGED.names[1:]]
        yield pa.table([corpus.ids_of(owners[at]), *columns], schema=CHANGED)
