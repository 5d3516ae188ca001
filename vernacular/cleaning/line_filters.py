"""Filters on single lines: each maps the lines to drop to reasons.

Thresholds here apply to every language; those learned from the seed are in
``langid.learned_thresholds``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import regex
from ftfy.badness import BADNESS_RE

from vernacular.text.codepoints import LETTER, Batch, slots_of
from vernacular.text.normalization import suspects
from vernacular.text.words import words

_REPETITION_WORDS = 8
_SAME_LETTER = regex.compile(r"(\p{L})\1{12,}")  # "aaaaaaaaaaaaa"; rows of dots and dashes are not letters
# ftfy's signs of mojibake that no orthography has: symbols among letters. Pairs of letters alone
# can be regular spelling (Ewe ƒã, Lombard œ before a space, Sango Â).
_SIGNS_WITHIN = regex.compile(r"[^\p{L}\p{M}\s\p{ASCII}‘’“”…–—«»‹›]|[ªº]")
LOST = "contains U+FFFD, the replacement for lost characters"


def damaged(lines: Sequence[str]) -> dict[int, str]:
    """Return lines with U+FFFD (characters lost earlier) or mojibake that cannot be repaired."""
    found: dict[int, str] = {}
    for index in suspects(lines):
        for match in BADNESS_RE.finditer(lines[index]):
            if match[0][0] not in "œŒ" and _SIGNS_WITHIN.search(match[0]):
                found[index] = f"contains mojibake that cannot be repaired: {match[0]!r}"
                break
    if any("\ufffd" in line for line in lines):
        found.update((index, LOST) for index, line in enumerate(lines) if "\ufffd" in line)
    return dict(sorted(found.items()))


def empty(lines: Sequence[str]) -> dict[int, str]:
    """Return lines without letters."""
    batch = Batch.of(lines)
    return dict.fromkeys(np.flatnonzero(batch.sums((batch.kinds & LETTER) != 0) == 0).tolist(), "no letters")


def short(lines: Sequence[str], least: int) -> dict[int, str]:
    """Return lines of fewer than ``least`` words."""
    if least <= 1:
        return {}
    counts = Batch.of(lines).word_counts
    return {index: f"{counts[index]} words, fewer than {least}" for index in np.flatnonzero(counts < least).tolist()}


def repetitive(lines: Sequence[str], most: float) -> dict[int, str]:
    """Return repetitive lines.

    These are lines of 8 words or more in which one word, or repeated runs of three words, exceed
    the share ``most``, and lines with a letter more than 12 times in a row.
    """
    found = {}
    for index in _maybe_repetitive(Batch.of(lines), most):
        reason = repetition(lines[index], most)
        if reason:
            found[index] = reason
    return found


def repetition(line: str, most: float) -> str | None:
    """Return why ``repetitive`` drops a line, or None."""
    found = [word.casefold() for word in words(line)]
    if len(found) >= _REPETITION_WORDS:
        word, uses = Counter(found).most_common(1)[0]
        if uses / len(found) > most:
            return f"'{word}' is {uses} of {len(found)} words"
        triples = list(zip(found, found[1:], found[2:], strict=False))
        again = len(triples) - len(set(triples))
        if again / len(triples) > most:
            return f"{again} of {len(triples)} runs of three words are repetitions"
    run = _SAME_LETTER.search(line)
    return f"'{run[1]}' occurs {len(run[0])} times in a row" if run else None


def _maybe_repetitive(batch: Batch, most: float) -> list[int]:
    """Return the lines that ``repetition`` may drop, and a few more, using word hashes."""
    number = len(batch.lines)
    marked = np.zeros(number, dtype=np.bool_)
    same = batch.codes[1:] == batch.codes[:-1]
    for step in (1, 2, 4, 4):  # after these, 12 equal neighbors in a row
        same = same[step:] & same[:-step] if len(same) > step else same[:0]
    marked[batch.lines_at(np.flatnonzero(same))] = True
    counts = batch.word_counts
    long = counts >= _REPETITION_WORDS
    if long.any():
        keep = long[batch.word_lines]
        line, word = batch.word_lines[keep], batch.word_hashes[keep]
        length = np.maximum(counts, 1)
        slots = slots_of(word, line)
        most_common = np.zeros(number, dtype=np.int64)
        first = np.flatnonzero(np.diff(line, prepend=-1))
        most_common[line[first]] = np.maximum.reduceat(np.bincount(slots)[slots], first)
        marked |= long & (most_common / length > most)
        triple = (word[:-2] * np.uint32(31) + word[1:-1]) * np.uint32(31) + word[2:]
        inside = line[:-2] == line[2:]
        triple, line = triple[inside], line[:-2][inside]
        marked |= long & (batch.repeated(triple, line) / np.maximum(length - 2, 1) > most)
    return np.flatnonzero(marked).tolist()
