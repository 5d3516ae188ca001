"""Flags for signs of machine translation. No document is dropped for them.

Much web text in small languages is machine translated (Thompson et al. 2024), and sometimes there
is no other; the flags allow measuring its effect. The crawler adds ``machine_translation:hreflang``
to pages in many languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import regex

PREFIX = "machine_translation:"
_ADDRESSES = regex.compile(r"(?i)translate\.goog|translate[._-]?(?:google|yandex|bing|baidu)|microsofttranslator|"
                           r"/translat(?:e|or)(?:_c)?(?:[/?]|$)|[?&#](?:googtrans|sl=[a-z-]+&tl=|_x_tr_)|gtranslate|"
                           r"machine[-_]?translat|auto[-_]?translat")
_PLACEHOLDERS = regex.compile(r"\{\d\d?\}|\{\{ ?[\w.]+ ?\}\}|%\(\w+\)[sd]|(?<![\d%\w])%(?:\d\$)?[sd](?!\w)|\$\{\w+\}")
_PHRASES = ("google translate", "translated by google", "translated by deepl", "translated by microsoft",
            "bing translator", "microsoft translator", "machine translation", "machine translated",
            "machine-translated", "automatically translated", "automatic translation", "translated automatically",
            "auto-translated", "gtranslate", "traduction automatique", "traduit automatiquement",
            "traducción automática", "tradução automática", "original text rate this translation")
_IN_PHRASES = ("ransl", "RANSL", "radu", "RADU")  # each phrase contains one of these
_WINDOW = 200  # words; shorter documents are not measured
_LEAST_VARIETY = 0.2  # news has 0.55 and more, the lists of names in a Bible 0.22


def flags(row: Mapping[str, Any], lines: Sequence[str]) -> list[str]:
    """Return the flags of a document, distinct and in order, including existing ones.

    Args:
        row: the document's row; ``path`` and ``flags`` are read.
        lines: its lines.
    """
    text = "\n".join(lines)
    found = [flag for flag in row.get("flags", ()) if flag.startswith(PREFIX)]
    if _ADDRESSES.search(row.get("path", "")):
        found.append(f"{PREFIX}url")
    if ("{" in text or "%" in text) and _PLACEHOLDERS.search(text):
        found.append(f"{PREFIX}placeholder")
    if any(part in text for part in _IN_PHRASES):
        lowered = text.lower()
        if any(phrase in lowered for phrase in _PHRASES):
            found.append(f"{PREFIX}phrase")
    if len(text) > 2 * _WINDOW and variety(text) < _LEAST_VARIETY:
        found.append(f"{PREFIX}variety")
    return list(dict.fromkeys(found))


def variety(text: str) -> float:
    """Return the share of distinct words among the first 200; 1 for shorter texts."""
    found = text.split(maxsplit=_WINDOW)[:_WINDOW]
    return len(set(found)) / _WINDOW if len(found) == _WINDOW else 1.0
