"""Accents and other marks that a tokenizer removes before it looks for tokens, as uncased BERT models do.

The model cannot distinguish words that differ in these marks alone, nor write the marks.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vernacular.core.normal_forms import normalized
from vernacular.text.words import words

_EXAMPLES = 2  # pairs to name


@dataclass(frozen=True)
class LostMarks:
    """What a tokenizer's normalizer removes from a text."""

    words: float  # share of the running words that lose a mark
    merged: float  # share of the running words that are then read as another, more frequent word
    # pairs of frequent words that become one; the second is the rarer
    examples: tuple[tuple[str, str], ...]


def measure_lost_marks(backend: Any, texts: Iterable[str]) -> LostMarks:
    """Count the words of ``texts`` whose marks (Unicode category Mn) the normalizer of ``backend`` removes."""
    counts = Counter(normalized("NFC", word).lower() for text in texts for word in words(text))
    total = sum(counts.values())
    if backend.normalizer is None or not total:
        return LostMarks(0.0, 0.0, ())
    alike, losing = defaultdict[str, list[str]](list), 0
    for word, count in counts.most_common():
        seen = word if word.isascii() else backend.normalizer.normalize_str(word)
        if _marks(seen) < _marks(word):
            losing += count
        alike[seen].append(word)
    if not losing:
        return LostMarks(0.0, 0.0, ())
    merged = [(group[0], other) for group in alike.values() for other in group[1:]]
    examples = sorted(merged, key=lambda pair: -counts[pair[1]])[:_EXAMPLES]
    return LostMarks(losing / total, sum(counts[other] for _, other in merged) / total, tuple(examples))


def _marks(text: str) -> int:
    return 0 if text.isascii() else sum(unicodedata.category(sign) == "Mn" for sign in normalized("NFD", text))
