"""Exact match and token F1 of an answer, as SQuAD's evaluation has them (Rajpurkar et al. 1606.05250).

As there, letters are lower-cased, punctuation removed and white space joined, and the best of several right answers
counts. Not as there, English articles are kept: in another language "a" and "an" are words. Words are those of
``vernacular.text.words``, so that any script can be scored, and text is compared in NFC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vernacular.core.normal_forms import normalized
from vernacular.text.words import plain_words


def normalised(answer: str) -> tuple[str, ...]:
    """What two answers are compared by: their words, casefolded, in NFC."""
    return plain_words(normalized("NFC", answer))


def exact(answer: str, wanted: str) -> float:
    """1 if the two answers have the same words, else 0."""
    return float(normalised(answer) == normalised(wanted))


def token_f1(answer: str, wanted: str) -> float:
    """F1 of the words that the two answers share; where either has none, whether neither has."""
    ours, theirs = normalised(answer), normalised(wanted)
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def statistics(wanted: Sequence[Sequence[str]], answers: Sequence[str]) -> NDArray[np.float64]:
    """Token F1 and exact match of each answer, against the right one it is nearest to, and 1: (questions, 3)."""
    return np.array([[*(max(measure(answer, one) for one in right) for measure in (token_f1, exact)), 1.0]
                     for right, answer in zip(wanted, answers, strict=True)]).reshape(-1, 3)
