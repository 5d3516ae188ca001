"""Hashes of words, runs of words, whole lines and character n-grams of many lines.

Words are those of ``words.plain_words``, computed with array operations for comparisons of millions
of lines (deduplication, decontamination).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from vernacular.text.codepoints import LIMIT, Batch

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]
SHINGLE = 5
_ODD = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_SPACE = 32
_POWERS: dict[int, U64] = {}


def mix(values: U64) -> U64:
    """Scramble ``values`` one to one, so that every bit affects all others (SplitMix64's finalizer)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def offsets(counts: NDArray[np.integer]) -> Ints:
    """Return where segments with these lengths begin, and where the last ends; one longer than ``counts``."""
    found = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=found[1:])
    return found


def spread(starts: NDArray[np.integer], counts: NDArray[np.integer]) -> Ints:
    """Return the indices ``starts[0] .. starts[0] + counts[0] - 1``, then those of the next segment, and so on."""
    ends = offsets(counts)
    return np.arange(ends[-1], dtype=np.int64) + np.repeat(np.asarray(starts, dtype=np.int64) - ends[:-1], counts)


def sequence_hashes(values: U64, starts: NDArray[np.integer], ends: NDArray[np.integer]) -> U64:
    """Return a hash of each segment of ``values``, depending on content, order and length.

    A polynomial in an odd number modulo 2^64, computed as a difference of running sums (Karp and
    Rabin 1987). ``values`` are hashes themselves.
    """
    total = np.zeros(len(values) + 1, dtype=np.uint64)
    np.cumsum(values * _powers(_ODD, len(values)), out=total[1:])
    found = (total[ends] - total[starts]) * _powers(_INVERSE, len(values) + 1)[starts]
    return mix(found + (ends - starts).astype(np.uint64) * _INVERSE)


def _powers(base: np.uint64, length: int) -> U64:
    """Return the powers 0, 1 ... of ``base`` modulo 2^64."""
    found = _POWERS.get(int(base))
    if found is None or len(found) < length:
        found = np.full(max(length, 1 << 16), base, dtype=np.uint64)
        found[0] = 1
        found = _POWERS[int(base)] = np.cumprod(found)
    return found[:length]


@cache
def _letters() -> U64:
    """Return a hash of each code point."""
    return mix(np.arange(1, LIMIT + 1, dtype=np.uint64) * _ODD)


class Tokens:
    """Hashes of the casefolded words of some lines.

    Args:
        lines: without line feeds.

    Attributes:
        counts: the number of words in each line, shape ``(lines,)``.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        folded = "\n".join(lines).casefold()
        self._batch = Batch(folded.split("\n") if lines else [])
        self.counts: Ints = self._batch.word_counts

    @cached_property
    def _letters(self) -> tuple[U64, Ints]:
        """Hash each letter of all words with a space after each word; return word starts, including the end."""
        starts, ends = self._batch.word_bounds
        lengths = ends - starts + 1
        codes = self._batch.codes[spread(starts, lengths)]
        begins = offsets(lengths)
        codes[begins[1:] - 1] = _SPACE
        return _letters().take(codes), begins

    @cached_property
    def words(self) -> U64:
        """Return a hash of each word, in order, shape ``(words,)``."""
        letters, begins = self._letters
        return sequence_hashes(letters, begins[:-1], begins[1:] - 1)

    @cached_property
    def line_hashes(self) -> U64:
        """Return a hash of each line's words, which ignores case, spaces and punctuation."""
        begins = offsets(self.counts)
        return sequence_hashes(self.words, begins[:-1], begins[1:])

    def runs(self, length: int) -> tuple[U64, Ints]:
        """Return a hash of each run of ``length`` words within a line, and the number of runs per line."""
        counts = np.maximum(self.counts - (length - 1), 0)
        starts = spread(offsets(self.counts)[:-1], counts)
        return sequence_hashes(self.words, starts, starts + length), counts

    def shingles(self, texts: NDArray[np.integer]) -> tuple[U64, Ints]:
        """Return hashes of all runs of 5 characters in a text's joined words, and their number per text.

        Args:
            texts: the number of lines in each text, shape ``(texts,)``; they sum to all lines.
        """
        ends = self._letters[1][offsets(self.counts)][offsets(texts)]
        counts = np.maximum(np.diff(ends) - SHINGLE, 0)  # without the final space
        return self._rolled[spread(ends[:-1], counts)], counts

    @cached_property
    def _rolled(self) -> U64:
        """Return a hash of each run of 5 letters of all words."""
        letters, _ = self._letters
        rolled = np.zeros(max(len(letters) - SHINGLE + 1, 0), dtype=np.uint64)
        for place in range(SHINGLE):
            rolled *= _ODD
            rolled += letters[place:place + len(rolled)]
        rolled ^= rolled >> np.uint64(32)
        return rolled
