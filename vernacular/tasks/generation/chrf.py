"""chrF (Popović 2015) of each answer as counts that add up: sacreBLEU's, so a sum of them has the corpus's score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.chrf import CHRF

_CHRF = CHRF()  # character 1-6-grams, no words, beta 2: chrF2, sacreBLEU's default


def statistics(answers: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
    """(answers, 18): for each order the n-grams of the answer, of the reference, and in both."""
    counts = _CHRF._extract_corpus_statistics(list(answers), [list(references)])
    return np.array(counts, float).reshape(len(answers), -1)


def chrf(total: NDArray[Any]) -> float:
    """The score, 0 to 100, of summed statistics."""
    return float(_CHRF._compute_f_score([int(count) for count in total]))


def signature() -> str:
    """What was computed, in sacreBLEU's words: belongs beside every score."""
    _CHRF.corpus_score([""], [[""]])  # the signature names the number of references of the last one
    return str(_CHRF.get_signature())
