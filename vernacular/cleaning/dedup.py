"""Deduplication: boilerplate, exact duplicates and near-duplicates (Broder 1997).

Works on precomputed hashes; the first of similar texts in corpus order is kept.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vernacular.cleaning.disk_arrays import by_equal_hash
from vernacular.text.word_hashes import U64, Ints, Tokens, mix, offsets, sequence_hashes, spread

Mask = NDArray[np.bool_]
Remembered = tuple[U64, NDArray[np.float64]]  # sorted hashes of text pairs, and their similarities
_EDGE = 5  # lines at either end of a document searched for boilerplate
_LEAST_DOCUMENTS, _LEAST_USES = 10, 3
_AT_ONCE, _SKETCHES_AT_ONCE = 5000, 50_000  # pairs that are measured, and that are compared by sketches
_FEW = 16  # in larger buckets only pairs with a kept text are compared
_BITS = 31  # of a text's index
_LAST = 1 << 62  # above any text's index
_HALF, _LOWER, _ODD = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(0x9E3779B97F4A7C15)


def repeated(hashes: U64) -> Mask:
    """Return which of ``hashes`` occurred before."""
    found: Mask = first_places(hashes) != np.arange(len(hashes))
    return found


def first_places(hashes: U64) -> Ints:
    """Return where each of ``hashes`` first occurs."""
    _, first, kinds = np.unique(hashes, return_index=True, return_inverse=True)
    found: Ints = first[kinds]
    return found


def document_hashes(hashes: U64, lines: NDArray[np.integer]) -> U64:
    """Return a hash of each document from its lines' hashes, given its number of lines."""
    ends = offsets(lines)
    return sequence_hashes(hashes, ends[:-1], ends[1:])


def at_edges(lines: NDArray[np.integer]) -> Mask:
    """Return which lines are among the first or last five of their document, given its number of lines."""
    place = np.arange(int(lines.sum()), dtype=np.int64) - np.repeat(offsets(lines)[:-1], lines)
    found: Mask = (place < _EDGE) | (np.repeat(lines, lines) - place <= _EDGE)
    return found


def boilerplate(hashes: U64, owner: NDArray[np.integer], edge: Mask, groups: NDArray[np.integer],
                many: NDArray[np.integer], share: float) -> tuple[Ints, NDArray[np.float64]]:
    """Find lines among the first or last five of more than ``share`` of their host's or file's documents.

    Args:
        hashes: of lines, document after document; of equal lines either all are given or none.
        owner: the document of each line.
        edge: from ``at_edges``.
        groups: index of each document's host or file.
        many: number of documents of each group; groups below 10 documents are skipped.
        share: of the documents of a group.

    Returns:
        The lines, in order, and the share of their group's documents they begin or end.
    """
    _, kinds, uses = np.unique(hashes, return_inverse=True, return_counts=True)
    at = np.flatnonzero(edge & (uses[kinds] >= _LEAST_USES))
    group = groups[owner[at]].astype(np.int64)
    at, group = (found[many[group] >= _LEAST_DOCUMENTS] for found in (at, group))
    if not len(at):
        return at, np.zeros(0)
    kind = np.unique(group.astype(np.uint64) << np.uint64(40) | kinds[at].astype(np.uint64), return_inverse=True)[1]
    pairs = np.unique(kind.astype(np.uint64) << np.uint64(32) | owner[at].astype(np.uint64))  # count a document once
    uses = np.bincount((pairs >> np.uint64(32)).astype(np.int64))[kind]
    shares = uses / many[group]
    hit = (shares > share) & (uses >= _LEAST_USES)
    return at[hit], shares[hit]


class Similarities:
    """Similarity of texts: the Jaccard index of their shingles; each pair is measured once and cached.

    Args:
        hashes: of each text.
        texts_of: returns texts by index.
        apart: a fast test for pairs that are certainly dissimilar.
        known: sorted hashes of text pairs with similarities, from earlier runs.
        load: prepares ``apart`` for many tests of few of certain texts, given in order, and of no others.
    """

    def __init__(self, hashes: U64, texts_of: Callable[[Ints], list[str]],
                 apart: Callable[[Ints, Ints], Mask] | None = None, known: Remembered | None = None,
                 load: Callable[[Ints], None] = lambda texts: None) -> None:
        self._hashes, self._texts_of, self._apart, self.load = hashes, texts_of, apart, load
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


class Near(NamedTuple):
    """Texts that are similar to an earlier one which is kept, in order."""

    texts: Ints
    earlier: Ints  # the text that each is similar to
    similarity: NDArray[np.float64]

    def between(self, first: int, last: int) -> Near:
        """Some of them."""
        return Near(self.texts[first:last], self.earlier[first:last], self.similarity[first:last])


