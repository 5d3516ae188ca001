"""Decontamination index: hashes of lines and word n-grams that no training line may share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vernacular.core.errors import Problem
from vernacular.core.store import digest_of
from vernacular.text.word_hashes import U64, Tokens


class HeldOut:
    """A hash of each held-out line and of each run of ``overlap`` words, casefolded, without punctuation.

    Args:
        names: of the kinds of held-out text (a task, the dev part).
        overlap: words in a run.
        lines: hashes of lines, and the index of each one's name.
        runs: hashes of runs, and the index of each one's name.

    Hashes have 64 bits; a collision costs one line of training text.
    """

    def __init__(self, names: Sequence[str], overlap: int, lines: tuple[U64, NDArray[np.integer]],
                 runs: tuple[U64, NDArray[np.integer]]) -> None:
        self.names, self.overlap = list(names), overlap
        self._lines, self._line_names = _sorted(*lines)
        self._runs, self._run_names = _sorted(*runs)

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
            nothing = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.uint32)
            return cls(names, overlap, nothing, nothing)
        tokens = Tokens(tidy([line for _, line in pairs]))
        at = np.array([number for number, _ in pairs], dtype=np.uint32)
        worded = tokens.counts > 0
        runs, counts = tokens.runs(overlap)
        return cls(names, overlap, (tokens.line_hashes[worded], at[worded]), (runs, np.repeat(at, counts)))

    def save(self, path: Path) -> None:
        """Write it to ``path`` (npz)."""
        with path.open("wb") as stream:
            np.savez(stream, names=np.array(self.names, dtype=np.str_), overlap=self.overlap, lines=self._lines,
                     line_names=self._line_names, runs=self._runs, run_names=self._run_names)

    def digest(self) -> str:
        """Return a digest of the index."""
        parts = (self._lines, self._line_names, self._runs, self._run_names)
        return digest_of([self.names, self.overlap, *(sha256(part.tobytes()).hexdigest() for part in parts)])

    @classmethod
    def load(cls, path: Path) -> HeldOut:
        """Load an index.

        Raises:
            Problem: it cannot be read.
        """
        try:
            with np.load(path, allow_pickle=False) as found:
                return cls(found["names"].tolist(), int(found["overlap"]), (found["lines"], found["line_names"]),
                           (found["runs"], found["run_names"]))
        except (OSError, ValueError, KeyError) as error:
            raise Problem("the decontamination index cannot "
                          f"be read ({error})", where=str(path), fix="Run again") from error

    def judge(self, tokens: Tokens) -> NDArray[np.uint32]:
        """Return for each line 0, or a number for ``reason`` if it must be dropped."""
        return self.judge_hashes(tokens.line_hashes, *tokens.runs(self.overlap))

    def judge_hashes(self, lines: U64, runs: U64, counts: NDArray[np.integer]) -> NDArray[np.uint32]:
        """Like ``judge``, with known hashes of lines and runs, and the number of runs per line."""
        found = np.zeros(len(lines), dtype=np.uint32)
        hits = _where(runs, self._runs)
        shared = np.flatnonzero(hits >= 0)
        if len(shared):
            owner = np.searchsorted(np.cumsum(counts), shared, side="right")
            found[owner[::-1]] = 2 * self._run_names[hits[shared]][::-1] + 2  # the first run of a line counts
        hits = _where(lines, self._lines)
        equal = hits >= 0
        found[equal] = 2 * self._line_names[hits[equal]] + 1
        return found

    def name_of(self, number: int) -> str:
        """Return the kind of text for a number of ``judge``."""
        return self.names[(number - 1) // 2]

    def reason(self, number: int) -> str:
        """Explain a number of ``judge``."""
        name = self.name_of(number)
        return f"equals a line of {name}" if number % 2 else f"shares {self.overlap} words in a row with {name}"


def _sorted(hashes: U64, names: NDArray[np.integer]) -> tuple[U64, NDArray[np.uint32]]:
    found, first = np.unique(hashes, return_index=True)
    return found, np.asarray(names)[first].astype(np.uint32)


def _where(wanted: U64, known: U64) -> NDArray[np.int64]:
    """Return the index of each of ``wanted`` in the sorted ``known``, or -1.

    A bit table indexed by the lowest hash bits excludes most; only the others are searched.
    """
    found = np.full(len(wanted), -1, dtype=np.int64)
    if not len(known) or not len(wanted):
        return found
    mask = np.uint64((1 << max(16, int(len(known) * 16).bit_length())) - 1)
    seen = np.zeros(int(mask) + 1, dtype=np.bool_)
    seen[known & mask] = True
    maybe = np.flatnonzero(seen[wanted & mask])
    place = np.minimum(np.searchsorted(known, wanted[maybe]), len(known) - 1)
    hit = known[place] == wanted[maybe]
    found[maybe[hit]] = place[hit]
    return found
