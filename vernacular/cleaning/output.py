"""Writes what is left of the corpus, what was dropped, and what was changed, in the order of the documents.

Documents that are left whole are copied from their tables, many at once; only the others are put together anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
from numpy.typing import NDArray

from vernacular.cleaning import corpus_rules as across
from vernacular.cleaning.cache import View
from vernacular.cleaning.corpus_rules import Corpus
from vernacular.text.line_batch import RULES as OWN_RULES
from vernacular.text.word_hashes import Ints

REJECTS = "rejects"


def write_documents(path: Path, corpus: Corpus) -> None:
    """Write the rows of all documents with a line left, with the lines that are left."""
    view = corpus.view
    left = np.bincount(corpus.owner[corpus.kept], minlength=len(corpus.lines))
    begins, ends = view.rows("begin"), view.rows("end").copy()
    ends[left == 0] = begins[left == 0]
    parts = np.flatnonzero((left > 0) & (left < corpus.lines))
    with path.open("wb") as stream:
        first = 0
        for part in parts.tolist():
            _copy(stream, view, "texts", view.table_of[first:part], begins[first:part], ends[first:part])
            stream.write(_partly(corpus, part, int(begins[part]), int(ends[part])))
            first = part + 1
        _copy(stream, view, "texts", view.table_of[first:], begins[first:], ends[first:])


def _partly(corpus: Corpus, document: int, begin: int, end: int) -> bytes:
    """The row of a document of which some lines are left."""
    table = corpus.view.tables[corpus.view.table_of[document]]
    lines = np.arange(corpus.firsts[document], corpus.firsts[document + 1])
    at = corpus.local[lines]
    begins, ends = table["lines.begin"][at].tolist(), table["lines.end"][at].tolist()
    texts = table["texts"].data
    left = corpus.kept[lines].tolist()
    kept = [texts[one:other] for one, other, stays in zip(begins, ends, left, strict=True) if stays]
    return b"".join((texts[begin:begins[0]], b"\\n".join(kept), texts[ends[-1]:end]))


def write_rejects(folder: Path, corpus: Corpus) -> None:
    """Write ``<rule>.jsonl`` for each rule, with id, line, rule, reason and text."""
    folder.mkdir()
    view = corpus.view
    entries = view.entries("rejects")
    rules, begins, ends = (view.take("rejects", name, entries) for name in ("rule", "begin", "end"))
    tables = view.table_of[view.owners("rejects")]
    for number, rule in enumerate(OWN_RULES):
        at = np.flatnonzero(rules == number)
        with (folder / f"{rule}.jsonl").open("wb") as stream:
            _copy(stream, view, "rejected", tables[at], begins[at], ends[at])
    ids = corpus.ids
    for rule, number in across.NUMBERS.items():
        with (folder / f"{rule}.jsonl").open("wb") as stream:
            stream.writelines(_rejected(corpus, rule, np.flatnonzero(corpus.rule == number), ids))


def _rejected(corpus: Corpus, rule: str, lines: Ints, ids: list[str]) -> Iterator[bytes]:
    texts = [table["texts"].data for table in corpus.view.tables]
    owners = corpus.owner[lines]
    columns = zip(lines.tolist(), owners.tolist(), corpus.number[lines].tolist(),
                  corpus.view.table_of[owners].tolist(),
                  *(corpus.view.take("lines", name, corpus.entries[lines]).tolist() for name in ("begin", "end")),
                  strict=True)
    escaped: dict[str, bytes] = {}
    for line, owner, number, table, begin, end in columns:
        reason = corpus.reasons[line]
        if reason not in escaped:
            escaped[reason] = orjson.dumps(reason)
        yield b'{"id":"%b","line":%d,"rule":"%b","reason":%b,"text":"%b"}\n' % (
            ids[owner].encode(), number, rule.encode(), escaped[reason], texts[table][begin:end])


def write_changes(path: Path, view: View) -> None:
    """Write what was repaired and spelled otherwise: id, line, rule, offset where there is one, before, after."""
    entries = view.entries("changes")
    with path.open("wb") as stream:
        _copy(stream, view, "changed", view.table_of[view.owners("changes")], view.take("changes", "begin", entries),
              view.take("changes", "end", entries))


def _copy(stream: BinaryIO, view: View, name: str, tables: Ints, begins: NDArray[Any], ends: NDArray[Any]) -> None:
    """Write pieces of the blob ``name`` of ``tables``; neighbours go at once."""
    if not len(tables):
        return
    filled = ends > begins
    tables, begins, ends = tables[filled], begins[filled], ends[filled]
    breaks = np.flatnonzero((tables[1:] != tables[:-1]) | (begins[1:] != ends[:-1])) + 1
    firsts = np.concatenate([[0], breaks]).astype(np.int64) if len(tables) else breaks
    lasts = np.concatenate([breaks, [len(tables)]]).astype(np.int64) - 1 if len(tables) else breaks
    blobs = {number: view.tables[number][name].data for number in np.unique(tables).tolist()}
    for number, begin, end in zip(tables[firsts].tolist(), begins[firsts].tolist(), ends[lasts].tolist(), strict=True):
        stream.write(blobs[number][begin:end])
