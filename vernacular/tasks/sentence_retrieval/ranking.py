"""Ranks of translations among all candidates: accuracy@1 and mean reciprocal rank, both directions.

A translation shared by several pairs counts in any place. Ties count against the right candidate,
so constant vectors score zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from vernacular.datasets.items import Item

NEIGHBOURS = 10  # of CSLS, as in Conneau et al. 1710.04087


def ranks(scores: NDArray[Any], sources: Sequence[str], targets: Sequence[str]) -> NDArray[np.int64]:
    """Return the rank of each source's own target, from 1.

    ``scores``: (sources, targets) similarity; the target of source ``n`` is target ``n``.
    """
    codes = np.unique(np.array(targets, dtype=object).astype(str), return_inverse=True)[1]
    right: dict[str, set[int]] = {}
    for text, code in zip(sources, codes, strict=True):
        right.setdefault(text, set()).add(int(code))
    found = np.zeros(len(sources), np.int64)
    for row, text in enumerate(sources):
        own = np.isin(codes, list(right[text]))
        # Everything not less counts before it, so that NaN scores nothing.
        found[row] = 1 + int((~(scores[row][~own] < scores[row][own].max())).sum())
    return found


def both_ways(scores: NDArray[Any], pairs: Sequence[Item]) -> NDArray[np.int64]:
    """Return (pairs, 3): rank of the target, rank of the source, index of the nearest target."""
    sources, targets = [pair.text for pair in pairs], [pair.second for pair in pairs]
    return np.stack([ranks(scores, sources, targets), ranks(scores.T, targets, sources), scores.argmax(1)], 1)


def csls(scores: NDArray[Any], neighbours: int = NEIGHBOURS) -> NDArray[Any]:
    """Correct cosine similarities for hubs (cross-domain similarity local scaling).

    Twice the cosine minus the mean similarity of both sentences to their nearest neighbors in the
    other language. Needs all sentences at once, unlike a search for one.
    """
    def near(table: NDArray[Any]) -> NDArray[Any]:
        k = min(neighbours, table.shape[1])
        found: NDArray[Any] = np.partition(table, -k, axis=1)[:, -k:].mean(1)
        return found

    corrected: NDArray[Any] = 2 * scores - near(scores)[:, None] - near(scores.T)[None, :]
    return corrected


def tfidf_scores(pairs: Sequence[Item]) -> NDArray[Any]:
    """The baseline: cosine of TF-IDF over character 2-5-grams, which matches names, numbers and loan words.

    Weights are estimated on the scored sentences, without their alignment.
    """
    sources, targets = [pair.text for pair in pairs], [pair.second for pair in pairs]
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True).fit([*sources, *targets])
    found: NDArray[Any] = (vectorizer.transform(sources) @ vectorizer.transform(targets).T).toarray()
    return found
