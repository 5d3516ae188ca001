"""ELAN files (.eaf): tiers of annotations with times. Parsed in the sandboxed worker, without entities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.speech.packages import load_package
from vernacular.speech.recordings.segment import Segment, SegmentRow, one_line, stated

_DIGITS = 12  # of a time in milliseconds


@dataclass(frozen=True)
class _Annotation:
    start: float
    end: float
    text: str


def in_worker_elan(files: Sequence[OpenFile], where: str, tier: str | None,
                   translation_tier: str | None) -> Iterator[SegmentRow]:
    """Yield the annotations of the tiers with the transcript as segments.

    Args:
        files: the .eaf file.
        where: its name in messages.
        tier: linguistic type or name of these tiers; None for all top tiers with times.
        translation_tier: linguistic type or name of the tiers with the translation.

    Raises:
        Problem: it is not an ELAN file, or has no such tier.
    """
    return _segments(files[0], where, tier, translation_tier, load_package("defusedxml.ElementTree"))


def _segments(file: OpenFile, where: str, tier: str | None, translation_tier: str | None,
              xml: Any) -> Iterator[SegmentRow]:
    try:
        root = xml.fromstring(file.read(), forbid_dtd=True)
    except (xml.ParseError, ValueError, LookupError) as error:  # ValueError: entities and other attacks
        reason = "it has a document type, which ELAN does not write" if isinstance(error, xml.DTDForbidden) else error
        raise Problem(f"it is not an ELAN file ({reason})", where=where,
                      fix="Save it again with ELAN", code=Code.DATA_FORMAT) from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise Problem("it is not an ELAN file", where=where, fix="Save it again with ELAN", code=Code.DATA_FORMAT)
    times = _times(root, where)
    tiers = root.findall("TIER")
    wanted = [one for one in tiers if (tier in _names(one) if tier else one.get("PARENT_REF") is None
                                       and one.find("ANNOTATION/ALIGNABLE_ANNOTATION") is not None)]
    others = [one for one in tiers if translation_tier in _names(one)] if translation_tier else []
    for name, matching in ((tier, wanted), (translation_tier, others)):
        if name and not matching:
            # Names of tiers may contain names of speakers.
            known = ", ".join(sorted({one.get("LINGUISTIC_TYPE_REF", "") for one in tiers} - {""}))
            raise Problem(f"there is no tier '{name}'", where=where, code=Code.DATA_COLUMN,
                          fix=f"Name a tier or a linguistic type; its types: {known}")
    everything = {number: note for one in tiers for number, note in _alignable(one, times, where).items()}
    translations: dict[str, str] = {}
    for one in others:
        for note in one.iter("REF_ANNOTATION"):
            translations[note.get("ANNOTATION_REF", "")] = one_line(note.findtext("ANNOTATION_VALUE") or "")
        by_times = {(note.start, note.end): note.text for note in _alignable(one, times, where).values()}
        translations |= {number: by_times[note.start, note.end] for number, note in everything.items()
                         if (note.start, note.end) in by_times}
    for one in wanted:
        for number, (key, note) in enumerate(_annotations(one, everything, times, where), 1):
            yield asdict(Segment(place=f"{where} tier {one.get('TIER_ID', '')} {number}", text=note.text,
                                 speaker=stated(one.get("PARTICIPANT", "")), start=note.start, end=note.end,
                                 translation=translations.get(key, "")))


def _names(tier: Any) -> tuple[str, str]:
    return tier.get("TIER_ID", ""), tier.get("LINGUISTIC_TYPE_REF", "")


def _times(root: Any, where: str) -> dict[str, float]:
    times: dict[str, float] = {}
    for slot in root.iter("TIME_SLOT"):
        value = slot.get("TIME_VALUE")
        if value is not None:  # a slot without a time has one before and after it
            if not value.isdecimal() or len(value) > _DIGITS:
                raise Problem(f"'{value[:40]}' is not a time", where=where, fix="Save it again with ELAN",
                              code=Code.DATA_FORMAT)
            times[slot.get("TIME_SLOT_ID", "")] = int(value) / 1000
    return times


def _alignable(tier: Any, times: dict[str, float], where: str) -> dict[str, _Annotation]:
    annotations: dict[str, _Annotation] = {}
    for note in tier.iter("ALIGNABLE_ANNOTATION"):
        start, end = (times.get(note.get(f"TIME_SLOT_REF{number}", "")) for number in (1, 2))
        if start is not None and end is not None:
            annotations[note.get("ANNOTATION_ID", "")] = _Annotation(
                start, end, one_line(note.findtext("ANNOTATION_VALUE") or ""))
    return annotations


def _annotations(tier: Any, everything: dict[str, _Annotation], times: dict[str, float],
                 where: str) -> Iterator[tuple[str, _Annotation]]:
    """Yield the annotations of a tier under the ids that translations refer to: its own times, or its parent's."""
    yield from _alignable(tier, times, where).items()
    for note in tier.iter("REF_ANNOTATION"):
        parent = note.get("ANNOTATION_REF", "")
        if parent in everything:
            whole = everything[parent]
            yield parent, _Annotation(whole.start, whole.end, one_line(note.findtext("ANNOTATION_VALUE") or ""))
