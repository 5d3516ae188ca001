"""Damage that is planted in recordings and transcripts, by name: other sounds, copies, other transcripts."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from vernacular.speech.utterance import RATE, Samples

Random = np.random.Generator
_LOUD = 0.05  # root mean square of sounds that stand alone
_PADDING = 0.3  # seconds


def _noise(count: int, random: Random, slope: float) -> NDArray[np.float64]:
    """Noise whose power falls with frequency to the power ``slope``: 0 is white, 1 pink."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    spectrum *= np.maximum(np.arange(len(spectrum)), 1) ** (-slope / 2)
    sound = np.fft.irfft(spectrum, count)
    return np.asarray(sound / np.sqrt(np.square(sound).mean()))


def _alone(slope: float) -> Callable[[Samples, Random], Samples]:
    return lambda sound, random: _samples(_LOUD * _noise(len(sound), random, slope))


def _mixed(slope: float, decibels: float) -> Callable[[Samples, Random], Samples]:
    """Noise added, at so many decibels below the sound where it is loud (its louder half)."""
    def damage(sound: Samples, random: Random) -> Samples:
        power = np.square(sound, dtype=np.float64)
        level = np.sqrt(power[power >= np.median(power)].mean()) * 10 ** (-decibels / 20)
        return _samples(sound + level * _noise(len(sound), random, slope))
    return damage


def _hum(sound: Samples, random: Random) -> Samples:
    seconds = np.arange(len(sound)) / RATE
    return _samples(_LOUD * sum(np.sin(2 * np.pi * 50 * harmonic * seconds) / harmonic for harmonic in range(1, 6)))


def _tones(sound: Samples, random: Random) -> Samples:
    """Notes of half a second that fade, as of a plucked instrument."""
    out = np.zeros(len(sound))
    for start in range(0, len(sound), RATE // 2):
        seconds = np.arange(min(RATE // 2, len(sound) - start)) / RATE
        pitch = 220 * 2 ** (random.integers(0, 24) / 12)
        for harmonic in range(1, 6):
            out[start:start + len(seconds)] += np.exp(-4 * seconds) / harmonic * np.sin(
                2 * np.pi * pitch * harmonic * seconds)
    return _samples(0.2 * out)


def _clipped(sound: Samples, random: Random) -> Samples:
    return _samples(sound / max(float(np.abs(sound).max()), 1e-9) * 10)


def _coded(rate: int, kind: str, subtype: str | None = None, level: float | None = None) -> Callable[
        [Samples], Samples]:
    """Encode at ``rate`` and decode; ``level`` is libsndfile's compression, 0 to 1."""
    def code(sound: Samples) -> Samples:
        more: dict[str, Any] = {} if level is None else {"compression_level": level}
        soundfile.write(file := io.BytesIO(), soxr.resample(sound, RATE, rate), rate, format=kind, subtype=subtype,
                        **more)
        file.seek(0)
        found, again = soundfile.read(file, dtype="float32")
        return _samples(soxr.resample(found, again, RATE))
    return code


def _padded(sound: Samples) -> Samples:
    silence = np.zeros(round(_PADDING * RATE), np.float32)
    return np.concatenate([silence, sound, silence])


def _samples(sound: NDArray[Any]) -> Samples:
    return np.clip(sound, -1, 1).astype(np.float32)


_MP3 = _coded(RATE, "MP3")
SOUNDS: Mapping[str, Callable[[Samples, Random], Samples]] = {
    "silence": lambda sound, random: np.zeros_like(sound), "white noise": _alone(0), "pink noise": _alone(1),
    "hum of 50 Hz": _hum, "tones": _tones, "white noise at 0 dB": _mixed(0, 0), "pink noise at 0 dB": _mixed(1, 0),
    "white noise at 10 dB": _mixed(0, 10), "clipped by 20 dB": _clipped,
    "clipped, then MP3": lambda sound, random: _MP3(_clipped(sound, random)),
    "sound cut after 40%": lambda sound, random: sound[:round(0.4 * len(sound))]}
_OPUS = _coded(RATE, "OGG", "OPUS")
_EDGE = RATE // 20
COPIES: Mapping[str, Callable[[Samples], Samples]] = {
    "MP3 at 44.1 kHz, padding": lambda sound: _padded(_coded(44_100, "MP3")(sound)), "Opus": _OPUS,
    "quieter, padding, Opus": lambda sound: _OPUS(_padded(0.5 * sound)), "a fifth of the volume": lambda sound:
    _samples(np.round(0.2 * sound * 32767) / 32767), "mu-law at 8 kHz": _coded(8000, "WAV", "ULAW"),
    "cut by 50 ms at both ends": lambda sound: sound[_EDGE:-_EDGE], "MP3 at its lowest quality":
    _coded(RATE, "MP3", level=0.99), "Vorbis at its lowest quality": _coded(RATE, "OGG", "VORBIS", 1.0),
    "GSM at 8 kHz": _coded(8000, "WAV", "GSM610"), "Opus at its lowest quality": _coded(RATE, "OGG", "OPUS", 1.0)}
_CYRILLIC = str.maketrans("abdefghiklmnoprstuvwxyz", "абдефгхиклмнопрстуввхуз")


def no_letters(text: str) -> str:
    """Signs and digits in place of letters."""
    return "".join(" " if letter == " " else "0123456789?!"[ord(letter) % 12] for letter in text)


def cyrillic(text: str) -> str:
    """Cyrillic letters in place of Latin ones."""
    return text.translate(_CYRILLIC)


def cut(text: str) -> str:
    """The first 40 % of a transcript."""
    return text[:max(1, round(0.4 * len(text)))].strip() or text
