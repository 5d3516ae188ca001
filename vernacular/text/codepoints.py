"""A batch of lines as one array of code points, for fast counting in line rules.

Rules compute on all characters of a batch at once and inspect single lines only where needed.
Letters and words are defined by the same Unicode properties as in ``words``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, cached_property

import numpy as np
import regex
from numpy.typing import NDArray

from vernacular.text.words import APOSTROPHES, UNSPACED

LETTER, MARK, NUMBER, UPPER, CASED, SPACE, JOINER, PUNCTUATION = (1 << bit for bit in range(8))
WORD = LETTER | MARK | NUMBER
_PROPERTIES = {LETTER: r"\p{L}+", MARK: r"\p{M}+", NUMBER: r"\p{N}+", UPPER: r"[\p{Lu}\p{Lt}]+",
               CASED: r"[\p{Lu}\p{Lt}\p{Ll}]+", SPACE: r"\s+", JOINER: rf"[{APOSTROPHES}\u200c\u200d]+",
               PUNCTUATION: r"\p{P}+"}
LIMIT = 0x110000
_ASSIGNED = ((0, 0x40000), (0xE0000, 0xE1000))  # planes with characters; the others are private or empty

Flags = NDArray[np.uint8]
Counts = NDArray[np.int64]


@cache
def kinds() -> Flags:
    """Return the properties of each code point as bits: ``LETTER``, ``MARK`` and so on; (0x110000,)."""
    table = np.zeros(LIMIT, dtype=np.uint8)
    for bit, pattern in _PROPERTIES.items():
        table[points_of(pattern)] |= np.uint8(bit)
    table.flags.writeable = False
    return table


@cache
def unspaced() -> NDArray[np.bool_]:
    """Return for each code point whether it is a letter of a script without spaces between words."""
    return table_of(points_of(f"{UNSPACED}+").tolist())


def points_of(pattern: str) -> NDArray[np.int64]:
    """Return the code points that match ``pattern``, a character class with ``+``, in order."""
    compiled = regex.compile(pattern, regex.V1)
    found: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    for first, text in _assigned():
        found += [np.arange(first + match.start(), first + match.end()) for match in compiled.finditer(text)]
    return np.concatenate(found)


@cache
def _assigned() -> list[tuple[int, str]]:
    """Return ranges of assignable characters: the first code point, and the characters."""
    return [(first, "".join(map(chr, range(first, end)))) for first, end in _ASSIGNED]


def table_of(characters: Iterable[str | int]) -> NDArray[np.bool_]:
    """Return a table that marks the code points in ``characters``."""
    table = np.zeros(LIMIT, dtype=np.bool_)
    table[[character if isinstance(character, int) else ord(character) for character in characters]] = True
    return table


class Batch:
    """Lines as arrays.

    Attributes:
        lines: the lines.
        codes: their code points, line after line, each followed by a line feed; dtype uint32.
        starts, ends: bounds of each line in ``codes`` (end exclusive, without the line feed).
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        text = "\n".join(lines) + "\n" if lines else ""
        self.codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        lengths = np.fromiter(map(len, lines), dtype=np.int64, count=len(lines))
        self.ends = np.cumsum(lengths + 1) - 1
        self.starts = self.ends - lengths

    @cached_property
    def kinds(self) -> Flags:
        """The properties of each code point."""
        return kinds().take(self.codes)

    @classmethod
    def of(cls, lines: Sequence[str]) -> Batch:
        """Return the batch of ``lines``; reuse the previous one, with its counts, if the lines are the same.

        Rules run one after another on the same lines, so most counting is shared.
        """
        last = _LAST[0]
        if last.lines != lines:
            last = _LAST[0] = cls(list(lines))
        return last

    def sums(self, marked: NDArray[np.bool_]) -> Counts:
        """Return the number of ``marked`` code points in each line."""
        if not len(self.lines):
            return np.zeros(0, dtype=np.int64)
        total = np.zeros(len(marked) + 1, dtype=np.int32)
        np.cumsum(marked, out=total[1:], dtype=np.int32)
        counts: Counts = (total[self.ends] - total[self.starts]).astype(np.int64)
        return counts

    def having(self, marked: NDArray[np.bool_]) -> list[int]:
        """Return the lines with a ``marked`` code point, in order."""
        return self.lines_at(np.flatnonzero(marked))

    def lines_at(self, positions: NDArray[np.int64]) -> list[int]:
        """Return the lines at the sorted ``positions`` in ``codes``, each once, in order."""
        lines: list[int] = np.unique(np.searchsorted(self.ends, positions)).tolist()
        return lines

    @cached_property
    def in_word(self) -> NDArray[np.bool_]:
        """Whether each code point is part of a word as defined in ``words``."""
        solid = (self.kinds & WORD) != 0
        spaced = solid if self._alone is None else solid & ~self._alone
        joins = np.zeros(len(solid), dtype=np.bool_)
        if len(solid) > 2:
            joins[1:-1] = ((self.kinds[1:-1] & JOINER) != 0) & spaced[:-2] & spaced[2:]
        inside: NDArray[np.bool_] = solid | joins
        return inside

    @cached_property
    def _alone(self) -> NDArray[np.bool_] | None:
        """Whether each code point is a letter (or its mark) of a script without spaces; None if there is none.

        Such a letter with its marks is a word.
        """
        if not ((self.codes >= 0xE00) & ((self.codes < 0x1E00) | (self.codes >= 0x2E80))).any():
            return None
        letters = unspaced().take(self.codes)
        if not letters.any():
            return None
        marks = (self.kinds & MARK) != 0
        base = np.maximum.accumulate(np.where(marks, 0, np.arange(len(marks))))
        alone: NDArray[np.bool_] = letters | (marks & letters[base])
        return alone

    @cached_property
    def word_bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The bounds of each word in ``codes`` (end exclusive); a line feed ends every word."""
        if self._alone is None:
            edges = np.flatnonzero(np.diff(self.in_word.view(np.int8), prepend=np.int8(0)))
            return edges[::2], edges[1::2]
        inside, alone = self.in_word, self._alone
        starts_word = alone & ((self.kinds & MARK) == 0)
        starts_word[1:] |= alone[:-1] & ~alone[1:]
        before = np.concatenate([[False], inside[:-1]])
        return np.flatnonzero(inside & (~before | starts_word)), np.flatnonzero(before & (~inside | starts_word))

    @cached_property
    def word_hashes(self) -> NDArray[np.uint32]:
        """A hash of each word; words equal after casefolding have equal hashes (collisions are rare)."""
        starts, ends = self.word_bounds
        total = np.zeros(len(self.codes) + 1, dtype=np.uint32)
        np.cumsum(_folded().take(self.codes), out=total[1:], dtype=np.uint32)
        return (total[ends] - total[starts]) * np.uint32(0x9E3779B1)

    @cached_property
    def word_counts(self) -> Counts:
        """The number of words in each line."""
        return np.diff(np.searchsorted(self.word_bounds[0], self.ends), prepend=0)

    @cached_property
    def word_lines(self) -> NDArray[np.int64]:
        """The line of each word."""
        return np.repeat(np.arange(len(self.lines)), self.word_counts)

    def repeated(self, hashes: NDArray[np.uint32], lines: NDArray[np.int64]) -> Counts:
        """Return an upper bound, nearly exact, of the repeated ``hashes`` in each line.

        Args:
            hashes: of words, or runs of words or characters.
            lines: the line of each, ascending.
        """
        found = np.zeros(len(self.lines), dtype=np.int64)
        step = 1 << 14  # keeps the table in the CPU cache
        last = np.zeros(8 << (min(step, len(hashes)) - 1).bit_length() if len(hashes) else 1, dtype=np.int32)
        first = 0
        while first < len(lines):
            end = min(first + step, len(lines))
            if end < len(lines):  # do not split a line
                end = int(np.searchsorted(lines, lines[end - 1], side="right"))
            slots = slots_of(hashes[first:end], lines[first:end], len(last))
            places = np.arange(end - first, dtype=np.int32)
            last[slots] = places
            again = last[slots] != places
            found += np.bincount(lines[first:end][again], minlength=len(self.lines))
            first = end
        return found


_LAST = [Batch([])]


def slots_of(hashes: NDArray[np.uint32], lines: NDArray[np.int64], size: int = 0) -> NDArray[np.int64]:
    """Return a slot for each pair of hash and line in a table of ``size`` (a power of two; 0: automatic)."""
    bits = ((size or 4 * len(hashes)) - 1).bit_length()
    mixed = (hashes ^ (lines.astype(np.uint32) * np.uint32(0x85EBCA6B))) * np.uint32(0xC2B2AE35)
    return ((mixed ^ (mixed >> np.uint32(15))) & np.uint32((1 << bits) - 1)).astype(np.int64)


@cache
def _folded() -> NDArray[np.uint32]:
    """Return a random number per code point, equal after casefolding (a sum for ß and the like)."""
    table = np.random.default_rng(1).integers(1, 1 << 32, LIMIT, dtype=np.uint32)
    plain = table.copy()
    for point in range(0x20000):
        folded = chr(point).casefold()
        if folded != chr(point):
            table[point] = plain[[ord(part) for part in folded]].sum(dtype=np.uint32)
    return table
