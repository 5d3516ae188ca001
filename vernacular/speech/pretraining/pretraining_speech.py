"""Which utterances a pretraining reads, and how many hours they are. Loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from vernacular.speech.utterance import RATE, Utterance, read_utterances

SPLITS = "splits.parquet"
LEAST_SECONDS = 0.5  # of an utterance: shorter ones have too few frames to mask some and read others
_EVERY = 20  # one utterance of so many is held out where there is no dev part
_FEWEST = 8  # utterances of a dev part that is used
_MOST_HELD_OUT = 64  # utterances whose loss is measured


@dataclass(frozen=True)
class PretrainingSpeech:
    """Utterances by what they are for. None is of the test part."""

    train: list[Utterance]  # transcribed or not
    held_out: list[Utterance]  # whose loss ends the training

    @property
    def hours(self) -> float:
        """Hours of speech to learn from."""
        return sum(map(seconds_of, self.train)) / 3600


def read_pretraining_speech(clean: Path, splits: Path) -> PretrainingSpeech:
    """Return what a pretraining reads: the parts train and untranscribed, if they may be used for training.

    Args:
        clean: the artifact of ``speech/clean``.
        splits: that of ``speech/splits``.
    """
    parts = {row["id"]: row["part"] for row in pq.read_table(splits / SPLITS).to_pylist()}
    usable = [one for one in read_utterances(clean) if "training" in one.uses and seconds_of(one) >= LEAST_SECONDS]
    train = [one for one in usable if parts.get(one.id) in ("train", "untranscribed")]
    dev = [one for one in usable if parts.get(one.id) == "dev"]
    if len(dev) >= _FEWEST:
        return PretrainingSpeech(train, spread(dev))
    chosen = {one.id for one in sorted(train, key=lambda one: one.id)[::_EVERY]}
    return PretrainingSpeech([one for one in train if one.id not in chosen],
                       spread([one for one in train if one.id in chosen]))


def seconds_of(utterance: Utterance) -> float:
    """Return the length of an utterance, without trimmed silence."""
    if utterance.start_sample is None or utterance.end_sample is None:
        return utterance.seconds
    return (utterance.end_sample - utterance.start_sample) / RATE


def spread(utterances: list[Utterance]) -> list[Utterance]:
    """Return at most ``_MOST_HELD_OUT`` of them, evenly spread."""
    return utterances[::max(1, -(-len(utterances) // _MOST_HELD_OUT))]
