"""What compares documents and lines with each other: boilerplate, equal ones, and near-duplicates (Broder 1997).

Works on hashes that were made before (``chain``); of what is alike the first is kept, in the order of the corpus.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vernacular.text.word_hashes import U64, Ints, Tokens, mix, offsets, sequence_hashes, spread

Mask = NDArray[np.bool_]
Remembered = tuple[U64, NDArray[np.float64]]  # sorted hashes of pairs of texts, and how alike they are
_EDGE = 5  # lines at either end of a document among which boilerplate is looked for
_LEAST_DOCUMENTS, _LEAST_USES = 10, 3
_AT_ONCE = 5000  # pairs that are measured at once
_FEW = 16  # of a band that no more texts share all pairs are measured, of others only those with a kept text
_BITS = 31  # of the number of a text
_HALF, _LOWER, _ODD = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(0x9E3779B97F4A7C15)


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
        hashes: of each text.
        texts_of: the texts at some places.
        apart: which texts of two rows of places are surely not alike, where that can be told quickly.
        known: sorted hashes of pairs of texts, and their similarities, from runs before.
    """

    def __init__(self, hashes: U64, texts_of: Callable[[Ints], list[str]],
                 apart: Callable[[Ints, Ints], Mask] | None = None, known: Remembered | None = None) -> None:
        self._hashes, self._texts_of, self._apart = hashes, texts_of, apart
        self._known = known or nothing_remembered()
        self._used: list[Remembered] = []

    def of(self, ones: Ints, others: Ints) -> NDArray[np.float64]:
        """The similarity of each of ``ones`` to the one of ``others`` in the same place; both are places of texts."""
        keys, (known, measured) = mix(self._hashes[ones] * _ODD + self._hashes[others]), self._known
        place = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
        new = known[place] != keys if len(known) else np.ones(len(keys), dtype=np.bool_)
        found = np.zeros(len(keys), dtype=np.float64)
        found[~new] = measured[place[~new]]
        if self._apart is not None:
            at = np.flatnonzero(new)
            new[at[self._apart(ones[at], others[at])]] = False
        at = np.flatnonzero(new)
        for first in range(0, len(at), _AT_ONCE):
            part = at[first:first + _AT_ONCE]
            found[part] = np.round(self._measured(ones[part], others[part]), 4)
        self._used.append((keys, found))
        return found

    def used(self) -> Remembered:
        """What was asked for, to be remembered."""
        return joined(self._used)

    def _measured(self, ones: Ints, others: Ints) -> NDArray[np.float64]:
        places, inverse = np.unique(np.concatenate([ones, others]), return_inverse=True)
        lines = [text.split("\n") for text in self._texts_of(places)]
        grams, counts = Tokens([line for text in lines for line in text]).shingles(
            np.fromiter(map(len, lines), np.int64, len(lines)))
        # what a text holds, each once: the number of the text in the upper half, a shingle in the lower
        held = np.unique((np.repeat(np.arange(len(places), dtype=np.uint64), counts) << _HALF) | (grams & _LOWER))
        sizes = np.bincount((held >> _HALF).astype(np.int64), minlength=len(places))
        one, other = inverse[:len(ones)], inverse[len(ones):]
        wanted = held[spread(offsets(sizes)[:-1][one], sizes[one])] & _LOWER
        wanted |= np.repeat(other.astype(np.uint64), sizes[one]) << _HALF
        hits = np.zeros(len(wanted) + 1, dtype=np.int64)
        if len(held):
            np.cumsum(held[np.minimum(np.searchsorted(held, wanted), len(held) - 1)] == wanted, out=hits[1:])
        ends = offsets(sizes[one])
        common = hits[ends[1:]] - hits[ends[:-1]]
        found: NDArray[np.float64] = common / np.maximum(sizes[one] + sizes[other] - common, 1)
        return found


def nothing_remembered() -> Remembered:
    """No pairs."""
    return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.float64)


def joined(parts: Sequence[Remembered]) -> Remembered:
    """All pairs of ``parts``, each once."""
    keys, similarities = map(np.concatenate, zip(nothing_remembered(), *parts, strict=True))
    keys, first = np.unique(keys, return_index=True)
    return keys, similarities[first]


def nearly_repeated(bands: NDArray[np.uint32], least: float,
                    similarities: Similarities) -> dict[int, tuple[int, float]]:
    """Texts to which a kept one before is as similar as ``least``: index -> that one, and the similarity.

    Args:
        bands: of each text, shape ``(texts, bands)``; zeros for texts that are not compared. Texts that share a band
            are measured against each other, and no others.
        least: Jaccard index.
        similarities: measures pairs.
    """
    at, numbers = _meetings(bands)
    _, bucket, uses = np.unique(numbers, return_inverse=True, return_counts=True)
    few = uses[bucket] <= _FEW
    ones, others = _pairs(at[few], bucket[few])
    alike = similarities.of(ones, others)
    near: dict[int, list[tuple[int, float]]] = defaultdict(list)
    close = np.flatnonzero(alike >= least)
    for one, other, value in zip(ones[close].tolist(), others[close].tolist(), alike[close].tolist(), strict=True):
        near[one].append((other, value))
    crowds: dict[int, list[int]] = defaultdict(list)
    for text, number in zip(at[~few].tolist(), bucket[~few].tolist(), strict=True):
        crowds[text].append(number)
    kept: dict[int, list[int]] = defaultdict(list)  # of crowded buckets: there may be too many pairs for all of them
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


def _pairs(texts: Ints, bucket: Ints) -> tuple[Ints, Ints]:
    """Each pair of ``texts`` in one bucket, once: the later ones, in order, and the earlier ones."""
    order = np.lexsort((texts, bucket))
    texts, bucket = texts[order], bucket[order]
    found = [np.zeros(0, dtype=np.int64)]
    for apart in range(1, _FEW):
        same = np.flatnonzero(bucket[apart:] == bucket[:-apart])
        found.append(texts[same + apart] << _BITS | texts[same])
    pairs = np.unique(np.concatenate(found))
    return pairs >> _BITS, pairs & ((1 << _BITS) - 1)


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
