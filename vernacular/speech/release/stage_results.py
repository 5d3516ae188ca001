"""What the stage ``speech/release_<model>`` found out. Loads no torch."""

from __future__ import annotations

from vernacular.core.report import Gate
from vernacular.core.result import Number, Result
from vernacular.release.waivers import Waiver
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.transcription.stage_results import TranscriptionResult


class SpeakerGroup(Result):
    """Speech of people with the same answers about themselves."""

    gender: str
    age: str
    village: str
    speakers: int
    hours: Number


class SpeechTextFacts(Result):
    """A source, as language.yaml has it now: of the text that the language model learned from, or of recordings."""

    name: str
    licence: str
    consent: str


class SpeechSourceFacts(SpeechTextFacts):
    """A source of recordings."""

    minutes: Number  # that training heard


class HeardFrom(Result):
    """Utterances of one speaker in one source that training heard."""

    source: str
    speaker: str  # pseudonym; empty when not stated
    utterances: int


class SpeechReleaseResult(Result):
    """The result of ``speech/release_<model>``, and the content of ``evaluation.json``."""

    language: str
    model: str
    base: str
    base_licence: str
    method: str
    transcription: TranscriptionResult
    behaviour: SpeechBehaviorResult
    sources: list[SpeechSourceFacts]
    groups: list[SpeakerGroup]  # of the speakers whom training heard
    asked: int  # scored utterances that ``pipeline`` transcribed again
    same: Number  # share of them with the scored text
    texts: list[SpeechTextFacts]  # of the language model; none without one
    not_for_release: list[HeardFrom]  # who does not allow a release
    consent_unknown: list[HeardFrom]
    release_gates: list[Gate]
    waivers: list[Waiver]
