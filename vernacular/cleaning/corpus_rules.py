"""The rules that compare documents, in their order, on the hashes that ``document_rules`` made of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vernacular.cleaning import minhash as sketch
from vernacular.cleaning.cache import as_numpy, batch_of, read_table, write_table
from vernacular.cleaning.corpus_lines import Corpus, Group
from vernacular.cleaning.decontamination import HeldOut
from vernacular.cleaning.dedup import (
    Near,
    Remembered,
    Similarities,
    at_edges,
    boilerplate,
    document_hashes,
    joined,
    nearly_repeated,
    nothing_remembered,
    repeated,
)
from vernacular.cleaning.disk_arrays import by_equal_hash, disk_array, stretches
from vernacular.cleaning.features import band_name
from vernacular.cleaning.sketches import Sketches
from vernacular.provenance.suppression_list import Suppressions, line_digest
from vernacular.text.word_hashes import U64, Ints

_AT_ONCE = 50_000  # lines whose texts are in memory at once
PAIRS = "similarities.pairs"


def apply(corpus: Corpus, share: float, least: float, quarantined: Iterable[tuple[Ints, str]],
          suppressed: Suppressions, held_out: HeldOut, pairs: Path) -> None:
    """Apply the rules to ``corpus``.

    Args:
        corpus: what the rules for single documents left.
        share: ``cleaning.boilerplate_share``.
        least: ``cleaning.near_duplicate``.
        quarantined: documents that wait for a person, and why.
        suppressed: what was taken down.
        held_out: task items and behavior texts.
        pairs: the file that keeps similarities for the next time.
    """
    for documents, reason in quarantined:
        corpus.drop_documents("quarantine", documents, reason)
    _boilerplate(corpus, share)
    _documents(corpus)
    known = _known(pairs)
    of_documents = _near_documents(corpus, least, known)

    for at in by_equal_hash(corpus.hashes, corpus.folder, corpus.kept):
        corpus.drop("duplicate", at[repeated(corpus.hashes[at])], "an equal line precedes it")
    of_lines = _near_lines(corpus, least, known)
    _remember(pairs, joined([of_documents, of_lines]))

    for first, last in stretches(len(corpus.rule)):
        for at in in_parts(np.flatnonzero(corpus.rule[first:last] == 0) + first) if suppressed.lines else ():
            gone = suppressed.covers_lines(map(line_digest, corpus.texts_of_lines(at).to_pylist()))
            corpus.drop("takedown", at[np.array(gone, dtype=np.bool_)], "it was taken down")
        at = np.flatnonzero(corpus.rule[first:last] == 0) + first
        numbers = corpus.of_lines("held", at)
        shared = numbers > 0
        corpus.drop("contamination", at[shared], [held_out.reason(number) for number in numbers[shared].tolist()])


def in_parts(at: Ints) -> list[Ints]:
    """``at`` in parts that are small enough for the texts of as many lines."""
    return [at[first:first + _AT_ONCE] for first in range(0, len(at), _AT_ONCE)]


def _boilerplate(corpus: Corpus, share: float) -> None:
    left, edge = corpus.left(), disk_array(corpus.folder, len(corpus.owner), np.bool_)
    many = np.zeros(len(corpus.groups), dtype=np.int64)
    for first, last in corpus.parts():
        at = np.flatnonzero(corpus.rule[corpus.firsts[first]:corpus.firsts[last]] == 0) + corpus.firsts[first]
        edge[at] = at_edges(left[first:last])
        many += np.bincount(corpus.group[first:last][left[first:last] > 0], minlength=len(many))
    for at in by_equal_hash(corpus.hashes, corpus.folder, corpus.kept):
        found, shares = boilerplate(corpus.hashes[at], corpus.owner[at], edge[at], corpus.group, many, share)
        groups = corpus.group[corpus.owner[at[found]]].tolist()
        corpus.drop("boilerplate", at[found], [
            f"opens or closes {part:.0%} of the documents of {_name(corpus.groups[group])}"
            for part, group in zip(shares.tolist(), groups, strict=True)])


def _name(group: Group) -> str:
    return group.place.removeprefix("//") or group.source


def _hashes_of_documents(corpus: Corpus, kept: bool) -> tuple[U64, NDArray[np.int32]]:
    """A hash of each document and how many lines it has: of those that are left, or of all."""
    lines, found = corpus.left() if kept else corpus.lines, disk_array(corpus.folder, len(corpus.lines), np.uint64)
    for first, last in corpus.parts():
        at = slice(corpus.firsts[first], corpus.firsts[last])
        hashes = corpus.hashes[at][corpus.rule[at] == 0] if kept else corpus.hashes[at]
        found[first:last] = document_hashes(hashes, lines[first:last])
    return found, lines


def _documents(corpus: Corpus) -> None:
    hashes, lines = _hashes_of_documents(corpus, kept=True)
    for at in by_equal_hash(hashes, corpus.folder, lines > 0):
        corpus.drop_documents("duplicate_document", at[repeated(hashes[at])], "an equal document precedes its document")


def _near_lines(corpus: Corpus, least: float, known: Remembered) -> Remembered:
    """Drop lines nearly equal to one before; return what was measured."""
    sketches = Sketches(corpus.view, "lines", corpus.entries_of, least)
    similarities = Similarities(corpus.hashes, lambda at: corpus.texts_of_lines(at).to_pylist(), sketches.apart, known,
                                sketches.load)
    near = nearly_repeated(_bands(corpus, "lines", corpus.entries_of, corpus.kept, least, sketch.LINE), least,
                           similarities, corpus.folder)
    for some in _in_parts(near):
        corpus.drop("near_duplicate", some.texts, [f"similarity {similarity:.2f} to a line before it"
                                                   for similarity in some.similarity.tolist()])
    return similarities.used()


def _near_documents(corpus: Corpus, least: float, known: Remembered) -> Remembered:
    """Drop documents nearly equal to one before, as they were before boilerplate was taken out."""
    left, view = corpus.left(), corpus.view
    # documents with a sketch
    at, entries = (disk_array(corpus.folder, view.number("sketches"), np.int64) for _ in range(2))
    number = 0
    for first, rows in view.stretches():
        own, places = rows.owners("sketches") + first, rows.entries("sketches")
        there = left[own] > 0
        last = number + int(there.sum())
        at[number:last], entries[number:last] = own[there], places[there]
        number = last
    at, entries = at[:number], entries[:number]
    hashes, _ = _hashes_of_documents(corpus, kept=False)
    sketches = Sketches(view, "sketches", entries.__getitem__, least)
    similarities = Similarities(hashes[at], lambda places: corpus.texts_of_documents(at[places]).to_pylist(),
                                sketches.apart, known, sketches.load)
    near = nearly_repeated(_bands(corpus, "sketches", entries.__getitem__, np.ones(len(at), np.bool_), least,
                                  sketch.DOCUMENT), least, similarities, corpus.folder)
    for some in _in_parts(near):
        corpus.drop_documents("near_duplicate_document", at[some.texts], [
            f"similarity {similarity:.2f} to document {other} before it"
            for other, similarity in zip(corpus.ids_of(at[some.earlier]).to_pylist(), some.similarity.tolist(),
                                         strict=True)])
    return similarities.used()


def _in_parts(near: Near) -> Iterator[Near]:
    return (near.between(first, last) for first, last in stretches(len(near.texts), _AT_ONCE))


def _bands(corpus: Corpus, level: str, entries_of: Callable[[Ints], Ints], wanted: NDArray[np.bool_], least: float,
           slots: int) -> Iterator[NDArray[np.uint32]]:
    """The bands of texts, one in memory at a time; zeros for those that are not ``wanted``."""
    for number in range(sketch.shape(least, slots)[0]):
        values: NDArray[np.uint32] = disk_array(corpus.folder, len(wanted), np.uint32)
        for first, last in stretches(len(wanted)):
            at = np.flatnonzero(wanted[first:last]) + first
            values[at] = corpus.view.take(level, band_name(number), entries_of(at))
        yield values


def _known(path: Path) -> Remembered:
    found = read_table(path)
    return nothing_remembered() if found is None else (as_numpy(found["pair"]), as_numpy(found["similarity"]))


def _remember(path: Path, pairs: Remembered) -> None:
    write_table(path, batch_of({"pair": pairs[0], "similarity": pairs[1]}))
