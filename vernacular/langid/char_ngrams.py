"""A character n-gram model of words, in arrays.

Orders 1 to 6 are interpolated after Witten and Bell (1991). A word is scored from its first letter
to the following space, with the preceding space as its only outside context, so that its cost is
independent of its neighbors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDER = 6
ALPHABET = 200  # assumed alphabet size for unseen letters
Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]
_MULTIPLIER, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)


@dataclass(frozen=True)
class Spelling:
    """Characters of consecutive words, each with a space before and after it.

    Attributes:
        hashes: for each order n a hash of the n characters ending at each position, shape
            ``(characters,)``.
        fits: for each order, whether those n characters are within the word (with the space before
            it).
        starts: position of each word's first letter.
    """

    hashes: list[Hashes]
    fits: list[NDArray[np.bool_]]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, words: Sequence[str]) -> Spelling:
        """Build it from nonempty ``words``."""
        codes = np.frombuffer((" " + " ".join(words) + " ").encode("utf-32-le"), np.uint32).astype(np.uint64)
        lengths = np.fromiter(map(len, words), np.int64, len(words)) + 1
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        room = np.arange(len(codes) - 1) - np.repeat(starts, lengths) + 2  # characters back to and including the space
        hashes, fits = [], []
        running = np.zeros(len(codes) - 1, np.uint64)
        for order in range(1, ORDER + 1):
            # the hash of n characters from that of the n - 1 before the last: shift by one, mix in
            # the last
            before = np.concatenate([np.zeros(1, np.uint64), running[:-1]]) if order > 1 else running
            if order == 2:
                before[0] = _mix(np.zeros(1, np.uint64), codes[:1])[0]  # the space before the first word
            running = _mix(before, codes[1:])
            hashes.append(running)
            fits.append(room >= order)
        return cls(hashes, fits, starts)

    def contexts(self, order: int) -> Hashes:
        """Return a hash of the ``order`` - 1 characters before each position."""
        if order == 1:
            return np.zeros(len(self.hashes[0]), np.uint64)
        shifted = np.concatenate([np.zeros(1, np.uint64), self.hashes[order - 2][:-1]])
        if order == 2:
            shifted[0] = _mix(np.zeros(1, np.uint64), np.array([32], np.uint64))[0]
        return shifted


def _mix(before: Hashes, codes: Hashes) -> Hashes:
    with np.errstate(over="ignore"):
        mixed = before * _MULTIPLIER + codes + np.uint64(1)
        return mixed ^ (mixed >> _SHIFT)


class Table:
    """A map from hashes to numbers: open addressing with linear probing, faster than binary search.

    Args:
        keys: distinct hashes.
        values: the number of each.
    """

    def __init__(self, keys: Hashes, values: NDArray[np.float32]) -> None:
        self.keys, self.values = keys, values
        size = 1 << max(4, int(4 * len(keys)).bit_length())
        self._mask = np.uint64(size - 1)
        self._slots = np.full(size, -1, np.int64)
        waiting, at = np.arange(len(keys)), keys & self._mask
        while len(waiting):
            free = self._slots[at] < 0
            self._slots[at[free]] = waiting[free]  # the last of several writers of a slot wins
            left = self._slots[at] != waiting
            waiting, at = waiting[left], (at[left] + np.uint64(1)) & self._mask
        self._stored = np.where(self._slots >= 0, keys[self._slots], 0) if len(keys) else np.zeros(size, np.uint64)
        self._numbers = np.where(self._slots >= 0, values[self._slots], 0) if len(keys) else np.zeros(size, np.float32)

    def get(self, keys: Hashes) -> Floats:
        """Return the numbers of ``keys``, 0 for missing ones."""
        found = np.zeros(len(keys))
        where, at = np.arange(len(keys)), keys & self._mask
        while len(where):
            same = self._stored[at] == keys[where]
            found[where[same]] = self._numbers[at[same]]
            open_ = ~same & (self._slots[at] >= 0)
            where, at = where[open_], (at[open_] + np.uint64(1)) & self._mask
        return found


class CharacterModel:
    """The cost of words in bits.

    Args:
        counts: for each order, the count of each n-gram.
        totals: for each order, the count of each context.
        kinds: for each order, the number of different characters after each context.
    """

    def __init__(self, counts: Sequence[Table], totals: Sequence[Table], kinds: Sequence[Table]) -> None:
        self.counts, self.totals, self.kinds = counts, totals, kinds

    @classmethod
    def learn(cls, words: Mapping[str, float]) -> CharacterModel:
        """Train the model on ``words`` with their weights."""
        names = list(words)
        spelling = Spelling.of(names)
        lengths = np.diff([*spelling.starts, len(spelling.hashes[0])])
        weights = np.repeat(np.fromiter(words.values(), np.float64, len(names)), lengths)
        counts, totals, kinds = [], [], []
        for order in range(1, ORDER + 1):
            inside = spelling.fits[order - 1]
            keys, first, inverse = np.unique(spelling.hashes[order - 1][inside], return_index=True, return_inverse=True)
            seen = np.bincount(inverse, weights=weights[inside])
            contexts, which = np.unique(spelling.contexts(order)[inside][first], return_inverse=True)
            counts.append(Table(keys, seen.astype(np.float32)))
            totals.append(Table(contexts, np.bincount(which, weights=seen).astype(np.float32)))
            kinds.append(Table(contexts, np.bincount(which).astype(np.float32)))
        return cls(counts, totals, kinds)

    def costs(self, words: Sequence[str]) -> Floats:
        """Return the cost of each word in bits, including the following space; shape ``(len(words),)``."""
        if not words:
            return np.zeros(0)
        spelling = Spelling.of(words)
        chance = np.full(len(spelling.hashes[0]), 1 / ALPHABET)
        for order in range(1, ORDER + 1):
            at = np.flatnonzero(spelling.fits[order - 1])
            contexts = spelling.contexts(order)[at]
            total = self.totals[order - 1].get(contexts)
            known = total > 0
            at, contexts, total = at[known], contexts[known], total[known]
            kinds = self.kinds[order - 1].get(contexts)
            seen = self.counts[order - 1].get(spelling.hashes[order - 1][at])
            chance[at] = (seen + kinds * chance[at]) / (total + kinds)
        costs: Floats = np.add.reduceat(-np.log2(chance), spelling.starts)
        return costs

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Return the model as named arrays for storage."""
        found: dict[str, NDArray[np.generic]] = {}
        for kind, tables in (("counts", self.counts), ("totals", self.totals), ("kinds", self.kinds)):
            for order, table in enumerate(tables, 1):
                found[f"{name}.{kind}.{order}.keys"], found[f"{name}.{kind}.{order}.values"] = table.keys, table.values
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], name: str) -> CharacterModel:
        """Load the model that ``arrays(name)`` stored."""
        def tables(kind: str) -> list[Table]:
            return [Table(arrays[f"{name}.{kind}.{order}.keys"].astype(np.uint64),
                          arrays[f"{name}.{kind}.{order}.values"].astype(np.float32)) for order in range(1, ORDER + 1)]

        return cls(tables("counts"), tables("totals"), tables("kinds"))
