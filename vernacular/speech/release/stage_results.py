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


class SpeechSourceFacts(Result):
    """A source of recordings, as language.yaml has it now."""

    name: str
    licence: str
    consent: str
    minutes: Number  # that training heard


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
    not_for_release: int  # utterances of the training that may not be used for a release
    release_gates: list[Gate]
    waivers: list[Waiver]
