"""MinHash sketches (Broder 1997; fast similarity sketching, Dahlgaard et al. 2017) and their bands.

Texts that share a band are candidates for near-duplicates; ``dedup`` decides. Similarity is the
Jaccard index of character 5-grams of casefolded words.
"""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from vernacular.text.word_hashes import Ints, Tokens, mix, offsets, spread

LEAST_WORDS = 8  # short phrases recur in every text
LINE, DOCUMENT = 64, 128  # slots of a sketch; unrelated long documents share more than unrelated lines
_SEED = 1
_MISSED = 0.01  # share of pairs at the threshold that may share no band; far fewer are missed above it
_ERROR = 4  # standard errors of the similarity estimate allowed


def sketches(tokens: Tokens, texts: Ints, at: Ints, slots: int) -> NDArray[np.uint32]:
    """Return the sketches of some texts, shape ``(len(at), slots)``.

    Args:
        tokens: of all lines.
        texts: number of lines per text.
        at: indices of the texts.
        slots: of a sketch.
    """
    if not len(at):
        return np.zeros((0, slots), dtype=np.uint32)
    grams, counts = tokens.shingles(texts)
    chosen = spread(offsets(counts)[:-1][at], counts[at])
    rows = RMinHash.digest_matrix_from_flat_token_hashes(
        grams[chosen], offsets(counts[at]).astype(np.uint64), slots, _SEED).to_rows()
    return np.frombuffer(b"".join([array("I", row).tobytes() for row in rows]), dtype=np.uint32).reshape(-1, slots)


def shape(least: float, slots: int) -> tuple[int, int]:
    """Return the number and size of bands so that few pairs of similarity ``least`` share no band."""
    for number in range(16, 1, -1):
        if (1 - least**number) ** (slots // number) <= _MISSED:
            return slots // number, number
    return slots, 1


def bands(found: NDArray[np.uint32], least: float) -> NDArray[np.uint32]:
    """Return the bands of sketches, never 0, shape ``(sketches, bands)``."""
    number, slots = shape(least, found.shape[1])
    parts = found[:, :number * slots].reshape(len(found), number, slots)
    hashes = np.zeros((len(found), number), dtype=np.uint64)
    for place in range(slots):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + parts[:, :, place]
    joined: NDArray[np.uint32] = np.maximum(mix(hashes) >> np.uint64(32), np.uint64(1)).astype(np.uint32)
    return joined


def short(found: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return one byte per slot of sketches: enough for ``surely_apart`` (Li and Koenig 2010)."""
    return found.astype(np.uint8)


def surely_apart(ones: NDArray[np.unsignedinteger], others: NDArray[np.unsignedinteger],
                 least: float) -> NDArray[np.bool_]:
    """Return which texts are almost certainly less similar than ``least``, by sketches of (texts, slots)."""
    slots = ones.shape[1]
    error = _ERROR * (least * (1 - least) / slots) ** 0.5
    apart: NDArray[np.bool_] = np.count_nonzero(ones == others, axis=1) < (least - error) * slots - 1
    return apart
