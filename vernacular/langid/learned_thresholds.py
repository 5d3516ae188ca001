"""Thresholds learned from the seed, and the lines beyond them.

Menus, tag clouds, tables, address lists and code differ from text in shares of symbols, digits and
capitals, word lengths, stretches without punctuation, and repetition. No threshold fits all
languages, so each is set at a quantile of the seed (as in FineWeb-2, Penedo et al. 2025) plus a
margin, since other domains have more figures and names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.text.codepoints import CASED, LETTER, NUMBER, PUNCTUATION, SPACE, UPPER, Batch, points_of, table_of

Values = NDArray[np.float64]
_GRAM = 10
_BEYOND = 0.5  # margin, relative to the distance between the seed's median and its quantile
_NOT_IN_SENTENCES = r"[\p{S}\\/_*#@{}\[\]&%•·‣◦▪●■†‡]+"
_BETWEEN_SPACES = "»›"  # separators of menu entries; next to a word they are quotation marks


@dataclass(frozen=True)
class Measure:
    """A measure of a line."""

    name: str  # in limits and reasons
    meaning: str  # description after a number
    # characters (or words) like the seed's added to a share, so that short lines do not dominate
    weight: float = 0
    room: float = 0  # least distance of the limit from the seed's median, added; for lengths, multiplied
    least: float = 0  # smallest upper limit
    below: bool = False  # whether there is a lower limit too
    length: bool = False  # whether it is a length instead of a share


MEASURES = (
    Measure("symbols", "of its characters are neither letters nor digits", weight=20, room=0.2),
    Measure("signs", "of its characters are symbols rare in sentences", weight=20, room=0.06),
    Measure("digits", "of its characters are digits", weight=20, room=0.3),
    Measure("capitals", "of its letters are capitals", weight=20, room=0.6),
    Measure("capitalised", "of its words begin with a capital", weight=8, room=0.6),
    Measure("word_length", "letters in a word", weight=4, room=2.0, below=True, length=True),
    Measure("longest", "characters without a space", room=5.0, least=50, length=True),
    Measure("unbroken", "words without punctuation", room=6.0, least=60, length=True),
    Measure("repeats", "of its runs of 10 characters are repetitions", weight=20, room=0.35),
)


@dataclass(frozen=True)
class Thresholds:
    """Limits found by ``learn``: measure -> limit, and the means that shares are smoothed with."""

    above: dict[str, float] = field(default_factory=dict)  # upper limits
    below: dict[str, float] = field(default_factory=dict)  # lower limits
    usual: dict[str, float] = field(default_factory=dict)  # the seed's mean of each share

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Convert to JSON data."""
        return {"above": self.above, "below": self.below, "usual": self.usual}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Thresholds:
        """Load the result of ``to_dict``."""
        return cls(**{part: {name: float(value) for name, value in row[part].items()}
                      for part in ("above", "below", "usual")})


def learn(seed_lines: Sequence[str], quantile: float) -> Thresholds:
    """Learn limits that hardly any text in the language exceeds.

    Args:
        seed_lines: normalized lines known to be in the language; a few hundred suffice.
        quantile: share of the seed's lines that each limit is measured from; 0 sets no limits.

    Raises:
        Problem: no seed line has a letter.
    """
    if quantile <= 0:
        return Thresholds()
    batch = Batch(seed_lines)
    lettered = np.flatnonzero(batch.sums((batch.kinds & LETTER) != 0)).tolist()
    if not lettered:
        raise Problem("no seed line has a letter to learn thresholds from", where="corpus/clean",
                      fix="Add seed.txt or a trusted source, or set cleaning.quantile to 0", code=Code.SOURCE_EMPTY)
    batch = Batch([seed_lines[index] for index in lettered])
    parts = _parts(batch, exact=True)
    usual = {name: float(count.sum() / max(total.sum(), 1)) for name, (count, total) in parts.items()
             if total is not None}
    above, below = {}, {}
    for measure in MEASURES:
        values = _values(measure, parts, usual)
        middle, high, low = (float(value) for value in np.quantile(values, [0.5, 1 - quantile, quantile]))
        limit = middle * measure.room if measure.length else middle + measure.room
        above[measure.name] = round(max(limit, high + _BEYOND * (high - middle), measure.least), 4)
        if measure.below:
            below[measure.name] = round(min(middle / measure.room, low - _BEYOND * (middle - low)), 4)
    return Thresholds(above, below, {name: round(value, 6) for name, value in usual.items()})


