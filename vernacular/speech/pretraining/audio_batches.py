"""Crops of utterances for training steps: functions of seed and step, so that resuming needs no state.

All crops of a step have the length of its shortest utterance, as in fairseq: nothing is padded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vernacular.speech.pretraining.cluster_targets import Labels
from vernacular.speech.pretraining.objectives import Crops
from vernacular.speech.utterance import RATE, Samples

_ALIKE = 1.25  # utterances of a step differ in length by about this factor
_MIXED = 0.2  # share of crops that get another one mixed in (WavLM)
_LOUDNESS = (-5.0, 5.0)  # of what is mixed in, in decibels relative to the crop


@dataclass(frozen=True)
class Audio:
    """Utterances by row."""

    samples: NDArray[np.int64]  # the length of each
    wave: Callable[[int], Samples]  # returns one
    labels: Sequence[Labels] | None = None  # the cluster of each state of each, if clusters are predicted


@dataclass
class Order:
    """Which utterances are read in which step."""

    samples: NDArray[np.int64]
    crop: int  # most samples of a crop
    batch: int  # most samples of a step
    seed: int
    _steps: list[NDArray[np.int64]] = field(default_factory=list)
    _passes: int = 0

    def rows(self, step: int) -> NDArray[np.int64]:
        """Return the utterances of ``step``."""
        while len(self._steps) <= step:
            self._steps += self._pass(np.random.default_rng((self.seed, 1, self._passes)))
            self._passes += 1
        return self._steps[step]

    def one_pass(self) -> list[NDArray[np.int64]]:
        """Return the steps of the first pass."""
        return self._pass(np.random.default_rng((self.seed, 1, 0)))

    def _pass(self, random: np.random.Generator) -> list[NDArray[np.int64]]:
        """Return the steps of one pass over everything."""
        length = np.minimum(self.samples, self.crop)
        rows = random.permutation(len(length))
        rows = rows[np.argsort(np.floor(np.log(length[rows]) / np.log(_ALIKE)), kind="stable")]
        groups: list[list[int]] = [[]]
        for row in rows.tolist():
            together = [*groups[-1], row]
            if groups[-1] and len(together) * int(length[together].min()) > self.batch:
                groups.append([])
            groups[-1].append(row)
        return [np.array(groups[index]) for index in random.permutation(len(groups))]


def crops_of(audio: Audio, rows: NDArray[np.int64], most: int, hop: int, mixes: bool,
             random: np.random.Generator | None) -> Crops:
    """Return a crop of each of ``rows``, all as long as the shortest utterance, at most ``most`` samples.

    Args:
        audio: the utterances.
        rows: which ones.
        most: samples of a crop.
        hop: samples between states; crops begin there, so that clusters fit.
        mixes: whether some crops get a piece of another one mixed in; their targets stay.
        random: draws the places; None takes the beginnings and mixes nothing.
    """
    length = int(min(most, audio.samples[rows].min()))
    waves, targets = [], []
    for row in rows.tolist():
        spare = (int(audio.samples[row]) - length) // hop
        first = 0 if random is None else int(random.integers(0, spare + 1))
        waves.append(audio.wave(row)[first * hop:first * hop + length])
        if audio.labels is not None:
            targets.append(audio.labels[row][first:first + length // hop])
    if mixes and random is not None:
        waves = [mix(wave, waves[int(random.integers(len(waves)))], random) if random.random() < _MIXED else wave
                 for wave in waves]
    fewest = min((len(one) for one in targets), default=0)
    return Crops(waves, np.stack([one[:fewest] for one in targets]).astype(np.int64) if targets else None)


def mix(wave: Samples, other: Samples, random: np.random.Generator) -> Samples:
    """Return ``wave`` with a piece of ``other`` of at most half its length mixed in (Chen et al. 2110.13900)."""
    length = int(random.integers(1, max(2, len(wave) // 2)))
    start, place = (int(random.integers(0, len(one) - length + 1)) for one in (other, wave))
    power = float(np.mean(other[start:start + length] ** 2))
    if power == 0:
        return wave
    wanted = float(np.mean(wave ** 2)) * 10 ** (random.uniform(*_LOUDNESS) / 10)
    mixed = wave.copy()
    mixed[place:place + length] += other[start:start + length] * np.float32(np.sqrt(wanted / power))
    return mixed


def seconds(samples: NDArray[np.int64]) -> float:
    """Return the seconds of utterances of so many samples."""
    return float(samples.sum()) / RATE