def nearly_repeated(bands: Iterable[NDArray[np.uint32]], least: float, similarities: Similarities,
                    folder: Path | None = None) -> Near:
    """Find texts similar to an earlier kept one.

    Args:
        bands: one after the other, each of all texts; zeros for texts that are not compared. Only
            texts that share a band are compared.
        least: Jaccard index.
        similarities: measures pairs.
        folder: for ``disk_arrays``.
    """
    at, numbers = _meetings(bands, folder)
    _, bucket, uses = np.unique(numbers, return_inverse=True, return_counts=True)
    few = uses[bucket] <= _FEW
    near = _close(_pairs(at[few], bucket[few]), least, similarities)
    crowded, numbers_of = at[~few], bucket[~few]
    texts = np.unique(np.concatenate([near.texts, crowded]))
    firsts, crowds = (np.searchsorted(found, np.append(texts, _LAST)) for found in (near.texts, crowded))
    kept: dict[int, list[int]] = defaultdict(list)  # for crowded buckets, whose pairs may be too many
    similarities.load(np.unique(crowded))
    dropped = bytearray(int(texts.max(initial=-1)) + 1)
    found, earlier, similarity = array("q"), array("q"), array("d")
    for place, text in enumerate(texts.tolist()):
        pairs = slice(firsts[place], firsts[place + 1])
        candidates = [pair for pair in zip(near.earlier[pairs].tolist(), near.similarity[pairs].tolist(), strict=True)
                      if not dropped[pair[0]]]
        own = numbers_of[crowds[place]:crowds[place + 1]].tolist()
        if before := sorted({other for number in own for other in kept[number]}):
            there = np.array(before, dtype=np.int64)
            values = similarities.of(np.full(len(there), text, dtype=np.int64), there).tolist()
            candidates += [pair for pair in zip(before, values, strict=True) if pair[1] >= least]
        if candidates:
            dropped[text] = 1
            best = max(candidates, key=lambda pair: (pair[1], -pair[0]))
            found.append(text)
            earlier.append(best[0])
            similarity.append(best[1])
        else:
            for number in own:
                kept[number].append(text)
    return Near(np.array(found), np.array(earlier), np.array(similarity))


def _close(pairs: Ints, least: float, similarities: Similarities) -> Near:
    """Which of ``pairs``, from ``_pairs``, are at least so similar."""
    found = [Near(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for first in range(0, len(pairs), _SKETCHES_AT_ONCE):
        part = pairs[first:first + _SKETCHES_AT_ONCE]
        ones, others = part >> _BITS, part & ((1 << _BITS) - 1)
        alike = similarities.of(ones, others)
        close = np.flatnonzero(alike >= least)
        found.append(Near(ones[close], others[close], alike[close]))
    return Near(np.concatenate([part.texts for part in found]), np.concatenate([part.earlier for part in found]),
                np.concatenate([part.similarity for part in found]))


def _pairs(texts: Ints, bucket: Ints) -> Ints:
    """Return the pairs of ``texts`` in each bucket, in order: the later text in the upper bits, the earlier below."""
    order = np.lexsort((texts, bucket))
    texts, bucket = texts[order], bucket[order]
    pairs = [np.zeros(0, dtype=np.int64)]
    for apart in range(1, _FEW):
        same = np.flatnonzero(bucket[apart:] == bucket[:-apart])
        pairs.append(texts[same + apart] << _BITS | texts[same])
    return np.unique(np.concatenate(pairs))


def _meetings(bands: Iterable[NDArray[np.uint32]], folder: Path | None) -> tuple[Ints, U64]:
    """Return bands shared by several texts: the text, in order, and a number of the band."""
    texts: list[Ints] = [np.zeros(0, dtype=np.int64)]
    buckets: list[U64] = [np.zeros(0, dtype=np.uint64)]
    for number, band in enumerate(bands):
        for part in by_equal_hash(band, folder, band > 0):
            values = band[part]
            bits = np.uint32((1 << max(16, len(values).bit_length() + 2)) - 1)
            slots = values & bits
            maybe = np.flatnonzero(np.bincount(slots)[slots] > 1)  # a table is faster than sorting everything
            _, kind, uses = np.unique(values[maybe], return_inverse=True, return_counts=True)
            shared = maybe[uses[kind] > 1]
            texts.append(part[shared])
            buckets.append(values[shared].astype(np.uint64) + (np.uint64(number) << np.uint64(32)))
    at, places = np.concatenate(texts), np.concatenate(buckets)
    order = np.argsort(at, kind="stable")
    return at[order], places[order]
