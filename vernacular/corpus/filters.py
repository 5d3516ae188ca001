"""Rules on one line alone: each says why a line is dropped, or None to keep it. What compares lines is elsewhere."""

from __future__ import annotations

from collections import Counter
from functools import cache

import ftfy
import regex

from vernacular.corpus.words import words

_LETTERS = regex.compile(r"\p{L}")
_PARTS = {"Jpan": ("Hani", "Hira", "Kana"), "Kore": ("Hang", "Hani"), "Hans": ("Hani",), "Hant": ("Hani",),
          "Hrkt": ("Hira", "Kana"), "Latf": ("Latn",), "Latg": ("Latn",), "Aran": ("Arab",), "Cyrs": ("Cyrl",),
          "Syre": ("Syrc",), "Syrj": ("Syrc",), "Syrn": ("Syrc",)}  # ISO 15924 codes that are not Unicode scripts
_REPETITION_WORDS = 8
_REPAIRS = ftfy.TextFixerConfig(uncurl_quotes=False, normalization="NFC", fix_character_width=False,
                                fix_latin_ligatures=False, explain=False)


def repair(line: str) -> str:
    """``line`` with mojibake and HTML entities undone (ftfy); curly quotes and apostrophes stay."""
    if line.isascii() and "&" not in line:
        return line
    return ftfy.fix_text(line, _REPAIRS)


def damaged(line: str) -> str | None:
    """Drop a line that holds U+FFFD: letters were lost before the text came here."""
    return "holds U+FFFD, the mark of lost characters" if "\ufffd" in line else None


def empty(line: str) -> str | None:
    """Drop a line without a single letter."""
    return None if _LETTERS.search(line) else "no letters"


def knows_script(script: str) -> bool:
    """Whether Unicode knows the ISO 15924 code ``script``, so that letters can be told to be in it."""
    try:
        _foreign(script)
    except regex.error:
        return False
    return True


@cache
def _foreign(script: str) -> regex.Pattern[str]:
    """Letters in neither ``script`` nor the scripts that all share."""
    inside = "".join(rf"\p{{sc={part}}}" for part in _PARTS.get(script, (script,)))
    return regex.compile(rf"[\p{{L}}--[{inside}\p{{sc=Zyyy}}\p{{sc=Zinh}}]]", regex.V1)


def other_script(line: str, script: str, least: float) -> str | None:
    """Drop a line with less than ``least`` of its letters in ``script``."""
    if script == "Latn" and line.isascii():
        return None
    foreign, letters = len(_foreign(script).findall(line)), len(_LETTERS.findall(line))
    share = 1 - foreign / letters if letters else 1.0
    return f"{share:.0%} of its letters are {script}, less than {least:.0%}" if share < least else None


def short(line: str, least: int) -> str | None:
    """Drop a line of fewer than ``least`` words."""
    found = len(words(line)) if least > 1 else least
    return f"{found} words, fewer than {least}" if found < least else None


def repetitive(line: str, most: float) -> str | None:
    """Drop a line of 8 words or more in which one word takes up more than the share ``most``."""
    found = [word.casefold() for word in words(line)]
    if len(found) < _REPETITION_WORDS:
        return None
    word, uses = Counter(found).most_common(1)[0]
    return f"'{word}' is {uses} of {len(found)} words" if uses / len(found) > most else None
