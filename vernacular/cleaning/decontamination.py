"""Decontamination index: hashes of lines and word n-grams that no training line may share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vernacular.cleaning.disk_arrays import sort_once, stretches
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import digest_of
from vernacular.text.word_hashes import U64, Tokens

_MOST_BITS = 26  # of the table of hashes that may be there; others are not

class NamedHashes:
    """Hashes, which rise and of which each is there once, and the index of the name of each."""

    def __init__(self, hashes: U64, names: NDArray[np.uint32]) -> None:
        self.hashes, self.names = hashes, names

    @classmethod
    def of(cls, hashes: U64, names: NDArray[np.integer]) -> NamedHashes:
        """The first of equal ``hashes`` with its name, in order."""
        found, first = np.unique(hashes, return_index=True)
        return cls(found, np.asarray(names)[first].astype(np.uint32))

    @cached_property
    def _seen(self) -> NDArray[np.bool_]:
        """Whether there is a hash with these lowest bits."""
        bits = min(max(16, int(len(self.hashes) * 16).bit_length()), _MOST_BITS)
        seen = np.zeros(1 << bits, dtype=np.bool_)
        for first, last in stretches(len(self.hashes)):
            seen[self.hashes[first:last] & np.uint64(len(seen) - 1)] = True
        return seen

    def where(self, wanted: U64) -> NDArray[np.int64]:
        """Return the index of each of ``wanted``, or -1.

        A table indexed by the lowest hash bits excludes most; only the others are searched.
        """
        found = np.full(len(wanted), -1, dtype=np.int64)
        if not len(self.hashes) or not len(wanted):
            return found
        maybe = np.flatnonzero(self._seen[wanted & np.uint64(len(self._seen) - 1)])
        place = np.minimum(np.searchsorted(self.hashes, wanted[maybe]), len(self.hashes) - 1)
        hit = self.hashes[place] == wanted[maybe]
        found[maybe[hit]] = place[hit]
        return found


class HeldOut:
    """A hash of each held-out line and of each run of ``overlap`` words, casefolded, without punctuation.

    Args:
        names: of the kinds of held-out text (a task, the dev part).
        overlap: words in a run.
        lines: hashes of lines.
        runs: hashes of runs.

    Hashes have 64 bits; a collision costs one line of training text.
    """

    def __init__(self, names: Sequence[str], overlap: int, lines: NamedHashes, runs: NamedHashes) -> None:
        self.names, self.overlap = list(names), overlap
        self._lines, self._runs = lines, runs

    @classmethod
    def of_hashes(cls, name: str, overlap: int, lines: U64, runs: U64) -> HeldOut:
        """Index held-out text of one kind by its hashes, which are sorted in place."""
        return cls([name], overlap, *(NamedHashes(found, np.broadcast_to(np.uint32(0), len(found)))
                                      for found in (sort_once(lines), sort_once(runs))))

    @classmethod
    def of(cls, items: Sequence[tuple[str, str]], overlap: int, tidy: Callable[[list[str]], list[str]]) -> HeldOut:
        """Index ``items`` of (name, text).

        Args:
            items: as written in their files.
            overlap: words in a run.
            tidy: normalizes lines like those they are compared with.
        """
        names = sorted({name for name, _ in items})
        pairs = [(names.index(name), line) for name, text in items for line in text.split("\n")]
        if not pairs:
            nothing = NamedHashes(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.uint32))
            return cls(names, overlap, nothing, nothing)
        tokens = Tokens(tidy([line for _, line in pairs]))
        at = np.array([number for number, _ in pairs], dtype=np.uint32)
        worded = tokens.counts > 0
        runs, counts = tokens.runs(overlap)
        return cls(names, overlap, NamedHashes.of(tokens.line_hashes[worded], at[worded]),
                   NamedHashes.of(runs, np.repeat(at, counts)))

    def save(self, path: Path) -> None:
        """Write it to ``path`` (npz)."""
        with path.open("wb") as stream:
            np.savez(stream, names=np.array(self.names, dtype=np.str_), overlap=self.overlap,
                     lines=self._lines.hashes, line_names=self._lines.names, runs=self._runs.hashes,
                     run_names=self._runs.names)

    def digest(self) -> str:
        """Return a digest of the index."""
        parts = (self._lines.hashes, self._lines.names, self._runs.hashes, self._runs.names)
        return digest_of([self.names, self.overlap, *(sha256(part.tobytes()).hexdigest() for part in parts)])

    @classmethod
    def load(cls, path: Path) -> HeldOut:
        """Load an index.

        Raises:
            Problem: it cannot be read.
        """
        try:
            with np.load(path, allow_pickle=False) as found:
                return cls(found["names"].tolist(), int(found["overlap"]),
                           NamedHashes.of(found["lines"], found["line_names"]),
                           NamedHashes.of(found["runs"], found["run_names"]))
        except (OSError, ValueError, KeyError) as error:
            raise Problem("the decontamination index cannot "
                          f"be read ({error})", where=str(path), fix="Run again",
                          code=Code.RESULT_UNREADABLE) from error

    def judge(self, tokens: Tokens) -> NDArray[np.uint32]:
        """Return for each line 0, or a number for ``reason`` if it must be dropped."""
        return self.judge_hashes(tokens.line_hashes, *tokens.runs(self.overlap))

    def judge_hashes(self, lines: U64, runs: U64, counts: NDArray[np.integer]) -> NDArray[np.uint32]:
        """Like ``judge``, with known hashes of lines and runs, and the number of runs per line."""
        found = np.zeros(len(lines), dtype=np.uint32)
        hits = self._runs.where(runs)
        shared = np.flatnonzero(hits >= 0)
        if len(shared):
            owner = np.searchsorted(np.cumsum(counts), shared, side="right")
            found[owner[::-1]] = 2 * self._runs.names[hits[shared]][::-1] + 2  # the first run of a line counts
        hits = self._lines.where(lines)
        equal = hits >= 0
        found[equal] = 2 * self._lines.names[hits[equal]] + 1
        return found

    def name_of(self, number: int) -> str:
        """Return the kind of text for a number of ``judge``."""
        return self.names[(number - 1) // 2]

    def reason(self, number: int) -> str:
        """Explain a number of ``judge``."""
        name = self.name_of(number)
        return f"equals a line of {name}" if number % 2 else f"shares {self.overlap} words in a row with {name}"
