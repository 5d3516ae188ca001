"""The rules that compare documents, in their order, on the hashes that ``document_rules`` made of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vernacular.cleaning import minhash as sketch
from vernacular.cleaning.cache import View, as_numpy, batch_of, read_table, write_table
from vernacular.cleaning.decontamination import HeldOut
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
from vernacular.cleaning.features import band_name
from vernacular.cleaning.source_profile import Summary
from vernacular.provenance.suppression_list import Suppressions, line_digest
from vernacular.text.word_hashes import Ints, offsets, spread

RULES = {  # in their order: what a rejected line is
    "quarantine": "of documents that wait for a person since their source changed",
    "boilerplate": "that open or close many documents of a host or file",
    "duplicate_document": "of documents equal to one before",
    "near_duplicate_document": "of documents nearly equal to one before",
    "duplicate": "equal to a line before", "near_duplicate": "nearly equal to a line before",
    "takedown": "that were taken down", "contamination": "that share text with a task or a behavioural test"}
_GROUP_COLUMNS = ("source", "register", "licence")
COLUMNS = ("id", *_GROUP_COLUMNS)  # of the ledger that a ``Corpus`` needs
NUMBERS = {name: number for number, name in enumerate(RULES, 1)}
_AT_ONCE = 50_000  # lines whose texts are in memory at once
PAIRS = "similarities.pairs"


class Group(NamedTuple):
    """Documents that have these four in common; ``place`` is the host, with //, or the file of several documents."""

    source: str
    register: str
    licence: str
    place: str


class _Summary(NamedTuple):
    """A ``profile.Summary`` that looks up its text when it is read."""

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
        return cast(str, self.corpus.texts_of_documents(np.array([self.document]))[0].as_py())


