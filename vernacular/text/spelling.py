"""Unify spelling: apostrophes, look-alike letters of other scripts, the folder's own map.

Every change is recorded, so ``undo`` restores the original text if the community revises its
choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vernacular.config.cleaning import Orthography
from vernacular.core.normal_forms import normalized
from vernacular.text.codepoints import LETTER, LIMIT, MARK, Batch, points_of, table_of
from vernacular.text.normalization import normalise_line

# Characters typed as apostrophe: ' U+2018 U+2019 U+02BC U+02BB ` U+00B4 U+2032
APOSTROPHES = "'\u2018\u2019\u02bc\u02bb`\u00b4\u2032"

# Look-alike letters of two scripts, from Unicode's confusables (UTS 39), limited to those equal in
# upright type; the first of a pair is Latin. Greek letters are often typed instead of letters of
# African alphabets: U+03B7 for eng, U+03B5 for open e, U+03B3 for gamma, U+03C5 for v with hook,
# U+037B and U+03FD for open o. NFC already maps the ohm sign (U+2126) to U+03A9.
_CYRILLIC = ("aа cс dԁ eе hһ iі jј oо pр qԛ sѕ wԝ xх yу "
             "AА BВ CС EЕ GԌ HН IІ JЈ KК MМ OО PР QԚ SЅ TТ WԜ XХ YҮ ëё ïї ËЁ ÏЇ äӓ ÄӒ öӧ ÖӦ ăӑ ĕӗ æӕ ÆӔ")
_GREEK = "oο vν cϲ jϳ AΑ BΒ EΕ HΗ IΙ KΚ MΜ NΝ OΟ PΡ TΤ XΧ YΥ ZΖ"
_GREEK_TYPED = "ŋη ɛε ɣγ ʋυ ɔͻ ƆϽ"  # one way: these Latin letters are not typed for Greek ones
_ARMENIAN = "oօ OՕ hհ nո uս"


class Change(NamedTuple):
    """One change: ``rule`` replaced ``before`` by ``after`` at ``offset`` of ``line`` (an index).

    The offset refers to the line after this and all earlier changes.
    """

    line: int
    offset: int
    before: str
    after: str
    rule: str


class Speller:
    """Unifies the spelling of lines according to a language folder.

    Args:
        settings: ``cleaning.orthography``.
        script: ISO 15924 code of the language's script.
    """

    def __init__(self, settings: Orthography, script: str) -> None:
        self._apostrophe = settings.apostrophe
        self._twins = twins(script) if settings.homoglyphs else {}
        self._script = script
        self._twin_table = table_of(self._twins)
        self._typed_table = table_of(pair[1] for pair in _GREEK_TYPED.split())
        self._map = [(normal, normalized("NFC", after)) for before, after in settings.replace.items()
                     if (normal := normalized("NFC", before)) and normal != after]

    def apply(self, lines: Sequence[str]) -> tuple[list[str], list[Change]]:
        """Return ``lines`` (normalized) in the unified spelling, and all changes by line, in order."""
        spelled, changes = list(lines), list[Change]()
        if self._apostrophe:
            self._apostrophes(spelled, changes)
        if self._twins:
            self._homoglyphs(spelled, changes)
        for before, after in self._map:
            for index, line in enumerate(spelled):
                if before in line:
                    spelled[index] = _replaced(index, line, before, after, changes)
        for index in sorted({change.line for change in changes}):  # a new letter may compose with the following mark
            normal = normalise_line(spelled[index])
            if normal != spelled[index]:
                changes.append(Change(index, 0, spelled[index], normal, "normalise"))
                spelled[index] = normal
        changes.sort(key=lambda change: change.line)  # stable: keeps the order within a line
        return spelled, changes

    def _apostrophes(self, lines: list[str], changes: list[Change]) -> None:
        batch = Batch.of(lines)
        lettered = (batch.kinds & (LETTER | MARK)) != 0
        between = _apostrophe_table(self._apostrophe).take(batch.codes)
        if not between.any():
            return
        between[1:] &= lettered[:-1]
        between[:-1] &= (batch.kinds[1:] & LETTER) != 0
        between[[0, -1]] = False
        self._write(batch, np.flatnonzero(between), {}, lines, changes)

    def _homoglyphs(self, lines: list[str], changes: list[Change]) -> None:
        if all(map(str.isascii, lines)) and self._script == "Latn":
            return
        batch = Batch.of(lines)
        suspect = self._twin_table.take(batch.codes)
        if not suspect.any():
            return
        starts, ends = batch.word_bounds
        own, foreign = _letters(self._script)
        at = [int(place) for place in np.unique(np.searchsorted(starts, np.flatnonzero(suspect), side="right") - 1)]
        places: list[int] = []
        for word in at:
            letters = batch.codes[starts[word]:ends[word]]
            strange = foreign.take(letters)
            alike = self._twin_table.take(letters)
            typed = alike & self._typed_table.take(letters) if self._script == "Latn" else alike & False
            if (strange & ~alike).any() or int(own.take(letters).sum()) <= int((alike & ~typed).sum()):
                continue
            places += (np.flatnonzero(alike) + starts[word]).tolist()
        self._write(batch, np.array(places, dtype=np.int64), self._twins, lines, changes)

    def _write(self, batch: Batch, places: NDArray[np.int64], become: Mapping[str, str], lines: list[str],
               changes: list[Change]) -> None:
        """Replace the characters at ``places`` by ``become``, or by the apostrophe."""
        rule = "homoglyph" if become else "apostrophe"
        at = np.searchsorted(batch.ends, places)
        codes = batch.codes.copy()
        for index, offset, point in zip(at.tolist(), (places - batch.starts[at]).tolist(), codes[places].tolist(),
                                        strict=True):
            before = chr(point)
            changes.append(Change(index, offset, before, become.get(before, self._apostrophe), rule))
        codes[places] = [ord(change.after) for change in changes[len(changes) - len(places):]]
        for index in np.unique(at).tolist():
            lines[index] = codes[batch.starts[index]:batch.ends[index]].tobytes().decode("utf-32-le")


def undo(line: str, changes: Sequence[Change]) -> str:
    """Return the line as it was before ``changes`` (of this line, in the order of ``Speller.apply``).

    Raises:
        ValueError: the line does not match the changes.
    """
    for change in reversed(changes):
        end = change.offset + len(change.after)
        if line[change.offset:end] != change.after:
            raise ValueError(f"no {change.after!r} at {change.offset}")
        line = line[:change.offset] + change.before + line[end:]
    return line


def _replaced(index: int, line: str, before: str, after: str, changes: list[Change]) -> str:
    parts = line.split(before)
    offset = -len(after)
    for part in parts[:-1]:
        offset += len(after) + len(part)
        changes.append(Change(index, offset, before, after, "replace"))
    return after.join(parts)


def twins(script: str) -> dict[str, str]:
    """Return look-alike letters of other scripts -> letter of ``script``; empty if there are none."""
    cyrillic, greek, typed, armenian = ({pair[1]: pair[0] for pair in table.split()}
                                        for table in (_CYRILLIC, _GREEK, _GREEK_TYPED, _ARMENIAN))
    latin = {"Cyrl": cyrillic, "Grek": greek, "Armn": armenian}
    if script == "Latn":
        return cyrillic | greek | typed | armenian
    if script not in latin:
        return {}
    own = {there: here for here, there in latin[script].items()}
    others = [table for name, table in latin.items() if name != script]
    return own | {letter: own[there] for table in others for letter, there in table.items() if there in own}


@cache
def _apostrophe_table(chosen: str) -> NDArray[np.bool_]:
    return table_of(APOSTROPHES.replace(chosen, ""))


@cache
def _letters(script: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which code points are letters of ``script``, and which are letters of another."""
    own, foreign = np.zeros(LIMIT, dtype=np.bool_), np.zeros(LIMIT, dtype=np.bool_)
    own[points_of(rf"[\p{{L}}&&\p{{sc={script}}}]+")] = True
    foreign[points_of(rf"[\p{{L}}--[\p{{sc={script}}}\p{{sc=Zyyy}}\p{{sc=Zinh}}]]+")] = True
    return own, foreign
