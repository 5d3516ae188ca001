"""Character n-gram models, in arrays: what a word of the language looks like, and the baseline of the likelihood.

All orders are interpolated after Witten and Bell (1991; Chen and Goodman 1998, section 2.4). Of words, orders 1 to 6
are learned, from the first letter to the space behind it, with the space before it as context and nothing further back,
so that a word costs the same at every place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDER = 6
ALPHABET = 200  # a letter never seen is one of so many
Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]
Counts = tuple[Hashes, Hashes, Floats]  # n-grams, the context of each, how often each was seen
_MULTIPLIER, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)
_AT_ONCE = 1 << 21  # characters of a text that are counted at once


@dataclass(frozen=True)
class Grams:
    """The n-grams of a row of characters."""

    # for each order n a hash of the n characters that end at each place, shape ``(characters,)``
    hashes: list[Hashes]
    # of how many characters, itself included, an n-gram that ends at each place may consist
    room: NDArray[np.int64]

    @classmethod
    def of(cls, text: str, room: NDArray[np.int64], orders: int) -> Grams:
        """The n-grams of ``text`` up to the order ``orders``."""
        codes = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)
        hashes = [_mix(np.zeros(len(codes), np.uint64), codes)]
        for _ in range(1, orders):  # the hash of n characters from that of the n - 1 before the last
            hashes.append(_mix(_shifted(hashes[-1]), codes))
        return cls(hashes, room)

    def contexts(self, order: int) -> Hashes:
        """A hash of the ``order`` - 1 characters before each place."""
        return _shifted(self.hashes[order - 2]) if order > 1 else np.zeros(len(self.room), np.uint64)


def spelled(words: Sequence[str]) -> tuple[Grams, NDArray[np.int64]]:
    """The n-grams of words, none of them empty, each with the space before and behind it; where its letters begin."""
    lengths = np.fromiter(map(len, words), np.int64, len(words)) + 1
    starts = np.concatenate([[1], 1 + np.cumsum(lengths)[:-1]]).astype(np.int64)
    room = np.arange(1, lengths.sum() + 1) - np.repeat(starts, lengths) + 2
    return Grams.of(f" {' '.join(words)} ", np.concatenate([[0], room]), ORDER), starts


def _shifted(hashes: Hashes) -> Hashes:
    return np.concatenate([np.zeros(1, np.uint64), hashes[:-1]])


def _mix(before: Hashes, codes: Hashes) -> Hashes:
    with np.errstate(over="ignore"):
        mixed = before * _MULTIPLIER + codes + np.uint64(1)
        return mixed ^ (mixed >> _SHIFT)


class Table:
    """Numbers by hash: open addressing with linear probing, in arrays. A binary search would miss the cache each step.

    Args:
        keys: hashes, each once.
        values: the number of each, or a row of numbers.
    """

    def __init__(self, keys: Hashes, values: NDArray[np.float32]) -> None:
        self.keys, self.values = keys, values
        size = 1 << max(4, int(4 * len(keys)).bit_length())
        self._mask = np.uint64(size - 1)
        self._slots = np.full(size, -1, np.int64)
        waiting, at = np.arange(len(keys)), keys & self._mask
        while len(waiting):
            free = self._slots[at] < 0
            self._slots[at[free]] = waiting[free]  # of several that want one slot the last one gets it
            left = self._slots[at] != waiting
            waiting, at = waiting[left], (at[left] + np.uint64(1)) & self._mask
        self._stored = np.where(self._slots >= 0, keys[self._slots], 0) if len(keys) else np.zeros(size, np.uint64)

    def find(self, keys: Hashes) -> tuple[NDArray[np.int64], Floats]:
        """Which of ``keys`` the table has, in any order, and the values of these."""
        where, at = np.arange(len(keys)), keys & self._mask
        places, rows = [where[:0]], [where[:0]]
        while len(where):
            row = self._slots[at]
            same = self._stored[at] == keys
            hit = np.flatnonzero(same & (row >= 0))
            places.append(where[hit])
            rows.append(row[hit])
            left = np.flatnonzero(~same & (row >= 0))
            where, keys, at = where[left], keys[left], (at[left] + np.uint64(1)) & self._mask
        return np.concatenate(places), self.values[np.concatenate(rows)].astype(np.float64)

    def get(self, keys: Hashes) -> Floats:
        """The numbers of ``keys``, 0 where there is none."""
        found = np.zeros(len(keys))
        where, numbers = self.find(keys)
        found[where] = numbers
        return found


class CharacterModel:
    """How likely a character is after those before it.

    Args:
        counts: for each order, how often each n-gram was seen.
        contexts: for each order, how often each context was seen, and how many different characters followed it.
        alphabet: characters that there are.
    """

    def __init__(self, counts: Sequence[Table], contexts: Sequence[Table], alphabet: int = ALPHABET) -> None:
        self.counts, self.contexts, self.alphabet = counts, contexts, alphabet

    @classmethod
    def learn(cls, words: Mapping[str, float]) -> CharacterModel:
        """The model of ``words`` with their weights."""
        grams, starts = spelled(list(words))
        lengths = np.diff([*starts, len(grams.room)])
        weights = np.repeat(np.fromiter(words.values(), np.float64, len(words)), lengths)
        return cls._counted([(grams, np.concatenate([[0.0], weights]))], ALPHABET)

    @classmethod
    def of_text(cls, text: str, orders: int) -> CharacterModel:
        """The model of a running text; one character that it does not hold belongs to the alphabet."""
        return cls._counted(_pieces_of(text, orders), len(set(text)) + 1)

    @classmethod
    def _counted(cls, pieces: Iterable[tuple[Grams, Floats]], alphabet: int) -> CharacterModel:
        seen: list[Counts] = []
        for grams, weights in pieces:
            for order, hashes in enumerate(grams.hashes, 1):
                inside = grams.room >= order
                found = hashes[inside], grams.contexts(order)[inside], weights[inside]
                if order > len(seen):
                    seen.append(_summed([found]))
                else:
                    seen[order - 1] = _summed([seen[order - 1], found])
        counts, contexts = [], []
        for keys, before, numbers in seen:
            names, which = np.unique(before, return_inverse=True)
            counts.append(Table(keys, numbers.astype(np.float32)))
            contexts.append(Table(names, np.stack([np.bincount(which, weights=numbers), np.bincount(which)],
                                                  axis=1).astype(np.float32)))
        return cls(counts, contexts, alphabet)

    def probabilities(self, grams: Grams) -> Floats:
        """The probability of the character at each place, given those before it."""
        chance = np.full(len(grams.room), 1 / self.alphabet)
        for order, (counts, contexts) in enumerate(zip(self.counts, self.contexts, strict=True), 1):
            at = np.flatnonzero(grams.room >= order)
            known, numbers = contexts.find(grams.contexts(order)[at])
            at, (total, different) = at[known], numbers.T
            seen = counts.get(grams.hashes[order - 1][at])
            chance[at] = (seen + different * chance[at]) / (total + different)
        return chance

    def costs(self, words: Sequence[str]) -> Floats:
        """What each word costs in bits, the space behind it included; shape ``(len(words),)``."""
        if not words:
            return np.zeros(0)
        grams, starts = spelled(words)
        costs: Floats = np.add.reduceat(-np.log2(self.probabilities(grams)), starts)
        return costs

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """The model as named arrays, to be stored."""
        tables: list[tuple[str, list[tuple[Hashes, NDArray[np.float32]]]]] = [
            ("counts", [(table.keys, table.values) for table in self.counts]),
            ("totals", [(table.keys, table.values[:, 0]) for table in self.contexts]),
            ("kinds", [(table.keys, table.values[:, 1]) for table in self.contexts])]
        found: dict[str, NDArray[np.generic]] = {}
        for kind, orders in tables:
            for order, (keys, values) in enumerate(orders, 1):
                found[f"{name}.{kind}.{order}.keys"], found[f"{name}.{kind}.{order}.values"] = keys, values
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], name: str) -> CharacterModel:
        """The model that ``arrays(name)`` stored."""
        def table(order: int, *kinds: str) -> Table:
            values = [arrays[f"{name}.{kind}.{order}.values"].astype(np.float32) for kind in kinds]
            return Table(arrays[f"{name}.{kinds[0]}.{order}.keys"].astype(np.uint64),
                         values[0] if len(values) == 1 else np.stack(values, axis=1))

        orders = range(1, ORDER + 1)
        return cls([table(order, "counts") for order in orders], [table(order, "totals", "kinds") for order in orders])


def _pieces_of(text: str, orders: int) -> Iterator[tuple[Grams, Floats]]:
    """The n-grams of ``text``, a part of it after another; each ends in one of them."""
    for start in range(0, len(text), _AT_ONCE):
        before = min(start, orders - 1)
        piece = text[start - before:start + _AT_ONCE]
        room = np.arange(1, len(piece) + 1)
        room[:before] = 0  # these were counted with the part before
        yield Grams.of(piece, room, orders), np.ones(len(piece))


def _summed(counts: Sequence[Counts]) -> Counts:
    """Each n-gram once."""
    keys, contexts, numbers = (np.concatenate(some) for some in zip(*counts, strict=True))
    once, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    sums: Floats = np.bincount(inverse, weights=numbers).astype(np.float64)
    return once, contexts[first], sums