class Corpus:
    """All documents, line by line, as the rules for single documents left them.

    Args:
        view: their tables, from ``document_rules``.
        documents: ``COLUMNS`` of the ledger.

    Attributes:
        lines: how many lines each document has, shape ``(documents,)``.
        owner: the document that each line is of, shape ``(lines,)``. The other arrays by line are ``hashes`` of its
            words and ``kinds`` (equal for equal hashes): what is kept for each line decides how much text fits into
            memory, so these are as small as can be and others are read when they are needed.
        rule: for each line 0, or the number of the rule that dropped it.
        groups: what documents have in common, and ``group``: the number of that of each document.
    """

    def __init__(self, view: View, documents: pa.Table) -> None:
        self.view = view
        self.ids: pa.Array = documents["id"].combine_chunks()
        self.lines = view.counts("lines").astype(np.int64)
        self.owner = np.repeat(np.arange(len(view), dtype=np.int32), self.lines)
        self.hashes = view.take("lines", "hash", view.entries("lines"))
        self.kinds = kinds_of(self.hashes).astype(np.int32)
        self.rule = np.zeros(len(self.owner), dtype=np.uint8)
        self._reason = np.zeros(len(self.owner), dtype=np.uint32)
        self._reasons: dict[str, int] = {}
        self.firsts, self._begins = offsets(self.lines), view.firsts("lines")
        self.groups, self.group = _groups([*(documents[name].combine_chunks() for name in _GROUP_COLUMNS),
                                           view.row_values("place")])

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which lines are left."""
        kept: NDArray[np.bool_] = self.rule == 0
        return kept

    def drop(self, rule: str, lines: NDArray[np.integer], reasons: str | Sequence[str]) -> None:
        """Drop ``lines``, each for its reason or all for the same one."""
        self._drop(rule, lines, self._numbered(reasons))

    def drop_documents(self, rule: str, documents: Ints, reasons: str | Sequence[str]) -> None:
        """Drop what is left of ``documents``, each for its reason or all for the same one."""
        at = lines_of(documents, self.lines)
        numbers = np.repeat(np.broadcast_to(self._numbered(reasons), len(documents)), self.lines[documents])
        left = self.rule[at] == 0
        self._drop(rule, at[left], numbers[left])

    def _drop(self, rule: str, lines: NDArray[np.integer], numbers: NDArray[np.uint32]) -> None:
        self.rule[lines] = NUMBERS[rule]
        self._reason[lines] = numbers

    def _numbered(self, reasons: str | Sequence[str]) -> NDArray[np.uint32]:
        return np.array([self._reasons.setdefault(reason, len(self._reasons))
                         for reason in ([reasons] if isinstance(reasons, str) else reasons)], dtype=np.uint32)

    def reasons_of(self, lines: Ints) -> pa.Array:
        """Why these lines were dropped."""
        return pa.array(list(self._reasons), pa.string()).take(pa.array(self._reason[lines]))

    def of_lines(self, name: str) -> NDArray[np.uint32]:
        """A number of each line, read again for each call, so that it is not kept in memory.

        Args:
            name: ``words``, ``before`` (words before private data was masked), ``characters``, ``number`` (of the line
                in its document) or ``held`` (why it may not stay).
        """
        return self.view.take("lines", name, self.view.entries("lines"))

    def texts_of_lines(self, lines: Ints) -> pa.Array:
        """The texts of lines."""
        owner = self.owner[lines]
        return self.view.values("lines", "text", self._begins[owner] + lines - self.firsts[owner])

    def texts_of_documents(self, documents: Ints) -> pa.Array:
        """The lines of documents, joined by line feeds, before any rule across documents."""
        counts = self.lines[documents]
        return pc.binary_join(pa.ListArray.from_arrays(
            pa.array(offsets(counts).astype(np.int32)), self.texts_of_lines(spread(self.firsts[documents], counts))),
            "\n")

    def sources(self) -> list[str]:
        """The source of each document."""
        names = [group.source for group in self.groups]
        return [names[group] for group in self.group.tolist()]

    def summaries(self) -> list[Summary]:
        """What the rules found out about each document, for ``poisoning``."""
        elsewhere = self.owner[first_places(self.kinds)] != self.owner
        again = np.bincount(self.owner[elsewhere], minlength=len(self.lines))
        every = range(len(self.lines))
        columns = zip(self.ids.to_pylist(), self.sources(), self.view.rows("read_lines").tolist(),
                      self.view.rows("language_lines").tolist(), again.tolist(), repeat(self), every, strict=False)
        return cast(list[Summary], list(map(_Summary._make, columns)))


def apply(corpus: Corpus, share: float, least: float, quarantined: Mapping[int, str], suppressed: Suppressions,
          held_out: HeldOut, pairs: Path) -> None:
    """Apply the rules to ``corpus``.

    Args:
        corpus: what the rules for single documents left.
        share: ``cleaning.boilerplate_share``.
        least: ``cleaning.near_duplicate``.
        quarantined: document -> why it waits for a person.
        suppressed: what was taken down.
        held_out: task items and behavior texts.
        pairs: the file that keeps similarities for the next time.
    """
    corpus.drop_documents("quarantine", np.fromiter(quarantined, np.int64), list(quarantined.values()))
    _boilerplate(corpus, share)
    _documents(corpus)
    known = _known(pairs)
    documents = _near_documents(corpus, least, known)

    at = np.flatnonzero(corpus.kept)
    corpus.drop("duplicate", at[repeated(corpus.kinds[at])], "an equal line precedes it")
    lines = _near_lines(corpus, least, known)
    _remember(pairs, joined([documents, lines]))

    if suppressed.lines:
        at = np.flatnonzero(corpus.kept)
        digests = (line_digest(text) for part in in_parts(at) for text in corpus.texts_of_lines(part).to_pylist())
        gone = np.array(suppressed.covers_lines(digests), dtype=np.bool_)
        corpus.drop("takedown", at[gone], "it was taken down")
    numbers = corpus.of_lines("held")
    at = np.flatnonzero(corpus.kept & (numbers > 0))
    corpus.drop("contamination", at, [held_out.reason(number) for number in numbers[at].tolist()])


def in_parts(at: Ints) -> list[Ints]:
    """``at`` in parts that are small enough for the texts of as many lines."""
    return [at[first:first + _AT_ONCE] for first in range(0, len(at), _AT_ONCE)]


def _boilerplate(corpus: Corpus, share: float) -> None:
    at = np.flatnonzero(corpus.kept)
    lines = np.bincount(corpus.owner[at], minlength=len(corpus.lines))
    found, shares = boilerplate(corpus.kinds[at], lines, corpus.group, share)
    groups = corpus.group[corpus.owner[at[found]]].tolist()
    corpus.drop("boilerplate", at[found], [
        f"opens or closes {part:.0%} of the documents of {_name(corpus.groups[group])}"
        for part, group in zip(shares.tolist(), groups, strict=True)])


def _name(group: Group) -> str:
    return group.place.removeprefix("//") or group.source


def _documents(corpus: Corpus) -> None:
    at = np.flatnonzero(corpus.kept)
    lines = np.bincount(corpus.owner[at], minlength=len(corpus.lines))
    documents = np.flatnonzero(lines)
    again = documents[repeated(kinds_of(document_hashes(corpus.hashes[at], lines)[documents]))]
    corpus.drop_documents("duplicate_document", again, "an equal document precedes its document")


def _near_lines(corpus: Corpus, least: float, known: Remembered) -> Remembered:
    """Drop lines nearly equal to one before; return what was measured."""
    entries = corpus.view.entries("lines")
    similarities = Similarities(
        corpus.hashes, lambda at: corpus.texts_of_lines(at).to_pylist(),
        partial(_surely_apart, corpus.view, "lines", entries, least), known)
    near = nearly_repeated(_bands(corpus.view, "lines", entries, corpus.kept, least, sketch.LINE), least, similarities)
    corpus.drop("near_duplicate", np.fromiter(near, np.int64),
                [f"similarity {similarity:.2f} to a line before it" for _, similarity in near.values()])
    return similarities.used()


def _near_documents(corpus: Corpus, least: float, known: Remembered) -> Remembered:
    """Drop documents nearly equal to one before, as they were before boilerplate was taken out."""
    at, entries = corpus.view.owners("sketches"), corpus.view.entries("sketches")
    left = np.bincount(corpus.owner[corpus.kept], minlength=len(corpus.lines))[at] > 0
    at, entries = at[left], entries[left]
    similarities = Similarities(
        document_hashes(corpus.hashes, corpus.lines)[at],
        lambda places: corpus.texts_of_documents(at[places]).to_pylist(),
        partial(_surely_apart, corpus.view, "sketches", entries, least), known)
    near = nearly_repeated(_bands(corpus.view, "sketches", entries, np.ones(len(at), np.bool_), least,
                                  sketch.DOCUMENT), least, similarities)
    corpus.drop_documents("near_duplicate_document", at[np.fromiter(near, np.int64)], [
        f"similarity {similarity:.2f} to document {corpus.ids[at[other]]} before it"
        for other, similarity in near.values()])
    return similarities.used()


def _bands(view: View, level: str, entries: Ints, wanted: NDArray[np.bool_], least: float,
           slots: int) -> Iterator[NDArray[np.uint32]]:
    """The bands of texts, one in memory at a time; zeros for those that are not ``wanted``."""
    for number in range(sketch.shape(least, slots)[0]):
        yield view.take(level, band_name(number), entries) * wanted


def _surely_apart(view: View, level: str, entries: Ints, least: float, ones: Ints,
                  others: Ints) -> NDArray[np.bool_]:
    """Which of the texts ``ones`` are surely less alike to ``others`` than ``least``, by their sketches."""
    slots, other_slots = (as_numpy(view.values(level, "slots", entries[at])) for at in (ones, others))
    return sketch.surely_apart(slots, other_slots, least)


def _known(path: Path) -> Remembered:
    found = read_table(path)
    return nothing_remembered() if found is None else (as_numpy(found["pair"]), as_numpy(found["similarity"]))


def _remember(path: Path, pairs: Remembered) -> None:
    write_table(path, batch_of({"pair": pairs[0], "similarity": pairs[1]}))


def _groups(columns: Sequence[pa.Array]) -> tuple[list[Group], Ints]:
    """The different rows of ``columns``, in the order in which they come first, and the number of each row's."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        encoded = column.dictionary_encode()
        codes = np.unique(codes * len(encoded.dictionary) + encoded.indices.to_numpy(), return_inverse=True)[1]
    _, first, group = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    rows = zip(*(column.take(pa.array(first[order])).to_pylist() for column in columns), strict=True)
    return [Group(*row) for row in rows], rank[group]
