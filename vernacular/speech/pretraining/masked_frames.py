"""Which frames are masked, and which others are the wrong answers: drawn from a seed, not from a global state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SPAN = 10  # frames that are masked together, in all four families

Masked = NDArray[np.bool_]


def mask_spans(frames: int, share: float, random: np.random.Generator, span: int = SPAN) -> Masked:
    """Return which of ``frames`` are masked: spans that may overlap, at least one, never everything.

    ``share``: of the frames if no spans overlapped, as in wav2vec 2.0; with overlaps it is less.
    """
    span = max(1, min(span, frames // 2))
    count = max(1, int(share * frames / span + random.random()))
    starts = random.choice(max(1, frames - span), min(count, max(1, frames - span)), replace=False)
    masked = np.zeros(frames, dtype=bool)
    masked[(starts[:, None] + np.arange(span)).ravel()] = True
    return masked


def draw_negatives(masked: Masked, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return for each masked frame ``count`` other masked frames of the same utterance, (rows, frames, count).

    ``masked``: (rows, frames). Indices count through all rows; those of frames that are not masked are 0.
    """
    negatives = np.zeros((*masked.shape, count), dtype=np.int64)
    for row, own in enumerate(masked):
        places = np.flatnonzero(own)
        if len(places) < 2:
            continue
        drawn = random.integers(0, len(places) - 1, (len(places), count))
        drawn += drawn >= np.arange(len(places))[:, None]
        negatives[row, places] = places[drawn] + row * masked.shape[1]
    return negatives
