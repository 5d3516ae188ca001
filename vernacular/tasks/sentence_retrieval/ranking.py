"""Where each sentence's translation stands among all candidates: accuracy@1 and mean reciprocal rank, both directions.

A translation that another pair shares counts as found in either place. A candidate with the same score as the right
one counts before it, so a model that gives every sentence one vector finds nothing.
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
    """The rank of each source's own target, from 1.

    Args:
        scores: (sources, targets) similarity; the target of source ``n`` is target ``n``.
        sources: their texts.
        targets: their texts.
    """
    codes = np.unique(np.array(targets, dtype=object).astype(str), return_inverse=True)[1]
    right: dict[str, set[int]] = {}
    for text, code in zip(sources, codes, strict=True):
        right.setdefault(text, set()).add(int(code))
    found = np.zeros(len(sources), np.int64)
    for row, text in enumerate(sources):
        own = np.isin(codes, list(right[text]))
        # What is not less counts before it, so that a network that gives no numbers (NaN) finds nothing.
        found[row] = 1 + int((~(scores[row][~own] < scores[row][own].max())).sum())
    return found


def both_ways(scores: NDArray[Any], pairs: Sequence[Item]) -> NDArray[np.int64]:
    """(pairs, 3): rank of the target given the source, of the source given the target; row of the nearest target."""
    sources, targets = [pair.text for pair in pairs], [pair.second for pair in pairs]
    return np.stack([ranks(scores, sources, targets), ranks(scores.T, targets, sources), scores.argmax(1)], 1)


def csls(scores: NDArray[Any], neighbours: int = NEIGHBOURS) -> NDArray[Any]:
    """Cosine similarities corrected for hubs: sentences near to everything (cross-domain similarity local scaling).

    Twice the cosine less the mean similarity of either sentence to its nearest in the other language. It looks at all
    the scored sentences at once, which a search for one sentence cannot.
    """
    def near(table: NDArray[Any]) -> NDArray[Any]:
        k = min(neighbours, table.shape[1])
        found: NDArray[Any] = np.partition(table, -k, axis=1)[:, -k:].mean(1)
        return found

    corrected: NDArray[Any] = 2 * scores - near(scores)[:, None] - near(scores.T)[None, :]
    return corrected


def tfidf_scores(pairs: Sequence[Item]) -> NDArray[Any]:
    """The floor: cosine of TF-IDF over character 2-5-grams, which finds names, numbers and loan words.

    The weights are counted on the scored sentences themselves, without their alignment.
    """
    sources, targets = [pair.text for pair in pairs], [pair.second for pair in pairs]
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True).fit([*sources, *targets])
    found: NDArray[Any] = (vectorizer.transform(sources) @ vectorizer.transform(targets).T).toarray()
    return found
