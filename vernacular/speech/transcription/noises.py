"""Sounds without speech, from which a model learns to write nothing.

They are drawn from other distributions than the sounds of the tests of behavior (``speech.behavior.sounds``): noise of
any slope and band, hum of the mains, and single notes of any pitch and length, all at any level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from vernacular.speech.utterance import RATE, Samples

_SHORTEST, _LONGEST = 0.4, 5.0  # seconds
_QUIETEST, _LOUDEST = -60.0, -10.0  # root mean square in decibels below the full range
_STEEPEST = 2.5  # power of noise falls with frequency to at most this power: 0 is white, 2 brown


def make_noise(kind: str, seed: int) -> Samples:
    """Return the sound number ``seed`` of a ``kind`` in ``KINDS``, mono at 16 kHz."""
    draw = np.random.default_rng((seed, *kind.encode()))
    sound = KINDS[kind](round(draw.uniform(_SHORTEST, _LONGEST) * RATE), draw)
    level = float(np.sqrt(np.square(sound).mean()))
    wanted = 10 ** (draw.uniform(_QUIETEST, _LOUDEST) / 20)
    return np.clip(sound * (wanted / level if level else 1), -1, 1).astype(np.float32)


def _silence(samples: int, draw: np.random.Generator) -> NDArray[np.float64]:
    return np.zeros(samples)


def _noise(samples: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """Noise of a drawn slope in a drawn band, of a loudness that changes slowly."""
    spectrum, hertz = np.fft.rfft(draw.standard_normal(samples)), np.fft.rfftfreq(samples, 1 / RATE)
    low, high = draw.uniform(0, 300), np.exp(draw.uniform(np.log(1000), np.log(2 * RATE)))
    slope = np.maximum(hertz, 20) ** (-draw.uniform(-0.5, _STEEPEST) / 2)
    sound = np.fft.irfft(np.where((hertz >= low) & (hertz <= high), spectrum * slope, 0), samples)
    return np.asarray(sound * _swell(samples, draw))


def _hum(samples: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """The mains with harmonics, and some noise."""
    seconds, sound = np.arange(samples) / RATE, np.zeros(samples)
    first = draw.choice([50, 60]) * draw.uniform(0.99, 1.01)
    for harmonic in range(1, int(draw.integers(2, 30))):
        sound += draw.uniform() / harmonic * np.sin(2 * np.pi * (first * harmonic * seconds + draw.uniform()))
    return sound + draw.uniform(0, 0.1) * draw.standard_normal(samples)


def _notes(samples: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """Notes of any pitch, one after another or at once, that fade or not."""
    sound, at = np.zeros(samples), 0
    while at < samples:
        count = min(samples - at, round(draw.uniform(0.08, 1.5) * RATE))
        seconds, fall = np.arange(count) / RATE, draw.uniform(0, 8)
        for _ in range(int(draw.integers(1, 4))):
            pitch = np.exp(draw.uniform(np.log(70), np.log(1500)))
            for harmonic in range(1, int(draw.integers(2, 10))):
                if pitch * harmonic < RATE / 2:
                    wave = np.sin(2 * np.pi * (pitch * harmonic * seconds + draw.uniform()))
                    sound[at:at + count] += wave / harmonic * np.exp(-fall * seconds)
        at += count
    return sound


def _swell(samples: int, draw: np.random.Generator) -> NDArray[np.float64]:
    points = np.exp(draw.uniform(-1.5, 0, max(2, samples // RATE + 1)))
    return np.interp(np.linspace(0, 1, samples), np.linspace(0, 1, len(points)), points)


KINDS: Mapping[str, Callable[[int, np.random.Generator], NDArray[np.float64]]] = {
    "silence": _silence, "noise": _noise, "hum": _hum, "notes": _notes}
