"""Mixtures of old rows for new ones: weights of old ids that sum to one, or none.

One mixture applies to input embeddings, an untied output matrix and a bias alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.modeling.packing import encodings

Mixture = dict[int, float]

FEWEST = 10  # uses needed before a token's neighbors are informative (FOCUS's own ``min_count``)
_WINDOW, _DIMENSIONS = 5, 100
_MOST_TOKENS = 2_000_000  # tokens in which neighbors are counted
_CHECKED = 1000  # texts after which that limit is checked


def mixtures(method: str, base: Any, extended: Any, ids: Sequence[int], parts: Sequence[Sequence[int]],
             texts: Sequence[str], seed: int) -> list[Mixture]:
    """Return a mixture for each new token.

    ``method``: ``mean`` of the tokens it replaces; ``weighted``: of the base's tokens in its
    place in the text, by frequency; ``focus``: of old tokens with the most similar neighbors;
    ``random``: none; ``distillation``: the mean, which ``distil`` then improves. ``parts``: for
    each the ids of the base's tokens for its letters.
    """
    plain = [mean(part) for part in parts]
    if method == "random":
        return [{} for _ in ids]
    if method in ("mean", "distillation") or not ids:
        return plain
    found = weighted(base, extended, texts) if method == "weighted" else focus(extended, ids, texts, seed)
    return [found.get(index) or other for index, other in zip(ids, plain, strict=True)]


def mean(parts: Sequence[int]) -> Mixture:
    """Weight all ``parts`` equally."""
    return {index: count / len(parts) for index, count in Counter(parts).items()}


def weighted(base: Any, extended: Any, texts: Sequence[str]) -> dict[int, Mixture]:
    """Return for each used token the base's tokens over the same characters, by frequency.

    A base token that extends beyond the new one counts too (Align, 2406.11477).
    """
    counts: dict[int, Counter[int]] = {}
    for (_, old), (_, new) in zip(encodings(texts, base), encodings(texts, extended), strict=True):
        spans, place = old.offsets, 0
        for index, (start, end) in zip(new.ids, new.offsets, strict=True):
            while place < len(spans) and spans[place][1] <= start:
                place += 1
            here = place
            while here < len(spans) and spans[here][0] < end:
                counts.setdefault(index, Counter())[old.ids[here]] += 1
                here += 1
    return {index: {old: count / found.total() for old, count in found.items()} for index, found in counts.items()}


def focus(extended: Any, ids: Sequence[int], texts: Sequence[str], seed: int) -> dict[int, Mixture]:
    """Return a sparse mixture of old tokens with similar neighbors for each token used ``FEWEST`` times.

    After FOCUS (2305.14481): similarities of static vectors through sparsemax. The vectors come
    from a factorized matrix of positive pointwise mutual information, which word2vec approximates
    (Levy and Goldberg 2014).
    """
    from sklearn.utils.extmath import randomized_svd

    used, matrix = _neighbours(extended, texts)
    new = np.isin(used, np.array(ids))
    if not new.any() or new.all():
        return {}
    left, strength, _ = randomized_svd(matrix, n_components=min(_DIMENSIONS, len(used) - 1), random_state=seed)
    vectors = left * np.sqrt(strength)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    weights = sparsemax(vectors[new] @ vectors[~new].T)
    old = used[~new]
    return {int(index): {int(old[place]): float(row[place]) for place in np.flatnonzero(row)}
            for index, row in zip(used[new], weights, strict=True)}


def _neighbours(extended: Any, texts: Sequence[str]) -> tuple[NDArray[np.int64], Any]:
    """Return the ids used ``FEWEST`` times, and their positive pointwise mutual information within a window."""
    from scipy.sparse import coo_matrix, csr_matrix

    rows: list[NDArray[np.int64]] = []
    total = 0
    for number, (_, encoding) in enumerate(encodings(texts, extended)):
        if total >= _MOST_TOKENS and number % _CHECKED == 0:
            break
        rows.append(np.array([*encoding.ids, *[-1] * _WINDOW], dtype=np.int64))  # no neighbors across texts
        total += len(encoding.ids)
    stream = np.concatenate(rows)
    every, counts = np.unique(stream[stream >= 0], return_counts=True)
    used = every[counts >= FEWEST]
    at = np.searchsorted(used, stream).clip(max=max(len(used) - 1, 0))
    at = np.where(used[at] == stream, at, -1) if len(used) else np.full(len(stream), -1)
    pairs = []
    for distance in range(1, _WINDOW + 1):
        one, other = at[:-distance], at[distance:]
        both = (one >= 0) & (other >= 0)
        pairs.append(np.stack([one[both], other[both]]))
    one, other = np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), dtype=np.int64)
    size = (len(used), len(used))
    seen = csr_matrix(coo_matrix((np.ones(len(one)), (one, other)), shape=size))
    seen = (seen + seen.T).tocoo()
    sums = np.asarray(seen.tocsr().sum(axis=1)).ravel()
    information = np.log(seen.data * max(seen.data.sum(), 1.0) / (sums[seen.row] * sums[seen.col]))
    positive = information > 0
    return used, csr_matrix((information[positive], (seen.row[positive], seen.col[positive])), shape=size)


def sparsemax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project each row onto the simplex (Martins and Astudillo 2016): softmax with true zeros."""
    ordered = -np.sort(-scores, axis=1)
    sums = np.cumsum(ordered, axis=1)
    ranks = np.arange(1, scores.shape[1] + 1)
    kept = (1 + ranks * ordered > sums).sum(axis=1)
    threshold = (np.take_along_axis(sums, kept[:, None] - 1, axis=1)[:, 0] - 1) / kept
    result: NDArray[np.float64] = np.maximum(scores - threshold[:, None], 0.0)
    return result
