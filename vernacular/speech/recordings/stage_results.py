"""The result of ``speech/recordings``."""

from __future__ import annotations

from vernacular.core.result import Number, Result


class SourceSpeech(Result):
    """What a source of recordings gave."""

    utterances: int
    transcribed: int
    hours: Number
    speakers: int
    rejected: int


class RecordingsResult(Result):
    """What was read, by source."""

    sources: dict[str, SourceSpeech]
    speakers: int  # with at least one utterance
