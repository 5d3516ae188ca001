"""The utterances that a training hears, those that choose, and those that are scored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.speech.splits.stage import FOLDS, SPLITS
from vernacular.speech.transcription.alphabet import normal
from vernacular.speech.utterance import Utterance, read_utterances

_CHOOSING = 0.1  # share of the transcripts for training that choose where there is no dev part for that
_FEWEST = 8  # utterances of a part


@dataclass(frozen=True)
class Parts:
    """Utterances with a transcript, by what they are for."""

    train: list[Utterance]
    choose: list[Utterance]  # early stopping and the weights of the language model
    score: list[Utterance]

    def limited(self, minutes: float) -> Parts:
        """The same with about so many minutes of training; a smaller limit keeps a part of a larger one."""
        chosen, seconds = list[Utterance](), 0.0
        for utterance in sorted(self.train, key=lambda one: _rank(one.id)):
            if seconds >= minutes * 60:
                break
            chosen.append(utterance)
            seconds += utterance.seconds
        return Parts(chosen, self.choose, self.score)

    def without(self, ids: Collection[str]) -> Parts:
        """The same without these in what trains and chooses, unless they are all that there is."""
        return Parts([one for one in self.train if one.id not in ids] or self.train,
                     [one for one in self.choose if one.id not in ids] or self.choose, self.score)

    @property
    def minutes(self) -> float:
        """Minutes of training."""
        return sum(one.seconds for one in self.train) / 60


def read_parts(clean: Path, splits: Path) -> tuple[Parts, str, dict[str, Parts]]:
    """The parts, the name of the scored one, and the parts with each held-out speaker.

    With a test part, it is scored and dev chooses. Without one, dev is scored, and a tenth of the training transcripts
    chooses, with no text in both. With a held-out speaker, dev by the others chooses.

    Raises:
        Problem: a part has too few utterances.
    """
    utterances = {one.id: one for one in read_utterances(clean) if normal(one.text)}
    named: dict[str, list[Utterance]] = {}
    for row in pq.read_table(splits / SPLITS).to_pylist():
        if row["id"] in utterances:
            named.setdefault(row["part"], []).append(utterances[row["id"]])
    train, dev, test = (_for_training(named.get("train", [])), named.get("dev", []), named.get("test", []))
    parts = Parts(train, dev, test) if test else carved(train, dev)
    for name, some in (("train", parts.train), ("dev", dev)):
        if len(some) < _FEWEST:
            raise Problem(f"only {len(some)} utterances with a transcript are in {name}", where="speech",
                          fix="Add transcribed recordings, or change `speech.splits`", code=Code.DATA_SPLIT)
    return parts, "test" if test else "dev", _folds(splits, utterances)


def carved(train: Sequence[Utterance], score: Sequence[Utterance]) -> Parts:
    """Parts in which a tenth of the texts of ``train`` chooses."""
    ordered = sorted(train, key=lambda one: (_rank(normal(one.text)), one.id))
    count = max(1, round(len(ordered) * _CHOOSING))
    while count < len(ordered) and normal(ordered[count].text) == normal(ordered[count - 1].text):
        count += 1
    return Parts(ordered[count:], ordered[:count], list(score))


def shared_texts(parts: Parts) -> list[bool]:
    """For each scored utterance, whether training has read all its words."""
    known = {word for one in (*parts.train, *parts.choose) for word in normal(one.text).split()}
    return [known >= {*normal(one.text).split()} for one in parts.score]


def _folds(splits: Path, utterances: Mapping[str, Utterance]) -> dict[str, Parts]:
    path = splits / FOLDS
    folds = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    found = {}
    for fold in folds:
        train, dev, test = ([utterances[one] for one in fold[name] if one in utterances]
                            for name in ("train", "dev", "test"))
        train = _for_training(train)
        if len(train) >= _FEWEST and test:
            found[fold["speaker"]] = Parts(train, dev, test) if len(dev) >= _FEWEST else carved(train, test)
    return found


def _for_training(utterances: Sequence[Utterance]) -> list[Utterance]:
    return [one for one in utterances if "training" in one.uses]


def _rank(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
