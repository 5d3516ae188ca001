"""Invented speech: vowels of a synthetic voice, which voice activity detection hears as speech."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from vernacular.speech.utterance import RATE, Samples, Utterance

_VOWELS = np.array([(730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410)], float)
_WIDTHS = (80, 100, 140)  # hertz of the formants
_FRAME = 160  # samples in which the mouth does not move


def speech(seed: int, syllables: int = 8, pitch: float = 150.0) -> Samples:
    """Return some two seconds of invented speech with 0.3 s of near silence at both ends."""
    draw = np.random.default_rng(seed)
    formants, voice, breath = _movements(draw, syllables)
    count = len(voice)
    tone = pitch * (1.15 - 0.3 * np.arange(count) / count) * (1 + 0.05 * np.sin(np.arange(count) / 12))
    pulses = (np.diff(np.floor(np.cumsum(np.repeat(tone, _FRAME) / RATE)), prepend=0) > 0).astype(float)
    sound = lfilter([1], [1, -0.95], pulses) * np.repeat(voice, _FRAME)
    sound += draw.standard_normal(len(sound)) * np.repeat(breath, _FRAME)
    for number, width in enumerate(_WIDTHS):
        sound = _resonate(sound, formants[:, number], width)
    sound = np.concatenate([np.zeros(4800), np.diff(sound, prepend=0), np.zeros(4800)])
    return np.asarray(sound / np.abs(sound).max() * 0.5 + draw.standard_normal(len(sound)) * 5e-4, np.float32)


def _movements(draw: np.random.Generator, syllables: int) -> tuple[NDArray[np.float64], ...]:
    """Formants, loudness of the voice and of breath in each frame, for consonants and vowels in turn."""
    rows = []
    for _ in range(syllables):
        vowel, closed = _VOWELS[draw.integers(5)], np.array((250, draw.uniform(200, 1800), 2500))
        length = int(draw.uniform(12, 20))
        rows += [(*closed, 0.05, 0.2)] * 3
        for number in range(length):
            mix = np.exp(-number / 5)
            rows.append((*(vowel * (1 - mix) + closed * mix), np.sin(np.pi * (number + 1) / (length + 1))**0.4, 0.01))
    table = np.array(rows)
    return table[:, :3], table[:, 3], table[:, 4]


def _resonate(sound: NDArray[np.float64], formant: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    radius, state, parts = np.exp(-np.pi * width / RATE), np.zeros(2), []
    for number, hertz in enumerate(formant):
        poles = [1, -2 * radius * np.cos(2 * np.pi * hertz / RATE), radius**2]
        part, state = lfilter([sum(poles)], poles, sound[number * _FRAME:(number + 1) * _FRAME], zi=state)
        parts.append(part)
    return np.concatenate(parts)


def utterance(number: int, text: str = "", *, speaker: str = "", session: str = "", seconds: float = 2.0,
              source: str = "stories", split: str = "", uses: tuple[str, ...] = ("training",)) -> Utterance:
    """Return an utterance with the id ``number``."""
    return Utterance(id=f"{number:024x}", source=source, file=f"{number}.wav", raw_digest=f"{number:016x}",
                     speaker=speaker, session=session, start=0.0, seconds=seconds, text=text, translation="",
                     split=split, licence="CC0-1.0", consent="contributor", uses=list(uses))
