"""Deduplication: boilerplate, exact duplicates and near-duplicates (Broder 1997).

Works on precomputed hashes; the first of similar texts in corpus order is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vernacular.text.word_hashes import U64, Ints, Tokens, mix, offsets, sequence_hashes, spread

Mask = NDArray[np.bool_]
Remembered = tuple[U64, NDArray[np.float64]]  # sorted hashes of text pairs, and their similarities
_EDGE = 5  # lines at either end of a document searched for boilerplate
_LEAST_DOCUMENTS, _LEAST_USES = 10, 3
_AT_ONCE, _SKETCHES_AT_ONCE = 5000, 50_000  # pairs that are measured, and that are compared by sketches
_FEW = 16  # in larger buckets only pairs with a kept text are compared
_BITS = 31  # of a text's index
_HALF, _LOWER, _ODD = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(0x9E3779B97F4A7C15)


def repeated(kinds: NDArray[np.integer]) -> Mask:
    """Return which of ``kinds`` occurred before; equal numbers (0 and up) are of one kind."""
    places = np.arange(len(kinds), dtype=np.int64)
    found: Mask = first_places(kinds) != places
    return found


def first_places(kinds: NDArray[np.integer]) -> Ints:
    """Return where each of ``kinds`` first occurs."""
    places = np.arange(len(kinds), dtype=np.int64)
    first = np.zeros(int(kinds.max(initial=0)) + 1, dtype=np.int64)
    first[kinds[::-1]] = places[::-1]  # the last write of an index wins
    found: Ints = first[kinds]
    return found


def kinds_of(hashes: U64) -> Ints:
    """Return an index for each of ``hashes``, equal for equal ones."""
    return np.unique(hashes, return_inverse=True)[1]


def document_hashes(hashes: U64, lines: NDArray[np.integer]) -> U64:
    """Return a hash of each document from its lines' hashes, given its number of lines."""
    ends = offsets(lines)
    return sequence_hashes(hashes, ends[:-1], ends[1:])


