"""A part of a recording as its transcript describes it."""

from __future__ import annotations

import math
from dataclasses import dataclass

_SHORTEST = 0.01  # seconds: less may be no sample at all
SegmentRow = dict[str, str | float | None]  # a segment for the way out of the worker
UNSTATED = ("", "-", "n/a", "none", "not stated", "unknown", "nan")  # no speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A row of a transcript. Names are as in the file from outside: no artifact has them."""

    place: str  # line, or tier and number: for messages
    file: str = ""  # the recording, as a table names it
    text: str = ""
    speaker: str = ""
    session: str = ""
    start: float | None = None  # seconds; None for the whole recording
    end: float | None = None
    translation: str = ""
    split: str = ""

    def bounds(self, seconds: float) -> tuple[float, float] | str:
        """Return start and end within a recording of ``seconds``, or what is wrong with them."""
        start = 0.0 if self.start is None else self.start
        end = seconds if self.end is None else self.end
        if not (math.isfinite(start) and math.isfinite(end)) or start < 0 or end - start < _SHORTEST:
            return f"it begins at {start:g} s and ends at {end:g} s"
        if end > seconds + 0.5:  # players round the length
            return f"it ends at {end:g} s, and the recording at {seconds:.2f} s"
        if seconds - start < _SHORTEST:
            return f"it begins after the end, {seconds:.2f} s"
        return start, min(end, seconds)


def one_line(text: str) -> str:
    """Return ``text`` on one line with single spaces."""
    return " ".join(text.split())


def stated(name: str) -> str:
    """Return the name of a speaker or session; empty for words that state none."""
    plain = one_line(name)
    return "" if plain.casefold() in UNSTATED else plain
