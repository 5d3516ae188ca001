"""Exact match and token F1 as in SQuAD's evaluation (Rajpurkar et al. 1606.05250).

Letters are lower-cased, punctuation removed and white space joined, and the best of several right
answers counts. Unlike there, English articles are kept, since "a" and "an" are words in other
languages. Words are those of ``vernacular.text.words``, for any script, and text is compared in
NFC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vernacular.core.normal_forms import normalized
from vernacular.text.words import plain_words


def normalised(answer: str) -> tuple[str, ...]:
    """Return the casefolded words of an answer in NFC, for comparison."""
    return plain_words(normalized("NFC", answer))


def exact(answer: str, wanted: str) -> float:
    """Return 1 if both answers have the same words, else 0."""
    return float(normalised(answer) == normalised(wanted))


def token_f1(answer: str, wanted: str) -> float:
    """Return the F1 of shared words; if one answer is empty, 1 if both are, else 0."""
    ours, theirs = normalised(answer), normalised(wanted)
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def statistics(wanted: Sequence[Sequence[str]], answers: Sequence[str]) -> NDArray[np.float64]:
    """Return token F1 and exact match with the nearest right answer, and 1: (questions, 3)."""
    return np.array([[*(max(measure(answer, one) for one in right) for measure in (token_f1, exact)), 1.0]
                     for right, answer in zip(wanted, answers, strict=True)]).reshape(-1, 3)
