"""The rows of the ledger of speech. Loads no pyarrow."""

from __future__ import annotations

from pydantic import Field

from vernacular.core.result import Number, Result


class Rights(Result):
    """What the speech of a row allows, all of it."""

    minutes: Number = 0.0
    licence: list[str] = Field(default_factory=list)
    consent: list[str] = Field(default_factory=list)
    uses: list[str] = Field(default_factory=list)


class RecordingRow(Rights):
    """A recording."""

    id: str
    source: str
    path: str
    speakers: list[str]  # pseudonyms
    utterances: int
    transcribed: int


class SpeakerRow(Rights):
    """A person who speaks; only the pseudonym is known where nothing is left of the person."""

    pseudonym: str
    withdrawn: bool  # by the folder as it is now; the next run removes the recordings
    sources: list[str] = Field(default_factory=list)
    utterances: int = 0
    gender: str = ""
    age: str = ""
    village: str = ""


class SpeechLedger(Result):
    """The rows that match a query."""

    recordings: list[RecordingRow] = Field(default_factory=list)
    speakers: list[SpeakerRow] = Field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.recordings or self.speakers)
