"""Normalize text: fix mojibake and HTML entities, apply Unicode NFC, single spaces, no control characters.

Apostrophes and look-alike letters are in ``spelling``; undamaged letters do not change here. Both
rules scan a whole batch first (``codepoints``) and process only lines that may change; results
equal those of single lines.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import ftfy
import numpy as np
import regex
from ftfy.badness import is_bad
from numpy.typing import NDArray

from vernacular.core.normal_forms import normalized
from vernacular.text.codepoints import LIMIT, Batch, Flags, points_of, table_of

_SPACE = regex.compile(r"[\s\u00a0\u2028\u2029\u0085]+")
# Control characters, zero-width space, byte order mark, soft hyphen, direction marks, deprecated
# format characters, interlinear marks and tags. The joiners U+200C and U+200D are kept: Persian and
# Indic spelling needs them.
_UNSEEN = (r"\p{Cc}\u200b\ufeff\u00ad\u2060\u200e\u200f\u061c\u202a-\u202e\u2066-\u206f\ufff9-\ufffb"
           r"\U000e0001\U000e0020-\U000e007f")
_INVISIBLE = regex.compile(f"[{_UNSEEN}]+")
_REPAIRS = ftfy.TextFixerConfig(uncurl_quotes=False, normalization=None, fix_character_width=False,
                                fix_latin_ligatures=False, fix_line_breaks=False, remove_control_chars=False,
                                explain=False)
_ENTITIES_ONLY = _REPAIRS._replace(fix_encoding=False)
_ENTITY = regex.compile(r"&#?[0-9A-Za-z]{1,24};")
_ALONE = regex.compile(r"(?<!\S)[ÂÃ](?= )")  # a word (Sango â at the start of a sentence), not mojibake

# Character classes in mojibake (ftfy.badness); each character has one of these roles.
_PLAIN, _SIGN, _SMALL, _CAPITAL, _ODD, _CONTROL, _LIGATURE, _HAT = range(8)


def repair(lines: Sequence[str]) -> tuple[list[str], dict[int, str]]:
    """Fix mojibake, HTML entities, terminal escapes and lone surrogates in ``lines`` (ftfy; Speer 2019).

    Returns:
        The lines, and index -> original line for those that changed. Curly quotes and apostrophes
        are kept.
    """
    repaired, before = list(lines), {}
    for index in _repairable(lines):
        line = repair_line(lines[index])
        if line != lines[index]:
            repaired[index], before[index] = line, lines[index]
    return repaired, before


def repair_line(line: str) -> str:
    """Apply ``repair`` to one line."""
    if line.isascii() and "&" not in line and "\x1b" not in line:
        return line
    return ftfy.fix_text(line, _REPAIRS if is_bad(_ALONE.sub("A", line)) else _ENTITIES_ONLY)


def suspects(lines: Sequence[str]) -> list[int]:
    """Return the lines, in order, that may contain mojibake: all that ``ftfy.badness.is_bad`` finds and a few more.

    Most of its patterns need two neighbors from a few hundred characters; testing all pairs takes a
    hundredth of the time.
    """
    if all(map(str.isascii, lines)):
        return []
    batch = Batch.of(lines)
    roles = _roles().take(batch.codes)
    return batch.lines_at(np.flatnonzero(_meetings().take(roles[:-1] * np.uint8(8) + roles[1:])))


def _repairable(lines: Sequence[str]) -> list[int]:
    found = set(suspects(lines))
    text = "\n".join(lines)
    if "&" in text and _ENTITY.search(text):
        found.update(index for index, line in enumerate(lines) if "&" in line and _ENTITY.search(line))
    if "\x1b" in text:
        found.update(index for index, line in enumerate(lines) if "\x1b" in line)
    if not text.isascii() and not _encodable(text):
        found.update(index for index, line in enumerate(lines) if not _encodable(line))
    return sorted(found)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, from broken JSON
        return False
    return True


@cache
def _roles() -> Flags:
    """Return the role of each code point in ``suspects``."""
    table = np.zeros(LIMIT, dtype=np.uint8)
    for first, end in ((0xA0, 0x180), (0x2C6, 0x2DE), (0x370, 0x530), (0x2010, 0x2670), (0xF8FF, 0xF900),
                       (0xFB01, 0xFB03), (0xFFFD, 0xFFFE)):
        for point in range(first, end):
            character = chr(point)
            table[point] = _CAPITAL if character.isupper() else _SMALL if character.isalpha() else _SIGN
    table[[ord(character) for character in "ƒªºµˆŸŠŽšžˇ"]] = _ODD
    table[[ord(character) for character in "œŒ"]] = _LIGATURE
    table[[ord(character) for character in "ÂÃ"]] = _HAT
    table[0x80:0xA0] = _CONTROL
    return table


@cache
def _meetings() -> NDArray[np.bool_]:
    """Return which neighbors make a line suspect; index: first role x 8 + second role."""
    table = np.ones((8, 8), dtype=np.bool_)
    table[_PLAIN, :] = table[:, _PLAIN] = False
    table[_SMALL, _SMALL] = table[_CAPITAL, _SMALL] = table[_CAPITAL, _CAPITAL] = False
    table[_LIGATURE, :] = table[_HAT, _PLAIN] = True
    table[_CONTROL, :] = table[:, _CONTROL] = True
    return table.ravel()


def normalise(lines: Sequence[str]) -> list[str]:
    """Apply ``normalise_line`` to each of ``lines``."""
    normal = list(lines)
    batch = Batch.of(lines)
    looks = _looks().take(batch.codes)
    spaces = batch.codes == 0x20
    doubled = np.zeros(len(spaces), dtype=np.bool_)
    if len(spaces):
        edge = spaces | (batch.codes == 0x0A)
        doubled[1:] = (spaces[1:] & edge[:-1]) | (spaces[:-1] & edge[1:])
        doubled[0] = spaces[0]
    breaks = batch.codes == 0x0A
    breaks[batch.ends] = False
    for index in batch.having(looks == 2) + batch.lines_at(np.flatnonzero(doubled | breaks)):
        normal[index] = normalise_line(lines[index])
    for index in batch.having(looks == 1):
        normal[index] = normalized("NFC", normal[index])
    return normal


def normalise_line(line: str) -> str:
    """Return ``line`` normalized; the function is idempotent."""
    line = _INVISIBLE.sub("", _SPACE.sub(" ", line))
    return normalized("NFC", " ".join(part for part in line.split(" ") if part))


@cache
def _looks() -> Flags:
    """Return per code point: 2 if ``normalise_line`` removes it, 1 if NFC may change it, 0 if it never changes."""
    table = np.zeros(LIMIT, dtype=np.uint8)
    seconds = {*map(chr, range(0x1161, 0x1176)), *map(chr, range(0x11A8, 0x11C3))}  # parts of Hangul syllables
    for point in range(0xA0, 0x40000):
        character = chr(point)
        parts = unicodedata.decomposition(character)
        if parts and not parts.startswith("<"):
            seconds.update(chr(int(part, 16)) for part in parts.split()[1:])
            if normalized("NFC", character) != character:
                table[point] = 1
        if unicodedata.combining(character):
            table[point] = 1
    table[table_of(seconds)] = 1
    gone = points_of(f"[{_UNSEEN}\\s\\u00a0\\u2028\\u2029\\u0085]+")
    table[gone[(gone != 0x20) & (gone != 0x0A)]] = 2
    return table
