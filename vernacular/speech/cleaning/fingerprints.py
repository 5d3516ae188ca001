"""Acoustic fingerprints: find the same recording with another codec, volume or padding (Haitsma and Kalker 2002).

Fingerprints find candidates, the correlation of the waveforms decides. A fingerprint has 32 bits
for each 16 ms: whether the energy difference between neighboring bands grew in 128 ms. Two readings
of the same sentence differ in nearly half of the bits, two encodings of one recording in few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vernacular.speech.utterance import RATE, Samples

Fingerprint = NDArray[np.uint32]  # (frames,)
_WINDOW, _HOP = 4096, 256  # samples: 256 ms every 16 ms
_AT_ONCE = 1024  # frames whose spectrum is in memory
_STEP = 8  # frames between two slopes: neighbors share most of their window, and codecs then change the sign
_LOWEST, _HIGHEST = 300.0, 3400.0  # hertz, those that a telephone transmits
_BITS = 32
_MOST_ERRORS = 0.3  # share of different bits up to which waveforms are compared
LEAST_CORRELATION = 0.85  # of the waveforms of two encodings of one recording; of two readings at most 0.65
_LEAST_OVERLAP = 0.8  # of the shorter one
_FEWEST_FRAMES = 8
_MOST_OWNERS = 50  # a value in more recordings is silence or hum


@dataclass(frozen=True, slots=True)
class SimilarPair:
    """Two recordings with similar fingerprints, by their numbers."""

    first: int
    second: int
    errors: float  # share of bits of the fingerprints that differ


def fingerprint(sound: Samples) -> Fingerprint:
    """Return the fingerprint of ``sound``, mono at 16 kHz: (frames,); empty below 384 ms."""
    count = (len(sound) - _WINDOW) // _HOP + 1
    if count <= _STEP:
        return np.zeros(0, dtype=np.uint32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::_HOP]
    bands = np.concatenate([_bands(frames[first:first + _AT_ONCE]) for first in range(0, count, _AT_ONCE)])
    slopes = np.diff(bands, axis=1)
    bits = slopes[_STEP:] > slopes[:-_STEP]
    packed: Fingerprint = np.packbits(bits, axis=1).view(">u4")[:, 0].astype(np.uint32)
    return packed


def _bands(frames: Samples) -> Samples:
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(_WINDOW).astype(np.float32), axis=1)))
    bands: Samples = np.log(np.add.reduceat(power[:, :_edges()[-1]], _edges()[:-1], axis=1) + 1e-10)
    return bands


@cache
def _edges() -> NDArray[np.int64]:
    """Return the first bin of each of 33 bands, equally wide in octaves, and the end of the last."""
    hertz = np.geomspace(_LOWEST, _HIGHEST, _BITS + 2)
    return np.round(hertz * _WINDOW / RATE).astype(np.int64)


def similar_fingerprints(prints: Sequence[Fingerprint]) -> list[SimilarPair]:
    """Return the pairs of recordings that may be the same sound, by their numbers; waveforms decide.

    Pairs are compared if they share the value of a frame, at the shift at which they share it. Of equal fingerprints
    only the first is compared with others.
    """
    firsts: dict[bytes, int] = {}
    equal = [(first, number) for number, one in enumerate(prints)
             if len(one) and (first := firsts.setdefault(one.tobytes(), number)) != number]
    lengths = np.array([len(one) if firsts.get(one.tobytes()) == number else 0 for number, one in enumerate(prints)],
                       dtype=np.int64)
    if lengths.sum() == 0:
        return []
    values = np.concatenate([one[:length] for one, length in zip(prints, lengths.tolist(), strict=True)])
    owners = np.repeat(np.arange(len(prints)), lengths)
    frames = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    errors_of: dict[tuple[int, int], float] = dict.fromkeys(equal, 0.0)
    for first, second, shift in _candidates(values, owners, frames):
        errors = _bit_errors(prints[first], prints[second], shift)
        if errors <= _MOST_ERRORS:
            errors_of[first, second] = min(errors, errors_of.get((first, second), 1.0))
    return [SimilarPair(first, second, errors) for (first, second), errors in sorted(errors_of.items())]


def _candidates(values: Fingerprint, owners: NDArray[np.int64], frames: NDArray[np.int64]
                ) -> list[tuple[int, int, int]]:
    """Return (first, second, frame of the second minus that of the first) where two recordings share a value."""
    order = np.argsort(values, kind="stable")
    ordered, owner, frame = values[order], owners[order], frames[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] ^ np.uint32(1)))
    sizes = np.diff(starts, append=len(ordered))
    few = np.repeat(sizes <= _MOST_OWNERS, sizes)
    ordered, owner, frame = ordered[few], owner[few], frame[few]
    parts = []
    for step in range(1, _MOST_OWNERS):
        same = np.flatnonzero((ordered[step:] == ordered[:-step]) & (owner[step:] != owner[:-step]))
        if not len(same):
            continue
        parts.append(np.stack([owner[same], owner[same + step], frame[same + step] - frame[same]]))
    if not parts:
        return []
    pairs = np.unique(np.concatenate(parts, axis=1), axis=1)
    return [(int(first), int(second), int(shift)) for first, second, shift in pairs.T]


def _bit_errors(one: Fingerprint, other: Fingerprint, shift: int) -> float:
    """Return the share of different bits, with ``other`` moved by ``shift`` frames; 1 if too little overlaps."""
    begin, end = max(0, -shift), min(len(one), len(other) - shift)
    if end - begin < max(_FEWEST_FRAMES, _LEAST_OVERLAP * min(len(one), len(other))):
        return 1.0
    different = np.bitwise_count(one[begin:end] ^ other[begin + shift:end + shift])
    return float(different.mean() / _BITS)


def waveform_correlation(one: Samples, other: Samples) -> float:
    """Return the largest normalized correlation of two sounds over all shifts, between 0 and 1."""
    length = len(one) + len(other)
    scale = float(np.sqrt(np.square(one, dtype=np.float64).sum() * np.square(other, dtype=np.float64).sum()))
    if scale == 0:
        return 0.0
    correlation = np.fft.irfft(np.fft.rfft(one, length) * np.conj(np.fft.rfft(other, length)), length)
    return min(float(np.abs(correlation).max()) / scale, 1.0)
