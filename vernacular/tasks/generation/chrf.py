"""chrF (Popović 2015) of each answer as counts that add up: sacreBLEU's, so a sum of them has the corpus's score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.chrf import CHRF

ORDERS, _BETA = 6, 2  # sacreBLEU's defaults: character 1-6-grams, no words, recall counts twice (chrF2)


def statistics(answers: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
    """For each order the n-grams of the answer, of the reference, and in both: (answers, 18)."""
    counts = _metric()._extract_corpus_statistics(list(answers), [list(references)])
    return np.array(counts, float).reshape(len(answers), 3 * ORDERS)


def chrf(totals: NDArray[Any]) -> NDArray[np.float64]:
    """The score, 0 to 100, of summed statistics (..., 18): the F of mean precision and recall over the orders."""
    told, wanted, shared = np.moveaxis(totals.reshape(*totals.shape[:-1], ORDERS, 3), -1, 0)
    counted = (told > 0) & (wanted > 0)  # orders longer than every text say nothing
    orders = np.maximum(counted.sum(-1), 1)
    precision = (shared / np.maximum(told, 1) * counted).sum(-1) / orders
    recall = (shared / np.maximum(wanted, 1) * counted).sum(-1) / orders
    weighted = _BETA ** 2 * precision + recall
    found: NDArray[np.float64] = 100 * (1 + _BETA ** 2) * precision * recall / np.where(weighted > 0, weighted, 1)
    return found


def signature() -> str:
    """What was computed, in sacreBLEU's words: belongs beside every score."""
    metric = _metric()
    metric.corpus_score(["a"], [["a"]])  # the number of references is that of the last score
    return str(metric.get_signature())


def _metric() -> Any:
    return CHRF(char_order=ORDERS, word_order=0, beta=_BETA)
