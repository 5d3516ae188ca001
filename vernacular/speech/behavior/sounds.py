"""Sounds for tests of behavior: no speech at all, and changes of an utterance that leave its words as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from vernacular.speech.packages import load_package
from vernacular.speech.utterance import RATE, Samples

_LOUD = 0.1  # root mean square of noise and tones: as loud as speech
_STRETCH = 800  # samples of a window of ``stretch``: 50 ms
_TELEPHONE = 8000  # samples per second
_MU = 255  # of the telephone's companding (ITU-T G.711)


def silence(samples: int, draw: np.random.Generator) -> Samples:
    """Return digital silence."""
    return np.zeros(samples, dtype=np.float32)


def white_noise(samples: int, draw: np.random.Generator) -> Samples:
    """Return noise with equal power at all frequencies."""
    return _scaled(draw.standard_normal(samples))


def pink_noise(samples: int, draw: np.random.Generator) -> Samples:
    """Return noise with equal power in all octaves, such as wind and traffic."""
    if not samples:
        return np.zeros(0, dtype=np.float32)
    spectrum = np.fft.rfft(draw.standard_normal(samples))
    return _scaled(np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), samples))


def tones(samples: int, draw: np.random.Generator) -> Samples:
    """Return chords of decaying harmonic tones, four a second: an instrument."""
    sound, beat = np.zeros(samples), RATE // 4
    for first in range(0, samples, beat):
        seconds = np.arange(min(beat, samples - first)) / RATE
        for note in draw.choice([0, 2, 4, 5, 7, 9, 11, 12], 3):
            for harmonic in range(1, 5):
                wave = np.sin(2 * np.pi * 220 * 2**(note / 12) * harmonic * seconds) / harmonic
                sound[first:first + len(seconds)] += wave * np.exp(-4 * seconds)
    return _scaled(sound)


def change_speed(sound: Samples, factor: float) -> Samples:
    """Return ``sound`` played ``factor`` times as fast, pitch included (Ko et al. 2015)."""
    faster = load_package("soxr").resample(sound, RATE, RATE / factor)
    return np.asarray(faster, dtype=np.float32)


def change_volume(sound: Samples, factor: float) -> Samples:
    """Return ``sound`` louder or quieter; what exceeds the range is clipped."""
    return np.asarray(np.clip(sound * factor, -1, 1), dtype=np.float32)


def in_room(sound: Samples, draw: np.random.Generator, seconds: float = 0.4) -> Samples:
    """Return ``sound`` as in a room whose echo falls by 60 dB in ``seconds`` (exponentially decaying noise)."""
    count = round(seconds * RATE)
    echo = draw.standard_normal(count) * 10**(-3 * np.arange(count) / count)
    response = 0.5 * echo / np.sqrt(np.square(echo).sum())
    response[0] = 1.0
    length = len(sound) + count
    heard = np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(response, length), length)[:len(sound)]
    return _within(heard)


def by_telephone(sound: Samples) -> Samples:
    """Return ``sound`` through a telephone: 300 to 3400 Hz, 8000 samples a second, 8 bits (mu-law)."""
    soxr = load_package("soxr")
    narrow = np.asarray(soxr.resample(sound, RATE, _TELEPHONE), dtype=np.float64)
    spectrum, hertz = np.fft.rfft(narrow), np.fft.rfftfreq(len(narrow), 1 / _TELEPHONE)
    band = np.clip(np.fft.irfft(np.where((hertz >= 300) & (hertz <= 3400), spectrum, 0), len(narrow)), -1, 1)
    level = np.round(np.sign(band) * np.log1p(_MU * np.abs(band)) / np.log1p(_MU) * 127) / 127
    decoded = np.sign(level) * np.expm1(np.abs(level) * np.log1p(_MU)) / _MU
    wide = np.asarray(soxr.resample(decoded, _TELEPHONE, RATE), dtype=np.float32)[:len(sound)]
    return np.pad(wide, (0, len(sound) - len(wide)))


def change_voice(sound: Samples, factor: float) -> Samples:
    """Return ``sound`` with pitch and formants ``factor`` times as high and the same length: another speaker."""
    return stretch(change_speed(sound, factor), len(sound))


def stretch(sound: Samples, samples: int) -> Samples:
    """Return ``sound`` with the length ``samples`` and its pitch: overlapping windows, moved to where waves match.

    This is WSOLA (Verhelst and Roelands 1993).
    """
    hop, reach = _STRETCH // 2, _STRETCH // 4
    window = np.hanning(_STRETCH + 1)[:-1]
    padded = np.pad(sound, (reach, _STRETCH + 2 * reach))
    out, weight = np.zeros(samples + 2 * _STRETCH), np.zeros(samples + 2 * _STRETCH)
    expected = padded[reach:reach + _STRETCH]
    for place in range(0, samples, hop):
        near = round(place * len(sound) / samples)
        region = padded[near:near + _STRETCH + 2 * reach]
        at = near + int(np.argmax(np.correlate(region, expected, "valid"))) if place else near + reach
        out[place:place + _STRETCH] += padded[at:at + _STRETCH] * window
        weight[place:place + _STRETCH] += window
        expected = np.pad(padded[at + hop:at + hop + _STRETCH], (0, max(0, at + hop + _STRETCH - len(padded))))
    return (out[:samples] / np.maximum(weight[:samples], 1e-3)).astype(np.float32)


NO_SPEECH: Mapping[str, Callable[[int, np.random.Generator], Samples]] = {
    "silence": silence, "white_noise": white_noise, "pink_noise": pink_noise, "tones": tones}
CHANGES: Mapping[str, Callable[[Samples, np.random.Generator], Samples]] = {
    "slower": lambda sound, draw: change_speed(sound, 0.9), "faster": lambda sound, draw: change_speed(sound, 1.1),
    "quieter": lambda sound, draw: change_volume(sound, 0.2), "louder": lambda sound, draw: change_volume(sound, 3.0),
    "room": in_room, "telephone": lambda sound, draw: by_telephone(sound),
    "higher_voice": lambda sound, draw: change_voice(sound, 1.15),
    "lower_voice": lambda sound, draw: change_voice(sound, 0.87)}


def _scaled(sound: NDArray[np.float64]) -> Samples:
    level = float(np.sqrt(np.square(sound).mean())) if len(sound) else 0.0
    return (sound * _LOUD / level if level else sound).astype(np.float32)


def _within(sound: NDArray[np.float64]) -> Samples:
    peak = float(np.abs(sound).max(initial=0))
    return (sound / peak if peak > 1 else sound).astype(np.float32)
