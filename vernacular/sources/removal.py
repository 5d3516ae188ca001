"""Remove parts of texts, as ``remove`` of a side of translations lists them."""

from __future__ import annotations

from collections.abc import Iterable

import regex

from vernacular.config.schema import Language
from vernacular.config.translations import BETWEEN, FilesSide, PackageSide
from vernacular.core.normal_forms import normalized

_NESTED = 10  # nesting levels of brackets that are removed


def without(text: str, remove: Iterable[str]) -> str:
    """Return ``text`` in NFC on one line, without the strings and bracketed parts in ``remove``."""
    for part in remove:
        text = _without_brackets(text, part[0], part[-1]) if BETWEEN in part else text.replace(part, "")
    return one_line(text)


def one_line(text: str) -> str:
    """Return ``text`` in NFC on one line with single spaces."""
    return " ".join(normalized("NFC", text).split())


def as_translations(language: Language, texts: Iterable[str]) -> list[str]:
    """Return ``texts`` as the models' translations have them, without notes and marks, to match their pairs."""
    marks = {tuple(side.remove) for model in language.models.values() if model.alignment is not None
             for side, _ in model.alignment.beside if isinstance(side, FilesSide | PackageSide) and side.remove}
    return ["\n".join(without(line, remove) for line in text.split("\n")) for remove in sorted(marks) for text in texts]


def bracketed(left: str, right: str) -> regex.Pattern[str]:
    """Compile a pattern for text between ``left`` and ``right`` (one character each) without nesting."""
    return regex.compile(f"{regex.escape(left)}[^{regex.escape(left + right)}]*{regex.escape(right)}")


def _without_brackets(text: str, left: str, right: str) -> str:
    pattern = bracketed(left, right)
    for _ in range(_NESTED):
        text, count = pattern.subn("", text)
        if not count:
            break
    return text
