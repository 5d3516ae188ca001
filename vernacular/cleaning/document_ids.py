"""Ids of documents as numbers of 64 bits, which take an eighth of the memory of text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vernacular.cleaning.disk_arrays import disk_array, sort_once, stretches
from vernacular.text.word_hashes import U64, Ints

_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_LENGTH = 16
_NONE = 255
_MOST_NEW = 100_000  # ids in a set, before they are sorted
_LEAST_BITS = 20


def _values() -> NDArray[np.uint8]:
    found = np.full(256, _NONE, dtype=np.uint8)
    found[_DIGITS] = np.arange(16)
    return found


_VALUES = _values()


def id_numbers(ids: pa.Array) -> U64:
    """The numbers of ids of 16 hexadecimal digits; they are in the order of the ids.

    Raises:
        ValueError: one is something else.
    """
    fixed = ids.cast(pa.binary()).cast(pa.binary(_LENGTH))
    digits = _VALUES[np.frombuffer(fixed.buffers()[1] or b"", dtype=np.uint8)[
        fixed.offset * _LENGTH:(fixed.offset + len(fixed)) * _LENGTH].reshape(-1, 2)]
    if (digits == _NONE).any():
        raise ValueError("an id is not of 16 hexadecimal digits")
    return (digits[:, 0] << 4 | digits[:, 1]).view(">u8").astype(np.uint64)


def id_texts(numbers: U64) -> pa.Array:
    """The ids with these numbers."""
    octets = numbers.astype(">u8").view(np.uint8)
    digits = _DIGITS[np.stack([octets >> 4, octets & 15], axis=1)]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(_LENGTH), len(numbers), [
        None, pa.py_buffer(digits.tobytes())]).cast(pa.binary()).cast(pa.string())


class KnownIds:
    """A set of ids that takes some 10 bytes for each: sorted numbers, and a set of those that are new."""

    def __init__(self) -> None:
        self._old: list[U64] = []  # each twice as long as the next one, at least
        self._new: set[int] = set()
        self._shift, self._seen = 64 - _LEAST_BITS, np.zeros(1 << (_LEAST_BITS - 3), dtype=np.uint8)
        # a bit for the upper bits of each old number: most ids are new
        self._look: memoryview = self._seen.data

    def add(self, id: str) -> bool:
        """Add an id; return whether it is new."""
        number = int(id, 16)
        slot = number >> self._shift
        if number in self._new or (self._look[slot >> 3] >> (slot & 7) & 1 and any(
                contains(old, np.array([number], dtype=np.uint64))[0] for old in self._old)):
            return False
        self._new.add(number)
        if len(self._new) >= _MOST_NEW:
            self._settle()
        return True

    def _settle(self) -> None:
        """Sort the new ones into the old ones."""
        self._old.append(np.sort(np.fromiter(self._new, np.uint64, len(self._new))))
        self._new.clear()
        marked = self._old[-1:]
        while len(self._old) > 1 and 2 * len(self._old[-1]) > len(self._old[-2]):
            self._old.append(np.sort(np.concatenate([self._old.pop(), self._old.pop()])))
        bits = (8 * sum(map(len, self._old))).bit_length()
        if bits > 64 - self._shift:
            self._shift, self._seen, marked = 64 - bits, np.zeros(1 << (bits - 3), dtype=np.uint8), self._old
            self._look = self._seen.data
        for numbers in marked:
            for first, last in stretches(len(numbers)):
                slots = numbers[first:last] >> np.uint64(self._shift)
                bit = np.uint8(1) << (slots & np.uint64(7)).astype(np.uint8)
                np.bitwise_or.at(self._seen, slots >> np.uint64(3), bit)


def contains(numbers: U64, wanted: U64) -> NDArray[np.bool_]:
    """Which of ``wanted`` are among ``numbers``, which rise."""
    if not len(numbers):
        return np.zeros(len(wanted), dtype=np.bool_)
    found: NDArray[np.bool_] = numbers[np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)] == wanted
    return found


def union(numbers: U64, more: U64, places: Ints, folder: Path | None) -> U64:
    """``numbers``, which rise, and those of ``more`` at ``places``: each once, in order."""
    found: U64 = disk_array(folder, len(numbers) + len(places), np.uint64)
    found[:len(numbers)] = numbers
    for first, last in stretches(len(places)):
        found[len(numbers) + first:len(numbers) + last] = more[places[first:last]]
    return sort_once(found)
