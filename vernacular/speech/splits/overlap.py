"""What train, dev and test share: speakers, sessions, texts, words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from vernacular.config.speech import SpeechSplits
from vernacular.speech.cleaning.transcripts import comparable
from vernacular.speech.splits.assignment import DEV, PARTS, TEST, TRAIN
from vernacular.speech.splits.stage_results import SharedBetweenParts
from vernacular.speech.utterance import Utterance

_VALUES: dict[str, Callable[[Utterance], str]] = {
    "speaker": lambda one: one.speaker, "session": lambda one: one.session and f"{one.source}/{one.session}",
    "text": lambda one: comparable(one.text)}


def find_shared(utterances: Sequence[Utterance], parts: Mapping[str, str], settings: SpeechSplits,
                reasons: Mapping[str, str]) -> list[SharedBetweenParts]:
    """Return for speakers, sessions and texts what train shares with dev and test.

    Args:
        utterances: of ``speech/clean``.
        parts: id -> part.
        settings: what was to be disjoint.
        reasons: why a division by this was not possible.
    """
    kinds = []
    for kind, value_of in _VALUES.items():
        train = {value_of(one) for one in utterances if parts[one.id] == TRAIN} - {""}
        held_out = [one for one in utterances if parts[one.id] in (DEV, TEST)]
        shared = [one for one in held_out if value_of(one) in train]
        kinds.append(SharedBetweenParts(
            kind=kind, wanted=kind in settings.disjoint, values=len({value_of(one) for one in shared}),
            utterances=len(shared), share=len(shared) / max(len(held_out), 1), reason=reasons.get(kind, ""),
            not_stated=sum(not value_of(one) for one in utterances if parts[one.id] in PARTS)))
    return kinds


def words_in_train(utterances: Sequence[Utterance], parts: Mapping[str, str]) -> dict[str, tuple[bool, float]]:
    """Return for each utterance of dev and test whether train has its text, and the share of its words in train."""
    texts = Counter(comparable(one.text) for one in utterances if parts[one.id] == TRAIN)
    words = {word for text in texts for word in text.split()}
    shares = {}
    for one in utterances:
        if parts[one.id] in (DEV, TEST):
            text = comparable(one.text)
            own = text.split()
            shares[one.id] = text in texts, sum(word in words for word in own) / max(len(own), 1)
    return shares
