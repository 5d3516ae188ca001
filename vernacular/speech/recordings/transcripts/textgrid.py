"""Praat TextGrid files, long and short, in UTF-8 and UTF-16. Parsed in the sandboxed worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import decode
from vernacular.speech.recordings.segment import Segment, SegmentRow, one_line

_FLAGS = ("<exists>", "<absent>")
_POINT_TIER, _INTERVAL_TIER = "TextTier", "IntervalTier"
Interval = tuple[float, float, str]


def in_worker_textgrid(files: Sequence[OpenFile], where: str, tier: str | None,
                       translation_tier: str | None) -> Iterator[SegmentRow]:
    """Yield the intervals with text of a tier as segments.

    Args:
        files: the TextGrid.
        where: its name in messages.
        tier: name of the interval tier; None for the only one.
        translation_tier: name of the tier with the translation.

    Raises:
        Problem: it is not a TextGrid, or has no such tier, or several and none is named.
    """
    return _segments(files[0], where, tier, translation_tier)


def _segments(file: OpenFile, where: str, tier: str | None,
              translation_tier: str | None) -> Iterator[SegmentRow]:
    text, _ = decode(file.read(), where)
    try:
        listed = [*_tiers(_Values(text))]
    except (ValueError, OverflowError) as error:
        raise Problem(f"it is not a TextGrid ({str(error)[:80]})", where=where, fix="Save it again with Praat",
                      code=Code.DATA_FORMAT) from None
    tiers = dict(listed)
    if len(tiers) < len(listed):
        raise Problem("two interval tiers have the same name", where=where, code=Code.DATA_COLUMN,
                      fix="Rename one in Praat")
    if tier is None and len(tiers) != 1:
        raise Problem(f"it has {len(tiers)} interval tiers", where=where, code=Code.DATA_COLUMN,
                      fix=f"Name one with `tier:`: {', '.join(tiers) or 'there is none'}")
    for name in (tier, translation_tier):
        if name is not None and name not in tiers:
            raise Problem(f"there is no interval tier '{name}'", where=where, code=Code.DATA_COLUMN,
                          fix=f"Its tiers: {', '.join(tiers)}")
    translations = {(start, end): words for start, end, words in tiers.get(translation_tier or "", [])}
    name = tier if tier is not None else next(iter(tiers))
    for number, (start, end, words) in enumerate(tiers[name], 1):
        if words:
            yield asdict(Segment(place=f"{where} tier {name} {number}", text=words, start=start, end=end,
                                 translation=translations.get((start, end), "")))


class _Values:
    """The values of a TextGrid in their order."""

    def __init__(self, text: str) -> None:
        if "ooTextFile" not in text[:200] or "TextGrid" not in text[:300]:
            raise ValueError("the header is missing")
        body = text.split("TextGrid", 1)[1].split("\n", 1)[-1]
        self._values = _values(body)

    def string(self) -> str:
        value = self.flag()
        if not value.startswith('"'):
            raise ValueError("a string is missing")
        return value[1:-1]

    def number(self) -> float:
        return float(self.flag())

    def flag(self) -> str:
        value = next(self._values, None)
        if value is None:
            raise ValueError("it ends early")
        return value


def _values(text: str) -> Iterator[str]:
    """Yield the strings, in quotes, and the numbers and flags; both forms have the same ones in the same order."""
    parts, string = text.split('"'), ""
    if len(parts) % 2 == 0:
        raise ValueError("a string does not end")
    for place, part in enumerate(parts):
        if place % 2:
            string += part
        elif not part and 0 < place < len(parts) - 1:
            string += '"'  # two quotes inside a string are one
        else:
            if place:
                yield f'"{string}"'
            string = ""
            yield from (word for word in part.split() if word in _FLAGS or word[0].isdecimal() or word[0] in "+-")


def _tiers(values: _Values) -> Iterator[tuple[str, list[Interval]]]:
    values.number(), values.number()  # begin and end of the recording
    if values.flag() != "<exists>":
        return
    for _ in range(int(values.number())):
        kind, name = values.string(), values.string()
        values.number(), values.number()
        count = int(values.number())
        if kind == _INTERVAL_TIER:
            yield name, [(values.number(), values.number(), one_line(values.string())) for _ in range(count)]
        elif kind == _POINT_TIER:
            for _ in range(count):
                values.number(), values.string()
        else:
            raise ValueError(f"a tier of class {kind[:40]}")
