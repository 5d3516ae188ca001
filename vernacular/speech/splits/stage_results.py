"""The result of ``speech/splits``."""

from __future__ import annotations

from vernacular.core.result import Number, Result


class SpeechPart(Result):
    """The size of a part."""

    utterances: int
    minutes: Number
    speakers: int  # that are stated


class SharedBetweenParts(Result):
    """What train shares with dev and test, for one of speaker, session and text."""

    kind: str
    wanted: bool  # whether it was to be disjoint
    values: int  # speakers, sessions or texts on both sides
    utterances: int  # of dev and test that are concerned
    share: Number  # of the utterances of dev and test
    not_stated: int  # utterances of train, dev and test without a value
    reason: str  # why it could not be disjoint

    @property
    def disjoint(self) -> bool:
        """Whether nothing is shared, and everything is stated."""
        return not self.values and not self.not_stated


class FoldSize(Result):
    """A held-out speaker and the size of both sides."""

    speaker: str
    train_minutes: Number
    test_utterances: int
    test_minutes: Number
    left_out: int


class SpeechSplitsResult(Result):
    """What is held out, and what the parts share."""

    parts: dict[str, SpeechPart]
    unit: str  # what whole units go to a part: speaker, session, text or utterance; empty if the split was given
    shared: list[SharedBetweenParts]
    texts_in_train: dict[str, int]  # part -> its utterances whose text is in train
    words_in_train: dict[str, int]  # part -> its utterances all of whose words are in train, the text not
    folds: list[FoldSize]
    folds_note: str  # why there are fewer folds than wanted
    same_voices: Number  # minutes of untranscribed speech by speakers of test
