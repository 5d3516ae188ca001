"""Whole-word masking: 80% mask token, 10% random token, 10% unchanged (BERT, RoBERTa)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vernacular.modeling.packing import PADDING


def mask_words(tokens: NDArray[np.int32], words: NDArray[np.int32], share: float, *, mask_id: int, vocabulary: int,
               generator: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Mask whole words of a batch.

    Args:
        tokens: (batch, length) token ids.
        words: (batch, length) word numbers, -1 where nothing may be masked.
        share: the share of words to mask.
        mask_id: id of the mask token.
        vocabulary: random tokens have ids below this.
        generator: random generator.

    Returns:
        Input ids (batch, length), and (batch, length) bool that is True where the original must be
        predicted.
    """
    chosen = np.zeros(words.shape, bool)
    for row in range(len(words)):
        row_words = words[row]
        inside = row_words != PADDING
        if not inside.any():
            continue
        first = row_words[inside].min()
        drawn = generator.random(row_words[inside].max() - first + 1) < share
        if not drawn.any():
            drawn[generator.integers(len(drawn))] = True
        chosen[row, inside] = drawn[row_words[inside] - first]
    chance = generator.random(tokens.shape)
    inputs = np.where(chosen & (chance < 0.8), mask_id, tokens)
    other = generator.integers(0, vocabulary, tokens.shape)
    return np.where(chosen & (chance >= 0.9), other, inputs).astype(np.int32), chosen
