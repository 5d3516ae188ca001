"""Several speakers held out in turn: for each, what another training would learn from and be scored on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vernacular.config.speech import SpeechSplits
from vernacular.core.confidence import FEWEST_TEXTS
from vernacular.core.result import Result
from vernacular.speech.cleaning.transcripts import comparable
from vernacular.speech.splits.assignment import DEV, PARTS, TRAIN, position
from vernacular.speech.utterance import Utterance

_LEAST_LEFT = 0.2  # share of the seconds of train that the other speakers must have
_IN_TEST = 0.5  # share of the texts of both sides that stay in test


class Fold(Result):
    """One held-out speaker: ids of the utterances of each side."""

    speaker: str
    train: list[str]
    dev: list[str]  # by other speakers, for early stopping
    test: list[str]  # all by the speaker
    left_out: int  # utterances of either side, because the other side has the same text


def make_folds(utterances: Sequence[Utterance], parts: Mapping[str, str], settings: SpeechSplits
               ) -> tuple[list[Fold], str]:
    """Return the folds, and why there are fewer than wanted.

    Speakers need at least ``FEWEST_TEXTS`` transcribed utterances, and the others a fifth of the speech for training.
    The others' utterances of the speaker's sessions are left out if that leaves enough.
    """
    divided = [one for one in utterances if parts[one.id] in PARTS]
    folds = list[Fold]()

    def seconds(some: Sequence[Utterance]) -> float:
        return sum(one.seconds for one in some if parts[one.id] == TRAIN)

    def enough(some: Sequence[Utterance]) -> bool:
        return seconds(some) >= _LEAST_LEFT * seconds(divided)

    for speaker in sorted({one.speaker for one in divided} - {""}, key=lambda name: position(settings.seed, name)):
        test = [one for one in divided if one.speaker == speaker]
        others = [one for one in divided if parts[one.id] in (TRAIN, DEV) and one.speaker not in ("", speaker)]
        sessions = {(one.source, one.session) for one in test if one.session}
        apart = [one for one in others if (one.source, one.session) not in sessions]
        if "session" in settings.disjoint and enough(apart):
            others = apart
        if len(folds) < settings.folds and len(test) >= FEWEST_TEXTS and enough(others):
            train, dev = ([one for one in others if parts[one.id] == part] for part in (TRAIN, DEV))
            fold = _fold(speaker, train, dev, test, settings)
            if fold.train and len(fold.test) >= FEWEST_TEXTS:
                folds.append(fold)
    note = (f"{len(folds)} of {settings.folds} speakers could be held out: the others are not stated, have fewer than "
            f"{FEWEST_TEXTS} transcribed utterances, or leave too little for training")
    return folds, note if len(folds) < settings.folds else ""


def _fold(speaker: str, others: Sequence[Utterance], dev: Sequence[Utterance], test: Sequence[Utterance],
          settings: SpeechSplits) -> Fold:
    if "text" not in settings.disjoint:
        return Fold(speaker=speaker, train=_ids(others), dev=_ids(dev), test=_ids(test), left_out=0)
    shared = {comparable(one.text) for one in (*others, *dev)} & {comparable(one.text) for one in test}
    in_test = {text for text in shared if position(settings.seed, "text", text) < _IN_TEST}
    scored = [one for one in test if comparable(one.text) not in shared - in_test]
    learned, chosen = ([one for one in some if comparable(one.text) not in in_test] for some in (others, dev))
    left_out = len(test) - len(scored) + len(others) - len(learned) + len(dev) - len(chosen)
    return Fold(speaker=speaker, train=_ids(learned), dev=_ids(chosen), test=_ids(scored), left_out=left_out)


def _ids(utterances: Sequence[Utterance]) -> list[str]:
    return [one.id for one in utterances]