def judge(lines: Sequence[str], thresholds: Thresholds) -> dict[int, str]:
    """Return lines beyond a limit: index -> measure, value and limit."""
    if not thresholds.above or not lines:
        return {}
    batch = Batch.of(lines)
    parts = _parts(batch, exact=False)
    reasons: dict[int, str] = {}
    for measure in MEASURES:
        values, most = _values(measure, parts, thresholds.usual), thresholds.above[measure.name]
        over = np.flatnonzero(values > most).tolist()
        if measure.name == "repeats" and over:  # upper bounds so far
            exact = _values(measure, _parts(Batch([batch.lines[index] for index in over]), exact=True),
                            thresholds.usual)
            values[over] = exact
            over = [index for index in over if values[index] > most]
        for index in over:
            reasons.setdefault(index, f"{_shown(measure, values[index])} {measure.meaning}, more than "
                                      f"{_shown(measure, most)} ({measure.name})")
        if measure.below:
            least = thresholds.below[measure.name]
            for index in np.flatnonzero(values < least).tolist():
                reasons.setdefault(index, f"{_shown(measure, values[index])} {measure.meaning}, less than "
                                          f"{_shown(measure, least)} ({measure.name})")
    return dict(sorted(reasons.items()))


def _shown(measure: Measure, value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if measure.length else f"{value:.0%}"


def _values(measure: Measure, parts: Mapping[str, tuple[Values, Values | None]], usual: Mapping[str, float]) -> Values:
    count, total = parts[measure.name]
    if total is None:
        return count.astype(np.float64)
    drawn: Values = (count + measure.weight * usual[measure.name]) / (total + measure.weight)
    return drawn


@cache
def _tables() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return table_of(points_of(_NOT_IN_SENTENCES).tolist()), table_of(_BETWEEN_SPACES)


def _signs(batch: Batch, spaces: NDArray[np.bool_]) -> NDArray[np.bool_]:
    always, parting = (table.take(batch.codes) for table in _tables())
    if parting.any():
        parting[0] = False  # the last is a line feed
        parting[1:-1] &= spaces[:-2] & spaces[2:]
        always |= parting
    return always


def _parts(batch: Batch, exact: bool) -> dict[str, tuple[Any, Any]]:
    """Return for each measure the count and its total per line; for a length, the length and None.

    Args:
        batch: the lines.
        exact: count repetition exactly, not as an upper bound.
    """
    kinds = batch.kinds
    starts, _ = batch.word_bounds
    spaces = (kinds & SPACE) != 0
    lengths = batch.ends - batch.starts
    dense = lengths - batch.sums(spaces & (batch.codes != 0x0A))
    inside, words = batch.sums(batch.in_word), batch.word_counts
    first_of_word = kinds.take(starts)
    total = np.concatenate([[0], np.cumsum((first_of_word & UPPER) != 0)])
    word_ends = np.cumsum(words)
    capitalised = total[word_ends] - total[word_ends - words]
    return {
        "symbols": (dense - inside, dense),
        "signs": (batch.sums(_signs(batch, spaces)), dense),
        "digits": (batch.sums((kinds & NUMBER) != 0), dense),
        "capitals": (batch.sums((kinds & UPPER) != 0), batch.sums((kinds & CASED) != 0)),
        "capitalised": (capitalised, words),
        "word_length": (inside, words),
        "longest": (_longest(batch, np.flatnonzero(spaces), None), None),
        "unbroken": (_longest(batch, np.flatnonzero((((kinds & PUNCTUATION) != 0) & ~batch.in_word)
                                                    | (batch.codes == 0x0A)), starts), None),
        "repeats": (_repeats(batch) if exact else _repeats_at_most(batch), np.maximum(lengths - _GRAM + 1, 0)),
    }


def _longest(batch: Batch, breaks: NDArray[np.int64], things: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return per line the most ``things`` (None: characters) between two ``breaks``, which include line feeds."""
    before = breaks - np.arange(len(breaks)) if things is None else np.searchsorted(things, breaks)
    between = np.diff(before, prepend=0)
    first = np.searchsorted(breaks, batch.starts)
    found: NDArray[np.int64] = np.maximum.reduceat(between, first)
    return found


def _repeats(batch: Batch) -> NDArray[np.int64]:
    """Return per line the number of runs of 10 characters that occurred before in it."""
    grams = ([line[start:start + _GRAM] for start in range(len(line) - _GRAM + 1)] for line in batch.lines)
    return np.array([len(found) - len(set(found)) for found in grams], dtype=np.int64)


def _repeats_at_most(batch: Batch) -> NDArray[np.int64]:
    """Return a nearly tight and fast upper bound of ``_repeats``."""
    one = batch.codes.astype(np.uint32) * np.uint32(0x9E3779B1)
    two = one[:-1] * np.uint32(31) + one[1:]
    four = two[:-2] * np.uint32(961) + two[2:]
    eight = four[:-4] * np.uint32(923521) + four[4:]
    ten = eight[:-2] * np.uint32(961) + two[8:]
    # Runs across a line end count with their first line; the line feed makes them unique.
    lines = np.repeat(np.arange(len(batch.lines), dtype=np.int64), batch.ends - batch.starts + 1)
    return batch.repeated(ten, lines[:len(ten)])
