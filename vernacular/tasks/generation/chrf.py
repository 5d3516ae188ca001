"""chrF (Popović 2015) of each answer as additive counts, from sacreBLEU, so that sums give the corpus score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.chrf import CHRF

ORDERS, _BETA = 6, 2  # sacreBLEU's defaults: character 1-6-grams, no words, recall counts twice (chrF2)


def statistics(answers: Sequence[str], references: Sequence[str]) -> NDArray[np.float64]:
    """Return for each order the n-grams of the answer, of the reference, and in both: (answers, 18)."""
    counts = _metric()._extract_corpus_statistics(list(answers), [list(references)])
    return np.array(counts, float).reshape(len(answers), 3 * ORDERS)


def chrf(totals: NDArray[Any]) -> NDArray[np.float64]:
    """Return the score, 0 to 100, of summed statistics (..., 18): F of mean precision and recall over the orders."""
    answered, wanted, shared = np.moveaxis(totals.reshape(*totals.shape[:-1], ORDERS, 3), -1, 0)
    counted = (answered > 0) & (wanted > 0)  # ignore orders longer than every text
    orders = np.maximum(counted.sum(-1), 1)
    precision = (shared / np.maximum(answered, 1) * counted).sum(-1) / orders
    recall = (shared / np.maximum(wanted, 1) * counted).sum(-1) / orders
    weighted = _BETA ** 2 * precision + recall
    found: NDArray[np.float64] = 100 * (1 + _BETA ** 2) * precision * recall / np.where(weighted > 0, weighted, 1)
    return found


def signature() -> str:
    """Return sacreBLEU's signature, to be shown with every score."""
    metric = _metric()
    metric.corpus_score(["a"], [["a"]])  # the number of references is that of the last score
    return str(metric.get_signature())


def _metric() -> Any:
    return CHRF(char_order=ORDERS, word_order=0, beta=_BETA)
