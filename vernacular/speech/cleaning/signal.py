"""Measures of the sound of one recording: clipping, signal-to-noise ratio, where speech begins and ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vernacular.speech.cleaning.voice_activity import FRAME, SPEECH
from vernacular.speech.utterance import RATE, Samples

MOST_SNR = 100.0  # decibels of a recording without noise
_LOWEST, _HIGHEST = 300.0, 3400.0  # hertz: where most of speech is; hum and rumble are below
_POSSIBLE = 0.1  # probability below which a frame is not speech
_AT_ONCE = 1 << 14  # frames whose spectrum is in memory
_SILENT = 1e-9  # power (-90 dB) below which a frame is digital silence, which is not the noise of the room
_QUIET = 0.1  # share of the frames that are taken as noise, the quietest
_FLAT, _RUN = 0.98, 3  # samples from this share of the peak are clipped, if so many are in a row
_CROWDED, _RARE, _USUAL = 0.6, 0.999, 0.08  # see ``clipped_share``


def clipped_share(sound: Samples) -> float:
    """Return the share of samples that are clipped.

    These are the samples in runs of at least three at the recording's own peak, so volume does not matter. A codec
    makes such flat tops round; so the share of samples above 60% of the level that one sample in a thousand exceeds
    counts as well, beyond the 8% that speech has at most.
    """
    level = np.abs(sound)
    peak = float(level.max(initial=0))
    if peak == 0:
        return 0.0
    at_peak = (level >= _FLAT * peak).astype(np.int8)
    edges = np.flatnonzero(np.diff(at_peak, prepend=0, append=0))
    lengths = edges[1::2] - edges[::2]
    crowded = float((level >= _CROWDED * np.quantile(level, _RARE)).mean())
    return max(float(lengths[lengths >= _RUN].sum() / len(sound)), crowded - _USUAL, 0.0)


def signal_to_noise(sound: Samples, speech: NDArray[np.bool_]) -> float:
    """Return the signal-to-noise ratio between 300 and 3400 Hz in decibels, at most ``MOST_SNR``.

    Noise is the power of the quietest tenth of the frames (pauses, and closures if the recording is cut tightly), the
    signal that of the frames with speech, without the noise. Only steady noise is found: other voices are not.

    Args:
        sound: mono.
        speech: which frames of ``voice_activity`` are speech; without any, the ratio is that of all frames.
    """
    count = len(sound) // FRAME
    if count == 0:
        return 0.0
    window = np.hanning(FRAME).astype(np.float32)
    first, last = (round(hertz * FRAME / RATE) for hertz in (_LOWEST, _HIGHEST))
    frames = sound[:count * FRAME].reshape(count, FRAME)
    power = np.concatenate([np.square(np.abs(np.fft.rfft(block * window, axis=1)[:, first:last])).sum(
        1, dtype=np.float64) for block in np.array_split(frames, -(-count // _AT_ONCE))])
    power *= 2 / (FRAME * np.square(window).sum())
    spoken = speech[:count] if speech[:count].any() else np.ones(count, dtype=np.bool_)
    audible = np.sort(power[power > _SILENT])
    if not len(audible):
        return 0.0
    noise = float(audible[:max(1, round(_QUIET * len(audible)))].mean())
    signal = float(power[spoken].mean()) - noise
    if signal <= 0:
        return -MOST_SNR
    return float(np.clip(10 * np.log10(signal / noise), -MOST_SNR, MOST_SNR))


def speech_bounds(samples: int, probabilities: NDArray[np.float32]) -> tuple[int, int]:
    """Return the first sample of speech and the one after the last; (0, 0) without speech.

    From the first and the last frame of speech, the bounds move outward while speech is possible: quiet consonants.

    Args:
        samples: length of the recording.
        probabilities: of speech in each frame of ``voice_activity``.
    """
    at = np.flatnonzero(probabilities >= SPEECH)
    if not len(at):
        return 0, 0
    unlikely = np.flatnonzero(probabilities < _POSSIBLE)
    before, after = unlikely[unlikely < at[0]], unlikely[unlikely > at[-1]]
    first = int(before[-1]) + 1 if len(before) else 0
    last = int(after[0]) if len(after) else len(probabilities)
    return first * FRAME, min(samples, last * FRAME)
