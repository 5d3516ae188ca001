"""The result of ``speech/clean``."""

from __future__ import annotations

from vernacular.core.result import Number, Result


class SpeechLoss(Result):
    """What one rule dropped of one source."""

    source: str
    rule: str
    recordings: int  # dropped, with their transcripts
    transcripts: int  # dropped alone
    share: Number  # of the seconds of the source (recordings), or of its transcripts


class SpeechCleanResult(Result):
    """What is left, and what each rule took."""

    utterances: int
    transcribed: int
    hours: Number
    hours_transcribed: Number
    losses: list[SpeechLoss]  # largest share first
    not_checked: dict[str, str]  # check that could not be done -> why
