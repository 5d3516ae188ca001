"""The sounds whose states a frozen method reads: utterances, the same at other speeds, pauses, and generated noise.

Each has a name, under which its states are stored. What a person recorded begins with the id of the utterance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from vernacular.speech.packages import load_package
from vernacular.speech.transcription.noises import KINDS, make_noise
from vernacular.speech.utterance import RATE, Samples, Utterance, load_audio

SPEEDS = (0.9, 1.1)  # of the copies that training hears; pitch and formants change as well (Ko et al. 2015)
MOST_COPIED = 2 * 3600  # seconds of training beyond which there are no copies: their states take 0.7 GB an hour each
_LEAST_PAUSE = 0.5  # seconds of silence before an utterance that are a pause
_NOISES = 40  # of each kind


@dataclass(frozen=True)
class Sound:
    """A sound and its name."""

    name: str
    listen: Callable[[], Samples]


def name_of(utterance: Utterance, speed: float = 1.0) -> str:
    """The name of an utterance at ``speed``: its id, and the samples that are read if silence was trimmed."""
    ends = [str(end) for end in (utterance.start_sample, utterance.end_sample) if end is not None]
    return "-".join([utterance.id, *ends, *([] if speed == 1 else [f"x{speed:g}"])])


def pause_before(utterance: Utterance) -> Utterance | None:
    """The silence that was trimmed before an utterance, or None if there is hardly any."""
    if not utterance.start_sample or utterance.start_sample < _LEAST_PAUSE * RATE:
        return None
    return replace(utterance, text="", start_sample=0, end_sample=utterance.start_sample,
                   seconds=utterance.start_sample / RATE)


def noise_names() -> list[str]:
    """The names of the generated sounds without speech."""
    return [f"noise-{kind}-{seed}" for kind in KINDS for seed in range(_NOISES)]


def sounds_of(utterances: Sequence[Utterance], train: Sequence[Utterance], recordings: Path) -> Iterator[Sound]:
    """Yield every sound that a method reads.

    Args:
        utterances: all.
        train: those of them that are learned from.
        recordings: folder of the artifact ``speech/recordings``.
    """
    for utterance in utterances:
        yield Sound(name_of(utterance), partial(load_audio, recordings, utterance))
    speeds = SPEEDS if sum(one.seconds for one in train) <= MOST_COPIED else ()
    for utterance in train:
        for speed in speeds:
            yield Sound(name_of(utterance, speed), partial(_at_speed, recordings, utterance, speed))
        if pause := pause_before(utterance):
            yield Sound(name_of(pause), partial(load_audio, recordings, pause))
    for name in noise_names():
        _, kind, seed = name.split("-")
        yield Sound(name, partial(make_noise, kind, int(seed)))


def _at_speed(recordings: Path, utterance: Utterance, speed: float) -> Samples:
    sound = load_package("soxr").resample(load_audio(recordings, utterance), RATE, RATE / speed)
    return np.asarray(sound, dtype=np.float32)
