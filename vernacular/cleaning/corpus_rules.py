"""The rules that look across documents, in their order, on the hashes that ``chain`` made of each document."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from vernacular.cleaning import minhash as sketch
from vernacular.cleaning.cache import View, read_table, write_table
from vernacular.cleaning.decontamination import Held
from vernacular.cleaning.dedup import (
    Remembered,
    Similarities,
    boilerplate,
    document_hashes,
    first_places,
    joined,
    kinds_of,
    lines_of,
    nearly_repeated,
    nothing_remembered,
    repeated,
)
from vernacular.cleaning.source_profile import Summary
from vernacular.provenance.suppression_list import Suppressions, line_digest
from vernacular.text.word_hashes import Ints, offsets

RULES = {  # in their order: what a rejected line is
    "quarantine": "of documents that wait for a person since their source changed",
    "boilerplate": "that open or close many documents of a host or file",
    "duplicate_document": "of documents equal to one before",
    "near_duplicate_document": "of documents nearly equal to one before",
    "duplicate": "equal to a line before", "near_duplicate": "nearly equal to a line before",
    "takedown": "that were taken down", "contamination": "that share text with a task or a behavioural test"}
NUMBERS = {name: number for number, name in enumerate(RULES, 1)}
PAIRS = "similarities.pairs"


class _Summary(NamedTuple):
    """A ``profile.Summary`` that looks its text up when it is asked for."""

    id: str
    source: str
    lines: int
    lines_in_language: int
    lines_repeated: int
    corpus: Corpus
    document: int

    @property
    def text(self) -> str:
        """What the rules left of the document."""
        return self.corpus.document_text(self.document)


class Corpus:
    """All documents, line by line, as the rules for single documents left them.

    Args:
        view: their tables, from ``chain``.

    Attributes:
        lines: how many lines each document has, shape ``(documents,)``.
        owner: the document that each line is of, shape ``(lines,)``. The other arrays by line are ``entries`` and
            ``local`` (where it is in its level, and in its table), ``hashes`` of its words, ``kinds`` (equal for equal
            hashes), ``words``, ``before`` (words before private data was masked), ``characters``, ``number``, ``held``.
        rule: for each line 0, or the number of the rule that dropped it.
        reasons: line -> why it was dropped.
        groups: (source, register, licence, host or file), and ``group``: the number of that of each document.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.lines = view.counts("lines").astype(np.int64)
        self.owner = view.owners("lines")
        self.entries = view.entries("lines")
        self.hashes, self.words, self.before, self.characters, self.number, self.held = (
            view.take("lines", name, self.entries)
            for name in ("hash", "words", "before", "characters", "number", "held"))
        self.kinds = kinds_of(self.hashes)
        self.rule = np.zeros(len(self.owner), dtype=np.uint8)
        self.reasons: dict[int, str] = {}
        self.firsts = offsets(self.lines)
        begins = offsets(np.array([len(table["lines.hash"]) for table in view.tables], dtype=np.int64))
        self.local: Ints = self.entries - begins[view.table_of[self.owner]]
        names = [orjson.loads(table["names"].tobytes()) for table in view.tables]
        numbers: dict[tuple[str, ...], int] = {}
        every = [[numbers.setdefault(tuple(group), len(numbers)) for group in found["groups"]] for found in names]
        self.group: Ints = self._renumbered(every, view.rows("group"), view.table_of)
        self.groups = list(numbers)
        self.mask_kinds = [found["masks"] for found in names]

    @staticmethod
    def _renumbered(tables: list[list[int]], local: NDArray[Any], table_of: Ints) -> Ints:
        base = offsets(np.array([len(found) for found in tables], dtype=np.int64))
        every = np.array([number for found in tables for number in found], dtype=np.int64)
        found: Ints = every[base[table_of] + local]
        return found

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which lines are left."""
        kept: NDArray[np.bool_] = self.rule == 0
        return kept

    def drop(self, rule: str, reasons: Mapping[int, str]) -> None:
        """Drop lines, each for its reason."""
        self.rule[list(reasons)] = NUMBERS[rule]
        self.reasons.update(reasons)

    def drop_documents(self, rule: str, reasons: Mapping[int, str]) -> None:
        """Drop what is left of documents, each for its reason."""
        documents = np.array(sorted(reasons), dtype=np.int64)
        at = lines_of(documents, self.lines)
        at = at[self.rule[at] == 0]
        self.drop(rule, {line: reasons[of] for line, of in zip(at.tolist(), self.owner[at].tolist(), strict=True)})

    def line_text(self, line: int) -> str:
        """The text of a line."""
        table = self.view.tables[self.view.table_of[self.owner[line]]]
        begin, end = (int(table[f"lines.{name}"][self.local[line]]) for name in ("begin", "end"))
        return cast(str, orjson.loads(b'"' + table["texts"][begin:end].tobytes() + b'"'))

    def document_text(self, document: int) -> str:
        """The lines of a document, joined by line feeds."""
        if not self.lines[document]:
            return ""
        table = self.view.tables[self.view.table_of[document]]
        first, last = self.local[self.firsts[document]], self.local[self.firsts[document + 1] - 1]
        return cast(str, orjson.loads(b'"' + table["texts"][int(table["lines.begin"][first]):
                                                            int(table["lines.end"][last])].tobytes() + b'"'))

    @cached_property
    def ids(self) -> list[str]:
        """The id of each document."""
        found: list[str] = self.view.rows("id").astype("U16").tolist()
        return found

    def sources(self) -> list[str]:
        """The source of each document."""
        names = [group[0] for group in self.groups]
        return [names[group] for group in self.group.tolist()]

    def summaries(self) -> list[Summary]:
        """What the rules found out about each document, for ``poisoning``."""
        elsewhere = self.owner[first_places(self.kinds)] != self.owner
        again = np.bincount(self.owner[elsewhere], minlength=len(self.lines))
        every = range(len(self.lines))
        columns = zip(self.ids, self.sources(), self.view.rows("read_lines").tolist(),
                      self.view.rows("language_lines").tolist(), again.tolist(), repeat(self), every, strict=False)
        return cast(list[Summary], list(map(_Summary._make, columns)))


def apply(corpus: Corpus, share: float, least: float, quarantined: Mapping[int, str], suppressed: Suppressions,
          held: Held, pairs: Path) -> None:
    """Apply the rules to ``corpus``.

    Args:
        corpus: what the rules for single documents left.
        share: ``cleaning.boilerplate_share``.
        least: ``cleaning.near_duplicate``.
        quarantined: document -> why it waits for a person.
        suppressed: what was taken down.
        held: task items and behaviour texts.
        pairs: the file that keeps similarities for the next time.
    """
    corpus.drop_documents("quarantine", quarantined)
    _boilerplate(corpus, share)
    _documents(corpus)
    known = _known(pairs)
    documents = _near_documents(corpus, least, known)

    at = np.flatnonzero(corpus.kept)
    corpus.drop("duplicate", dict.fromkeys(at[repeated(corpus.kinds[at])].tolist(), "an equal line stands before it"))
    lines = _near_lines(corpus, least, known)
    _remember(pairs, joined([documents, lines]))

    if suppressed.lines:
        at = np.flatnonzero(corpus.kept)
        digests = (line_digest(corpus.line_text(line)) for line in at.tolist())
        corpus.drop("takedown", {line: "it was taken down" for line, gone in
                                 zip(at.tolist(), suppressed.covers_lines(digests), strict=True) if gone})
    at = np.flatnonzero(corpus.kept & (corpus.held > 0))
    corpus.drop("contamination", {line: held.reason(int(corpus.held[line])) for line in at.tolist()})


def _boilerplate(corpus: Corpus, share: float) -> None:
    at = np.flatnonzero(corpus.kept)
    lines = np.bincount(corpus.owner[at], minlength=len(corpus.lines))
    found, shares = boilerplate(corpus.kinds[at], lines, corpus.group, share)
    groups = corpus.group[corpus.owner[at[found]]].tolist()
    corpus.drop("boilerplate", {
        line: f"opens or closes {part:.0%} of the documents of {_name(corpus.groups[group])}"
        for line, part, group in zip(at[found].tolist(), shares.tolist(), groups, strict=True)})


def _name(group: tuple[str, ...]) -> str:
    return group[3].removeprefix("//") or group[0]


def _documents(corpus: Corpus) -> None:
    at = np.flatnonzero(corpus.kept)
    lines = np.bincount(corpus.owner[at], minlength=len(corpus.lines))
    documents = np.flatnonzero(lines)
    again = documents[repeated(kinds_of(document_hashes(corpus.hashes[at], lines)[documents]))]
    corpus.drop_documents("duplicate_document",
                          dict.fromkeys(again.tolist(), "an equal document stands before its document"))


def _near_lines(corpus: Corpus, least: float, known: Remembered) -> Remembered:
    """Drop lines nearly equal to one before; return what was measured."""
    view = corpus.view
    bands = view.take("lines", "bands", corpus.entries, sketch.shape(least, sketch.LINE)[0])
    slots = view.take("lines", "slots", corpus.entries, sketch.LINE)
    similarities = Similarities(
        corpus.hashes, lambda at: list(map(corpus.line_text, at.tolist())),
        lambda ones, others: sketch.surely_apart(slots[ones], slots[others], least), known)
    near = nearly_repeated(bands * corpus.kept[:, None], least, similarities)
    corpus.drop("near_duplicate", {line: f"similarity {similarity:.2f} to a line before it"
                                   for line, (_, similarity) in near.items()})
    return similarities.used()


def _near_documents(corpus: Corpus, least: float, known: Remembered) -> Remembered:
    """Drop documents nearly equal to one before, as they were before boilerplate was taken out."""
    at = corpus.view.owners("sketches")
    left = np.bincount(corpus.owner[corpus.kept], minlength=len(corpus.lines))[at] > 0
    at = at[left]
    found = corpus.view.take("sketches", "slots", corpus.view.entries("sketches"), sketch.DOCUMENT)[left]
    similarities = Similarities(
        document_hashes(corpus.hashes, corpus.lines)[at],
        lambda places: list(map(corpus.document_text, at[places].tolist())),
        lambda ones, others: sketch.surely_apart(found[ones], found[others], least), known)
    near = nearly_repeated(sketch.bands(found, least), least, similarities)
    ids = corpus.ids
    corpus.drop_documents("near_duplicate_document", {
        int(at[place]): f"similarity {similarity:.2f} to document {ids[at[other]]} before it"
        for place, (other, similarity) in near.items()})
    return similarities.used()


def _known(path: Path) -> Remembered:
    try:
        found = read_table(path)
    except (OSError, ValueError, KeyError, TypeError):
        found = None
    return nothing_remembered() if found is None else (found["pair"], found["similarity"])


def _remember(path: Path, pairs: Remembered) -> None:
    write_table(path, {"pair": pairs[0], "similarity": pairs[1]})
