"""Arrays in unnamed files, which the system writes to disk where memory is short, and work on them part by part.

Whatever has an entry for each line or document of a corpus is kept in one of these: 10 GB of text have 70 million
lines. Knows no rule.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vernacular.text.word_hashes import Ints, offsets

Hashes = NDArray[np.uint32] | NDArray[np.uint64]
_IN_MEMORY = 1 << 22  # bytes; a smaller array is not worth a file
AT_ONCE = 1 << 18  # entries that are worked on at once
_PART = 1 << 21  # entries of a part: those of equal values are compared in memory
_MOST_PARTS = 1 << 12


def disk_array(folder: Path | None, length: int, dtype: DTypeLike, width: int = 0) -> NDArray[Any]:
    """An array of zeros, shape ``(length,)``, or ``(length, width)`` where a width is given.

    Args:
        folder: where its file is, which has no name and goes with the array; the system's own where none is given.
        length: number of entries.
        dtype: of the entries.
        width: of a row.

    Raises:
        OSError: the disk is full.
    """
    shape, size = (length, width) if width else (length,), length * max(width, 1) * np.dtype(dtype).itemsize
    if size < _IN_MEMORY:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(dir=folder) as stream:
        os.posix_fallocate(stream.fileno(), 0, size)  # else a full disk would end the process without a word
        return np.frombuffer(mmap.mmap(stream.fileno(), size), dtype).reshape(shape)


def stretches(length: int, most: int = 0) -> Iterator[tuple[int, int]]:
    """Begin and end of successive stretches of at most ``most`` entries, ``AT_ONCE`` where it is not given."""
    step = most or AT_ONCE
    return ((first, min(first + step, length)) for first in range(0, length, step))


def numbered(folder: Path | None, length: int) -> Ints:
    """The numbers from 0 to ``length``, in a ``disk_array``."""
    found: Ints = disk_array(folder, length, np.int64)
    for first, last in stretches(length):
        found[first:last] = np.arange(first, last)
    return found


def places_of(wanted: NDArray[np.bool_], folder: Path | None) -> Ints:
    """Where ``wanted`` is true, in a ``disk_array``."""
    found: Ints = disk_array(folder, int(np.count_nonzero(wanted)), np.int64)
    begin = 0
    for first, last in stretches(len(wanted)):
        some = np.flatnonzero(wanted[first:last]) + first
        found[begin:begin + len(some)] = some
        begin += len(some)
    return found


def sort_once(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort ``values`` in place; return them without those that are there already."""
    values.sort()
    end = 0
    for first, last in stretches(len(values)):
        some = values[first:last]
        new = some[np.append(not end or bool(some[0] != values[end - 1]), some[1:] != some[:-1])]
        values[end:end + len(new)] = new
        end += len(new)
    return values[:end]


def part_bits(length: int) -> int:
    """How many upper bits of a hash are the number of its part, so that parts of ``length`` hashes are small."""
    return min((max(length, 1) - 1) // _PART, _MOST_PARTS - 1).bit_length()


def partitioned(hashes: Hashes, folder: Path | None, bits: int, wanted: NDArray[np.bool_] | None = None
                ) -> tuple[Ints, Ints]:
    """Places of ``hashes`` sorted by the upper bits of these, so that equal ones are in one part.

    Args:
        hashes: shape ``(entries,)``, all bits of which are random.
        folder: for ``disk_array``.
        bits: from ``part_bits``.
        wanted: entries that are left out are False; all are wanted where it is not given.

    Returns:
        The places, which rise within a part, and where each part begins, with the end of the last. Parts are in
        the order of their hashes.
    """
    if not bits:
        places = numbered(folder, len(hashes)) if wanted is None else places_of(wanted, folder)
        return places, np.array([0, len(places)])
    counts = np.zeros(1 << bits, dtype=np.int64)
    for first, last in stretches(len(hashes)):
        counts += np.bincount(_numbered(hashes, bits, first, last, wanted)[1], minlength=len(counts))
    bounds = offsets(counts)
    ends, found = bounds[:-1].copy(), disk_array(folder, int(bounds[-1]), np.int64)
    for first, last in stretches(len(hashes)):
        at, parts = _numbered(hashes, bits, first, last, wanted)
        order, number = np.argsort(parts, kind="stable"), np.bincount(parts, minlength=len(counts))
        found[(ends - offsets(number)[:-1])[parts[order]] + np.arange(len(order))] = at[order]
        ends += number
    return found, bounds


def _numbered(hashes: Hashes, bits: int, first: int, last: int, wanted: NDArray[np.bool_] | None
              ) -> tuple[Ints, NDArray[np.uint16]]:
    """The places that are wanted in a stretch, and the part of each."""
    at = np.arange(first, last) if wanted is None else np.flatnonzero(wanted[first:last]) + first
    return at, (hashes[at] >> hashes.dtype.type(8 * hashes.itemsize - bits)).astype(np.uint16)


def by_equal_hash(hashes: Hashes, folder: Path | None, wanted: NDArray[np.bool_] | None = None) -> Iterator[Ints]:
    """Places of ``hashes`` in parts: each rises, and equal hashes are in one part. Arguments as of ``partitioned``."""
    places, bounds = partitioned(hashes, folder, part_bits(len(hashes)), wanted)
    for begin, end in pairwise(bounds.tolist()):
        if end > begin:
            yield places[begin:end]