def boilerplate(kinds: NDArray[np.integer], lines: NDArray[np.integer], groups: NDArray[np.integer],
                share: float) -> tuple[Ints, NDArray[np.float64]]:
    """Find lines among the first or last five of more than ``share`` of their host's or file's documents.

    Args:
        kinds: of all lines, document after document; equal lines are of one kind.
        lines: number of lines per document.
        groups: index of each document's host or file; groups below 10 documents are skipped.
        share: of the documents of a group.

    Returns:
        The lines, in order, and the share of their group's documents they begin or end.
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
    pairs = np.unique(kind.astype(np.uint64) << np.uint64(32) | owner[at].astype(np.uint64))  # count a document once
    uses = np.bincount((pairs >> np.uint64(32)).astype(np.int64))[kind]
    shares = uses / many[groups[owner[at]]]
    hit = (shares > share) & (uses >= _LEAST_USES)
    return at[hit], shares[hit]


class Similarities:
    """Similarity of texts: the Jaccard index of their shingles; each pair is measured once and cached.

    Args:
        hashes: of each text.
        texts_of: returns texts by index.
        apart: a fast test for pairs that are certainly dissimilar.
        known: sorted hashes of text pairs with similarities, from earlier runs.
    """

    def __init__(self, hashes: U64, texts_of: Callable[[Ints], list[str]],
                 apart: Callable[[Ints, Ints], Mask] | None = None, known: Remembered | None = None) -> None:
        self._hashes, self._texts_of, self._apart = hashes, texts_of, apart
        self._known = known or nothing_remembered()
        self._used: list[Remembered] = []

    def of(self, ones: Ints, others: Ints) -> NDArray[np.float64]:
        """Return the similarities of ``ones`` and ``others``, indices of texts."""
        keys, (known, measured) = mix(self._hashes[ones] * _ODD + self._hashes[others]), self._known
        place = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
        new = known[place] != keys if len(known) else np.ones(len(keys), dtype=np.bool_)
        similarities = np.zeros(len(keys), dtype=np.float64)
        similarities[~new] = measured[place[~new]]
        remembered = ~new
        at = np.flatnonzero(new)
        if self._apart is not None:
            at = at[~self._apart(ones[at], others[at])]
        for first in range(0, len(at), _AT_ONCE):
            part = at[first:first + _AT_ONCE]
            similarities[part] = np.round(self._measured(ones[part], others[part]), 4)
        remembered[at] = True  # pairs that are apart are many, and soon found to be so again
        self._used.append((keys[remembered], similarities[remembered]))
        return similarities

    def used(self) -> Remembered:
        """Return the requested similarities, for caching."""
        return joined(self._used)

    def _measured(self, ones: Ints, others: Ints) -> NDArray[np.float64]:
        places, inverse = np.unique(np.concatenate([ones, others]), return_inverse=True)
        lines = [text.split("\n") for text in self._texts_of(places)]
        grams, counts = Tokens([line for text in lines for line in text]).shingles(
            np.fromiter(map(len, lines), np.int64, len(lines)))
        # distinct shingles of each text: the text's index in the upper half, a shingle in the lower
        distinct = np.unique((np.repeat(np.arange(len(places), dtype=np.uint64), counts) << _HALF) | (grams & _LOWER))
        sizes = np.bincount((distinct >> _HALF).astype(np.int64), minlength=len(places))
        one, other = inverse[:len(ones)], inverse[len(ones):]
        wanted = distinct[spread(offsets(sizes)[:-1][one], sizes[one])] & _LOWER
        wanted |= np.repeat(other.astype(np.uint64), sizes[one]) << _HALF
        hits = np.zeros(len(wanted) + 1, dtype=np.int64)
        if len(distinct):
            nearest = np.minimum(np.searchsorted(distinct, wanted), len(distinct) - 1)
            np.cumsum(distinct[nearest] == wanted, out=hits[1:])
        ends = offsets(sizes[one])
        common = hits[ends[1:]] - hits[ends[:-1]]
        found: NDArray[np.float64] = common / np.maximum(sizes[one] + sizes[other] - common, 1)
        return found


def nothing_remembered() -> Remembered:
    """Return an empty cache."""
    return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.float64)


def joined(parts: Sequence[Remembered]) -> Remembered:
    """Merge ``parts`` without duplicates."""
    keys, similarities = map(np.concatenate, zip(nothing_remembered(), *parts, strict=True))
    keys, first = np.unique(keys, return_index=True)
    return keys, similarities[first]


def nearly_repeated(bands: Iterable[NDArray[np.uint32]], least: float,
                    similarities: Similarities) -> dict[int, tuple[int, float]]:
    """Find texts similar to an earlier kept one: index -> that text, and the similarity.

    Args:
        bands: one after the other, each of all texts; zeros for texts that are not compared. Only
            texts that share a band are compared.
        least: Jaccard index.
        similarities: measures pairs.
    """
    at, numbers = _meetings(bands)
    _, bucket, uses = np.unique(numbers, return_inverse=True, return_counts=True)
    few = uses[bucket] <= _FEW
    near: dict[int, list[tuple[int, float]]] = defaultdict(list)
    pairs = _pairs(at[few], bucket[few])
    for first in range(0, len(pairs), _SKETCHES_AT_ONCE):
        part = pairs[first:first + _SKETCHES_AT_ONCE]
        ones, others = part >> _BITS, part & ((1 << _BITS) - 1)
        alike = similarities.of(ones, others)
        close = np.flatnonzero(alike >= least)
        for one, other, value in zip(ones[close].tolist(), others[close].tolist(), alike[close].tolist(), strict=True):
            near[one].append((other, value))
    crowds: dict[int, list[int]] = defaultdict(list)
    for text, number in zip(at[~few].tolist(), bucket[~few].tolist(), strict=True):
        crowds[text].append(number)
    kept: dict[int, list[int]] = defaultdict(list)  # for crowded buckets, whose pairs may be too many
    found: dict[int, tuple[int, float]] = {}
    for text in sorted(near.keys() | crowds.keys()):
        candidates = [pair for pair in near.get(text, ()) if pair[0] not in found]
        own = crowds.get(text, ())
        if before := sorted({other for number in own for other in kept[number]}):
            there = np.array(before, dtype=np.int64)
            values = similarities.of(np.full(len(there), text, dtype=np.int64), there).tolist()
            candidates += [pair for pair in zip(before, values, strict=True) if pair[1] >= least]
        if candidates:
            found[text] = max(candidates, key=lambda pair: (pair[1], -pair[0]))
        else:
            for number in own:
                kept[number].append(text)
    return found


def _pairs(texts: Ints, bucket: Ints) -> Ints:
    """Return the pairs of ``texts`` in each bucket, in order: the later text in the upper bits, the earlier below."""
    order = np.lexsort((texts, bucket))
    texts, bucket = texts[order], bucket[order]
    pairs = [np.zeros(0, dtype=np.int64)]
    for apart in range(1, _FEW):
        same = np.flatnonzero(bucket[apart:] == bucket[:-apart])
        pairs.append(texts[same + apart] << _BITS | texts[same])
    return np.unique(np.concatenate(pairs))


def _meetings(bands: Iterable[NDArray[np.uint32]]) -> tuple[Ints, U64]:
    """Return bands shared by several texts: the text, in order, and a number of the band."""
    texts: list[Ints] = [np.zeros(0, dtype=np.int64)]
    buckets: list[U64] = [np.zeros(0, dtype=np.uint64)]
    for number, values in enumerate(bands):
        bits = np.uint32((1 << max(16, len(values).bit_length() + 2)) - 1)
        slots = values & bits
        # a table is faster than sorting everything
        maybe = np.flatnonzero((np.bincount(slots)[slots] > 1) & (values > 0))
        _, kind, uses = np.unique(values[maybe], return_inverse=True, return_counts=True)
        shared = maybe[uses[kind] > 1]
        texts.append(shared)
        buckets.append(values[shared].astype(np.uint64) + (np.uint64(number) << np.uint64(32)))
    at, places = np.concatenate(texts), np.concatenate(buckets)
    order = np.argsort(at, kind="stable")
    return at[order], places[order]


def lines_of(documents: Ints, lines: NDArray[np.integer]) -> Ints:
    """Return the lines of ``documents``, given the number of lines per document."""
    return spread(offsets(lines)[:-1][documents], lines[documents])
