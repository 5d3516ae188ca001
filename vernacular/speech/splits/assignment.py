"""The part of each utterance. It depends on speaker, session or text alone, so new data seldom moves old data.

Whole units go to a part: speakers, or sessions, or texts, the largest unit that the data allow. What train then shares
with held-out parts (the same text by another speaker) is left out of train.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vernacular.config.speech import SpeechSplits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.speech.cleaning.transcripts import comparable
from vernacular.speech.utterance import Utterance

TRAIN, DEV, TEST, UNTRANSCRIBED, LEFT_OUT = "train", "dev", "test", "untranscribed", "left_out"
PARTS = (TRAIN, DEV, TEST)
UNITS = ("speaker", "session", "text", "utterance")  # the largest first
_MOST_TIMES = 3  # a part has at most so many times its share
_LEAST_TRAIN = 0.5  # of the transcribed seconds
_LEAST_STATED = 0.9  # share of the seconds whose speaker (or session) must be stated to divide by it

Key = tuple[str, ...]


@dataclass(frozen=True)
class Division:
    """The part of each utterance, by id, and the unit by which sources without a given split were divided."""

    parts: Mapping[str, str]
    unit: str  # one of ``UNITS``; empty if every split was given
    reasons: Mapping[str, str]  # unit that could not be used -> why


def divide(utterances: Sequence[Utterance], settings: SpeechSplits, given: frozenset[str]) -> Division:
    """Return the part of each utterance.

    Args:
        utterances: of ``speech/clean``.
        settings: shares, seed, and what the parts must not share.
        given: names of the sources that keep the split that they state.

    Raises:
        Problem: too little speech for the wanted parts.
    """
    parts = {one.id: UNTRANSCRIBED if "training" in one.uses else LEFT_OUT for one in utterances}
    usable = [one for one in utterances if one.text and "training" in one.uses]
    fixed = {one.id: one.split for one in usable if one.source in given and one.split in PARTS}
    free = [one for one in usable if one.id not in fixed]
    unit, reasons = "", dict[str, str]()
    made = dict[str, str]()
    if free:
        given_texts = {comparable(one.text): part for part in PARTS for one in usable if fixed.get(one.id) == part}
        made, unit, reasons = _divide_free(free, settings, given_texts)
    parts |= fixed | made
    wanted = [TRAIN, DEV, *([TEST] if settings.test and free and not fixed else [])]
    empty = [part for part in wanted if part not in parts.values()]
    if empty:
        raise Problem(f"too little transcribed speech: {len(usable)} utterances leave nothing for {', '.join(empty)}",
                      where="speech/splits", fix="Add transcribed recordings, or set `splits: made` for sources that "
                      "state a split without these parts", code=Code.DATA_SPLIT)
    return Division(parts, unit, reasons)


def position(seed: int, *key: str) -> float:
    """Return the position of a unit between 0 and 1."""
    digest = hashlib.sha256("\0".join((str(seed), *key)).encode("utf-8")).hexdigest()
    return int(digest[:16], 16) / 16**16


def _divide_free(utterances: Sequence[Utterance], settings: SpeechSplits,
                 given_texts: Mapping[str, str]) -> tuple[dict[str, str], str, dict[str, str]]:
    """Return the parts, the unit that could be used, and why larger ones could not."""
    reasons: dict[str, str] = {}
    fine = "text" if "text" in settings.disjoint else "utterance"
    for unit in (*(unit for unit in ("speaker", "session") if unit in settings.disjoint), fine):
        if unit in ("speaker", "session"):
            stated = sum(one.seconds for one in utterances if getattr(one, unit))
            if stated < _LEAST_STATED * sum(one.seconds for one in utterances):
                reasons[unit] = "not stated"
                continue
        parts = _parts_of_units(utterances, _units(utterances, unit, settings), settings)
        if "text" in settings.disjoint:
            _leave_out_shared(utterances, parts, given_texts)
        reason = _unfit(utterances, parts, settings)
        if not reason or unit == fine:
            return parts, unit, reasons
        reasons[unit] = reason
    raise AssertionError("the last unit is always returned")


def _units(utterances: Sequence[Utterance], unit: str, settings: SpeechSplits) -> list[tuple[float, list[Utterance]]]:
    """Return groups of utterances that stay together, each with its position, in order of position.

    Speakers of one session are one group, if sessions are to be disjoint.
    """
    key = _KEYS[unit]
    groups = defaultdict[Key, list[Utterance]](list)
    for one in utterances:
        groups[key(one)].append(one)
    if unit == "speaker" and "session" in settings.disjoint:
        groups = _joined(groups)
    placed = sorted((position(settings.seed, *name), name) for name in groups)
    return [(place, groups[name]) for place, name in placed]


def _text_key(one: Utterance) -> Key:
    return "text", comparable(one.text) or one.text


def _session_key(one: Utterance) -> Key:
    return ("session", one.source, one.session) if one.session else _text_key(one)


def _speaker_key(one: Utterance) -> Key:
    return ("speaker", one.speaker) if one.speaker else _session_key(one)


_KEYS: dict[str, Callable[[Utterance], Key]] = {
    "speaker": _speaker_key, "session": _session_key, "text": _text_key, "utterance": lambda one: ("id", one.id)}


def _joined(groups: Mapping[Key, list[Utterance]]) -> defaultdict[Key, list[Utterance]]:
    """Join groups that share a session, under the smallest of their keys."""
    leader: dict[Key, Key] = {}

    def find(key: Key) -> Key:
        while leader.get(key, key) != key:
            key = leader[key]
        return key

    for name, members in groups.items():
        for one in members:
            if one.session:
                roots = sorted((find(name), find(_session_key(one))), key=lambda key: (key[0] != "speaker", key))
                leader[roots[1]] = roots[0]
    joined = defaultdict[Key, list[Utterance]](list)
    for name, members in groups.items():
        joined[find(name)] += members
    return joined


def _parts_of_units(utterances: Sequence[Utterance], units: Sequence[tuple[float, list[Utterance]]],
                    settings: SpeechSplits) -> dict[str, str]:
    """Return the part of each utterance: units with small positions go to test, the next to dev.

    A part with less than half of its share gets further units, the smallest position first.
    """
    total = sum(one.seconds for one in utterances)
    left, parts = list(units), dict.fromkeys((one.id for one in utterances), TRAIN)
    for part, share, end in ((TEST, settings.test, settings.test), (DEV, settings.dev, settings.test + settings.dev)):
        seconds, after = 0.0, list[tuple[float, list[Utterance]]]()
        for place, members in left:
            if share > 0 and (place < end or seconds < share * total / 2):
                seconds += sum(one.seconds for one in members)
                parts |= dict.fromkeys((one.id for one in members), part)
            else:
                after.append((place, members))
        left = after
    return parts


def _leave_out_shared(utterances: Sequence[Utterance], parts: dict[str, str],
                      given_texts: Mapping[str, str]) -> None:
    """Leave out of train what has a text of dev or test, and out of dev what has one of test.

    What has a text of a given part belongs to that part or to none.

    Args:
        utterances: that ``parts`` divides; changed.
        parts: id -> part.
        given_texts: texts of given parts -> part.
    """
    texts = {comparable(one.text): DEV for one in utterances if parts[one.id] == DEV}
    texts |= {comparable(one.text): TEST for one in utterances if parts[one.id] == TEST}
    texts |= given_texts
    for one in utterances:
        part = texts.get(comparable(one.text), parts[one.id])
        if part != parts[one.id]:
            parts[one.id] = LEFT_OUT


def _unfit(utterances: Sequence[Utterance], parts: Mapping[str, str], settings: SpeechSplits) -> str:
    """Return why this division is not good enough, or nothing."""
    seconds = defaultdict[str, float](float)
    for one in utterances:
        seconds[parts[one.id]] += one.seconds
    total = sum(seconds.values())
    if seconds[TRAIN] < _LEAST_TRAIN * total:
        return f"it would leave {seconds[TRAIN] / total:.0%} of the speech for training"
    for part, share in ((DEV, settings.dev), (TEST, settings.test)):
        if share > 0 and not 0 < seconds[part] <= _MOST_TIMES * share * total:
            return f"{part} would have {seconds[part] / total:.0%} of the speech, instead of {share:.0%}"
    return ""
