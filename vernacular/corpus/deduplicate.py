"""What compares documents and lines with each other: boilerplate, equal ones, and near-duplicates (Broder 1997).

Works on hashes that were made before (``chain``); of what is alike the first is kept, in the order of the corpus.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vernacular.corpus.sketch import jaccard
from vernacular.corpus.tokens import U64, Ints, Tokens, offsets, sequence_hashes, spread

Mask = NDArray[np.bool_]
_EDGE = 5  # lines at either end of a document among which boilerplate is looked for
_LEAST_DOCUMENTS, _LEAST_USES = 10, 3
_AT_ONCE, _SETS = 500, 512  # texts whose shingles are hashed at once, and sets of shingles that are kept


def repeated(kinds: NDArray[np.integer]) -> Mask:
    """Which of ``kinds`` stand for the second time or later; equal numbers (0 and up) are of one kind."""
    places = np.arange(len(kinds), dtype=np.int64)
    found: Mask = first_places(kinds) != places
    return found


def first_places(kinds: NDArray[np.integer]) -> Ints:
    """Where each of ``kinds`` stands for the first time."""
    places = np.arange(len(kinds), dtype=np.int64)
    first = np.zeros(int(kinds.max(initial=0)) + 1, dtype=np.int64)
    first[kinds[::-1]] = places[::-1]  # of several the last one written stays
    found: Ints = first[kinds]
    return found


def kinds_of(hashes: U64) -> Ints:
    """A number for each of ``hashes``, equal for equal ones."""
    return np.unique(hashes, return_inverse=True)[1]


def document_hashes(hashes: U64, lines: NDArray[np.integer]) -> U64:
    """A hash of each document from the hashes of its lines, given how many it has."""
    ends = offsets(lines)
    return sequence_hashes(hashes, ends[:-1], ends[1:])


def boilerplate(kinds: NDArray[np.integer], lines: NDArray[np.integer], groups: NDArray[np.integer],
                share: float) -> tuple[Ints, NDArray[np.float64]]:
    """Lines among the first or last five of more than ``share`` of the documents of their host or file.

    Args:
        kinds: of all lines, document after document; equal lines are of one kind.
        lines: how many lines each document has.
        groups: the number of the host or file of each document; those with fewer than 10 documents are not judged.
        share: of the documents of a group.

    Returns:
        The lines, in order, and in what share of its group's documents each opens or closes.
    """
    owner = np.repeat(np.arange(len(lines), dtype=np.int64), lines)
    place = np.arange(len(kinds), dtype=np.int64) - np.repeat(offsets(lines)[:-1], lines)
    many = np.bincount(groups[lines > 0], minlength=int(groups.max(initial=0)) + 1)
    edge = (place < _EDGE) | (np.repeat(lines, lines) - place <= _EDGE)
    edge &= np.bincount(kinds)[kinds] >= _LEAST_USES if len(kinds) else False
    at = np.flatnonzero(edge & (many[groups[owner]] >= _LEAST_DOCUMENTS))
    if not len(at):
        return at, np.zeros(0)
    kind = kinds_of(groups[owner[at]].astype(np.uint64) << np.uint64(40) | kinds[at].astype(np.uint64))
    pairs = np.unique(kind.astype(np.uint64) << np.uint64(32) | owner[at].astype(np.uint64))  # a document counts once
    uses = np.bincount((pairs >> np.uint64(32)).astype(np.int64))[kind]
    shares = uses / many[groups[owner[at]]]
    hit = (shares > share) & (uses >= _LEAST_USES)
    return at[hit], shares[hit]


class Similarities:
    """How alike texts are: the Jaccard index of their shingles; measured once for each pair, and remembered.

    Args:
        known: pairs of hashes of texts, and their similarity, from runs before.
        text_of: the text at a place.
        apart: whether the texts at two places are surely not alike, where that can be told quickly.
    """

    def __init__(self, known: Mapping[tuple[int, int], float], text_of: Callable[[int], str],
                 apart: Callable[[int, int], bool] | None = None) -> None:
        self._known, self._text_of, self._apart = known, text_of, apart
        self._places: dict[int, int] = {}
        self._order: list[int] = []
        self._parts: dict[int, tuple[NDArray[np.uint32], Ints]] = {}
        self._set = lru_cache(maxsize=_SETS)(self._make_set)
        self.used: dict[tuple[int, int], float] = {}

    def prepare(self, texts: Sequence[int]) -> None:
        """Say which texts will be asked for, in which order."""
        self._order = list(texts)
        self._places = {text: place for place, text in enumerate(texts)}

    def of(self, one: int, other: int, pair: tuple[int, int]) -> float:
        """The similarity of the texts at ``one`` and ``other``, whose hashes are ``pair``."""
        found = self._known.get(pair)
        if found is None:
            found = 0.0 if self._apart is not None and self._apart(one, other) else round(
                jaccard(self._set(one), self._set(other)), 4)
        self.used[pair] = found
        return found

    def _make_set(self, text: int) -> set[int]:
        """The shingles of a text; those of a few hundred texts that come next are hashed along with it."""
        part, place = divmod(self._places[text], _AT_ONCE)
        if part not in self._parts:
            lines = [self._text_of(number).split("\n") for number in self._order[part * _AT_ONCE:(part + 1) * _AT_ONCE]]
            grams, counts = Tokens([line for text in lines for line in text]).shingles(
                np.fromiter(map(len, lines), np.int64, len(lines)))
            self._parts[part] = grams.astype(np.uint32), offsets(counts)
        hashes, ends = self._parts[part]
        return set(hashes[ends[place]:ends[place + 1]].tolist())


def nearly_repeated(bands: NDArray[np.uint32], hashes: U64, least: float,
                    similarities: Similarities) -> dict[int, tuple[int, float]]:
    """Texts to which a kept one before is as similar as ``least``: index -> that one, and the similarity.

    Args:
        bands: of each text, shape ``(texts, bands)``; zeros for texts that are not compared. Texts that share a band
            are measured against each other, and no others.
        hashes: of each text.
        least: Jaccard index.
        similarities: measures a pair.
    """
    at, numbers = _meetings(bands)
    kept: dict[int, list[int]] = defaultdict(list)
    found: dict[int, tuple[int, float]] = {}
    texts, firsts = np.unique(at, return_index=True)
    lasts = np.append(firsts, len(at))[1:].tolist()
    buckets = numbers.tolist()
    similarities.prepare(texts.tolist())
    names = dict(zip(texts.tolist(), hashes[texts].tolist(), strict=True))
    for (text, own), first, last in zip(names.items(), firsts.tolist(), lasts, strict=True):
        best, like = 0.0, -1
        for other in sorted({other for bucket in buckets[first:last] for other in kept.get(bucket, ())}):
            alike = similarities.of(text, other, (own, names[other]))
            if alike > best:
                best, like = alike, other
        if best >= least:
            found[text] = like, best
        else:
            for bucket in buckets[first:last]:
                kept[bucket].append(text)
    return found


def _meetings(bands: NDArray[np.uint32]) -> tuple[Ints, U64]:
    """The bands that two texts or more share: the text, in order, and a number that stands for the band."""
    texts: list[Ints] = [np.zeros(0, dtype=np.int64)]
    buckets: list[U64] = [np.zeros(0, dtype=np.uint64)]
    bits = np.uint32((1 << max(16, len(bands).bit_length() + 2)) - 1)
    columns = np.ascontiguousarray(bands.T)
    for number, values in enumerate(columns):
        slots = values & bits
        maybe = np.flatnonzero((np.bincount(slots)[slots] > 1) & (values > 0))  # a table is quicker than to sort all
        _, kind, uses = np.unique(values[maybe], return_inverse=True, return_counts=True)
        shared = maybe[uses[kind] > 1]
        texts.append(shared)
        buckets.append(values[shared].astype(np.uint64) + (np.uint64(number) << np.uint64(32)))
    at, places = np.concatenate(texts), np.concatenate(buckets)
    order = np.argsort(at, kind="stable")
    return at[order], places[order]


def lines_of(documents: Ints, lines: NDArray[np.integer]) -> Ints:
    """The lines of ``documents``, given how many lines each document has."""
    return spread(offsets(lines)[:-1][documents], lines[documents])
