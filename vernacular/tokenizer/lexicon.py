"""Initialize new tokens from translations: weights of the base's tokens that translate each.

IBM Model 1 (Brown et al. 1993) estimates the probability of each translation token given a token of
the language. A new token's row is the expected row of its translation, so a model initially reads
the language roughly as a word-by-word translation. Works on token ids only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.tokenizer.mixtures import Mixture

Ids = NDArray[np.int64]
_ROUNDS = 5  # of expectation maximization; the likelihood hardly rises after that
_MOST_EVENTS = 8_000_000  # counted token pairs: about 10,000 sentences; more hardly help
_PAGE = 2000  # pairs tokenized at once
_LONGEST = 128  # tokens read of a sentence and of its translation
_LEAST_SHARE = 0.01  # of a mixture; smaller weights are noise from very frequent tokens


def translated(extended: Any, base: Any, ids: Sequence[int],
               pairs: Iterable[tuple[str, str]]) -> dict[int, Mixture]:
    """Return a mixture of base tokens for each new token in the pairs; weights sum to one.

    ``extended``: tokenizer with the new tokens, a ``tokenizers.Tokenizer``. ``pairs``:
    sentences of the language with their translations in random order: if there are too many,
    the first are counted.
    """
    sources, targets, events, remaining = list[Ids](), list[Ids](), 0, iter(pairs)
    while events < _MOST_EVENTS and (page := list(islice(remaining, _PAGE))):
        texts, translations = zip(*page, strict=True)
        for source, target in zip(_token_sets(extended, texts), _token_sets(base, translations), strict=True):
            events += (len(source) + 1) * len(target)
            if events <= _MOST_EVENTS or not sources:
                sources.append(source)
                targets.append(target)
    wanted, found = set(ids), dict[int, Mixture]()
    for token, meaning, probability in zip(*translation_table(sources, targets), strict=True):
        if token in wanted and probability >= _LEAST_SHARE:
            found.setdefault(token, {})[meaning] = probability
    return {index: {old: weight / total for old, weight in mixture.items()}
            for index, mixture in found.items() if (total := sum(mixture.values()))}


def translation_table(sources: Sequence[NDArray[np.int64]],
                      targets: Sequence[NDArray[np.int64]]) -> tuple[list[int], list[int], list[float]]:
    """IBM Model 1: return p(target | source) for all source and target tokens that share a pair.

    Every source sentence also has the empty token, for target words without a counterpart; it is
    not returned.

    Args:
        sources: for each pair the different token ids of the sentence.
        targets: the same of its translation.
    """
    empty = -1
    source_ids = np.concatenate([np.repeat(np.append(source, empty), len(target))
                                 for source, target in zip(sources, targets, strict=True)])
    target_ids = np.concatenate([np.tile(target, len(source) + 1)
                                 for source, target in zip(sources, targets, strict=True)])
    starts = np.cumsum([0, *map(len, targets)])
    places = np.concatenate([np.tile(np.arange(start, start + len(target)), len(source) + 1)
                             for start, source, target in zip(starts, sources, targets, strict=False)])
    width = int(target_ids.max(initial=0)) + 1
    cells, cell = np.unique((source_ids + 1) * width + target_ids, return_inverse=True)
    cell_source = cells // width
    table = np.ones(len(cells))
    for _ in range(_ROUNDS):
        share = table[cell]  # of each target token in each pair, among its source tokens
        share /= np.bincount(places, share, int(starts[-1]))[places]
        counts = np.bincount(cell, share, len(cells))
        table = counts / np.bincount(cell_source, counts)[cell_source]
    kept = cell_source > 0
    return ((cell_source[kept] - 1).tolist(), (cells[kept] % width).tolist(), table[kept].tolist())


def _token_sets(tokenizer: Any, texts: Sequence[str]) -> list[NDArray[np.int64]]:
    """Return the distinct ids among the first ``_LONGEST`` of each text, without special tokens."""
    return [np.array(sorted(set(encoding.ids[:_LONGEST])), np.int64)
            for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
