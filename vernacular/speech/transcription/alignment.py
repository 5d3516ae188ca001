"""Finds transcripts that do not belong to their sound, with models that did not learn from them.

The texts are divided into two halves. A head trained on each half reads the sounds of the other one, and the CTC loss
of each transcript is compared with those of other transcripts of similar length on the same sound. For a transcript of
another utterance every rank is equally likely, whatever the model. So the low ranks show how many are wrong, and with
them how many right ones a limit would cost (Storey 2002). Without a limit that costs few, nothing is suspect.

A transcript that lacks a part of the speech fits better than others. It is found by adding pieces of others to it: a
whole one then fits worse.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import ctc_loss

from vernacular.speech.cleaning.transcripts import comparable
from vernacular.speech.model_code.speech_decoding import best_path
from vernacular.speech.transcription.alphabet import Alphabet, normal
from vernacular.speech.transcription.frozen_method import FrozenMethod
from vernacular.speech.transcription.head_training import Budget, HeadSettings, Scores
from vernacular.speech.utterance import Utterance

OTHERS = 50  # transcripts that each one is compared with
_PIECE, _PIECES = 4, 20  # characters of pieces of other transcripts, and how many are added to each one
_MOST_LONGER = 0.0  # share of the pieces that may fit; docs/experiments/speech-cleaning.md
_WORST = 1e4  # loss of a transcript with more symbols than there are frames
FEWEST = 200  # transcripts, and texts of a source that are compared among each other
BUDGET = Budget(steps=300)
SETTINGS = replace(HeadSettings(), rate=4e-3, batch=1200, looks=1)
BATCH_SECONDS = 24.0
_LIMITS = (0.0, 0.02, 0.04, 0.06, 0.1, 0.2, 0.3)  # share of other transcripts that may fit better
_LOW = (0.5, 0.9)  # ranks of wrong transcripts; those of other languages are even lower
_MOST_LOST = 0.01  # of the right transcripts
_MOST_WRONG = 0.5  # with more, the model has learned nothing, or the transcripts are of other recordings


@dataclass(frozen=True)
class Alignment:
    """How well a transcript fits its sound."""

    loss: float  # nats per character
    better: float  # share of other transcripts that fit better
    longer: float  # share of pieces of others that make it fit better at its end, or at its beginning
    heard: str  # what the model writes


@dataclass(frozen=True)
class Judgment:
    """What the ranks of all transcripts show."""

    limit: float | None  # share of better ones from which a transcript is suspect; None if no limit separates them
    wrong: float  # estimated share of transcripts of other utterances
    lost: float  # estimated share of the right transcripts beyond the limit


def align(method: FrozenMethod, utterances: Sequence[Utterance], budget: Budget, seed: int,
          say: Callable[[str], None]) -> list[Alignment]:
    """Compare the transcript of each utterance with those of others, by a model that did not learn from it.

    Args:
        method: with the states of ``utterances``; its settings are not used.
        utterances: with transcripts.
        budget: of each of the two trainings.
        seed: of the trainings.
        say: receives lines for a person.
    """
    alphabet = Alphabet.of(one.text for one in utterances)
    trained, half = replace(method, settings=SETTINGS), [_half(one.text) for one in utterances]
    pools = _Pools.of(utterances)
    found: dict[int, Alignment] = {}
    for number in (0, 1):
        learned = [one for one, own in zip(utterances, half, strict=True) if own != number]
        model = trained.train(learned, learned[:1], alphabet, budget, seed, say)
        for row, one in enumerate(utterances):
            if half[row] == number:
                scores = model.scores(one)
                assert scores is not None
                found[row] = _compare(scores, one, pools.others(one), alphabet)
    return [found[row] for row in range(len(utterances))]


def find_suspects(alignments: Sequence[Alignment]) -> tuple[Judgment, list[bool]]:
    """Return whether each transcript is suspect; none is if the ranks show that the models are too weak."""
    found = judge(np.array([one.better for one in alignments]))
    return found, [found.limit is not None and (one.better > found.limit or one.longer > _MOST_LONGER)
                   for one in alignments]


def judge(better: NDArray[np.float64]) -> Judgment:
    """Return the lowest limit that costs few right transcripts.

    Args:
        better: for each transcript the share of others that fit better.
    """
    low, high = _LOW
    density = float(((better > low) & (better <= high)).mean()) / (high - low)
    wrong = min(1.0, density)
    for limit in _LIMITS:
        surplus = float(((better > limit) & (better <= low)).mean()) - density * (low - limit)
        lost = max(0.0, surplus) / max(1 - wrong, 1e-9)
        if lost <= _MOST_LOST and wrong < _MOST_WRONG:
            return Judgment(limit, wrong, lost)
    return Judgment(None, wrong, lost)


def _compare(scores: Scores, utterance: Utterance, others: Sequence[str], alphabet: Alphabet) -> Alignment:
    own = alphabet.encode(utterance.text)
    texts, space = [alphabet.encode(text) for text in others], alphabet.encode(" ")
    first, *losses = ctc_losses(scores, [own, *texts])
    after = ctc_losses(scores, [[*own, *space, *text[-_PIECE:]] for text in texts[:_PIECES]])
    before = ctc_losses(scores, [[*text[:_PIECE], *space, *own] for text in texts[:_PIECES]])
    return Alignment(min(first, _WORST) / len(own), _share([loss <= first for loss in losses]),
                     max(_share([loss < first for loss in some]) for some in (after, before)),
                     alphabet.decode(best_path(scores)))


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def ctc_losses(scores: Scores, targets: Sequence[Sequence[int]]) -> list[float]:
    """Return the loss of each target on one sound, in nats; infinite if it has more symbols than there are frames."""
    found: list[float] = ctc_loss(
        torch.from_numpy(scores)[:, None].expand(-1, len(targets), -1),
        torch.tensor([symbol for target in targets for symbol in target]), torch.full((len(targets),), len(scores)),
        torch.tensor([len(target) for target in targets]), reduction="none").tolist()
    return found


def _half(text: str) -> int:
    return int(_digest(text), 16) % 2


def _digest(text: str) -> str:
    return hashlib.sha256(comparable(text).encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class _Pools:
    """The different texts of each source, the shortest first; of small sources all texts together."""

    sources: Mapping[str, list[str]]
    all: list[str]

    @classmethod
    def of(cls, utterances: Sequence[Utterance]) -> _Pools:
        texts = {source: _ordered([one for one in utterances if one.source == source])
                 for source in {one.source for one in utterances}}
        return cls({source: some for source, some in texts.items() if len(some) >= FEWEST}, _ordered(utterances))

    def others(self, utterance: Utterance) -> list[str]:
        """Texts of about the same length."""
        pool, own = self.sources.get(utterance.source, self.all), comparable(utterance.text)
        middle = bisect_left(pool, len(normal(utterance.text)), key=len)
        start = max(0, min(middle - OTHERS // 2, len(pool) - OTHERS - 1))
        return [text for text in pool[start:start + OTHERS + 1] if comparable(text) != own][:OTHERS]


def _ordered(utterances: Sequence[Utterance]) -> list[str]:
    # texts of one length in the order of their digests: neighbors in the alphabet would be too similar
    texts = {comparable(one.text): normal(one.text) for one in utterances}
    return sorted(texts.values(), key=lambda text: (len(text), _digest(text)))
