"""Made-up artifacts of a language with two speakers, one of whom lets recordings be played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.unit.release.made_up import put
from tests.unit.speech.transcription.spoken import say
from vernacular.config.schema import Language
from vernacular.core.jsonl import write_jsonl
from vernacular.core.report import Gate, Report
from vernacular.core.result import Estimate
from vernacular.core.store import Artifact, Store
from vernacular.speech.behavior.judge import summarize
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.cleaning.stage_results import SpeechCleanResult
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.recordings.stage import write_speakers
from vernacular.speech.recordings.stage_results import RecordingsResult, SourceSpeech
from vernacular.speech.release.gates import speech_gates
from vernacular.speech.release.stage_results import SpeechReleaseResult, SpeechSourceFacts
from vernacular.speech.transcription.stage_results import (
    TRANSCRIPTS,
    CurvePoint,
    ErrorRates,
    HeldOutSpeaker,
    Scored,
    TranscriptionResult,
)
from vernacular.speech.utterance import Utterance, write_audio, write_utterances

CODE, MODEL = "qaa", "spoken"
SPEECH: dict[str, Any] = {
    "sources": [{"name": "made", "kind": "audio", "licence": "CC0-1.0", "consent": "contributor",
                 "transcripts": {"kind": "none"}}],
    "models": {MODEL: {"base": {"path": "base", "licence": "MIT"}, "steps": 30}}}


def spoken_language(folder: Path) -> Language:
    """A folder with speech alone."""
    folder.mkdir(parents=True, exist_ok=True)
    return Language(code=CODE, folder=folder, name="Made", script="Latn", speech=SPEECH)


def transcription(differences: float = -20.0) -> TranscriptionResult:
    """A result with a baseline, a held-out speaker and a curve."""
    def scored(cer: float) -> Scored:
        rates = [Estimate(mean=one, low=one - 1, high=one + 1) for one in (cer, 2 * cer)]
        return Scored(greedy=ErrorRates(utterances=2, cer=rates[0], wer=rates[1]), empty=0, trainings=[])

    return TranscriptionResult(
        part="test", minutes=30, symbols=["", "a"], scored=scored(25), baselines={"log_mel": scored(45)},
        differences={"log_mel": (differences - 1, differences, differences + 1)}, confidence=-0.5,
        speakers=[HeldOutSpeaker(speaker="speaker-2", minutes=15, scored=scored(36))],
        curve=[CurvePoint(minutes=10, scored=scored(40))])


def behavior(silent: bool = True) -> SpeechBehaviorResult:
    """The test of silence, passed or failed."""
    return SpeechBehaviorResult(tests={"silence": summarize([not silent] * 4, "digital silence", "a letter", 0.05)},
                                utterances=4)


def released(**changes: Any) -> SpeechReleaseResult:
    """The result of a release."""
    return SpeechReleaseResult(**{
        "language": CODE, "model": MODEL, "base": "base", "base_licence": "MIT", "method": "frozen",
        "transcription": transcription(), "behaviour": behavior(), "groups": [], "asked": 8, "same": 1.0,
        "sources": [SpeechSourceFacts(name="made", licence="CC0-1.0", consent="contributor", minutes=30)],
        "texts": [], "not_for_release": [], "consent_unknown": [], "release_gates": [], "waivers": [], **changes})


def put_speech(store: Store, language: Language, silent: bool = True) -> None:
    """Publish what all stages of speech made."""
    recorded, trained, tested, made = Report(), Report(gates=[Gate(name="writes", passed=True, reason="")]), Report(), (
        Report())
    recorded.set_result(RecordingsResult(speakers=2, sources={"made": SourceSpeech(
        utterances=2, transcribed=2, hours=0.5, speakers=2, rejected=0)}))
    trained.set_result(transcription())
    tested.set_result(behavior(silent))
    result = released(behaviour=behavior(silent))
    made.gates = speech_gates(result)
    made.set_result(result.model_copy(update={"release_gates": speech_gates(result)}))
    cleaned = Report()
    cleaned.set_result(SpeechCleanResult(utterances=2, transcribed=2, hours=0.5, hours_transcribed=0.5, losses=[],
                                         not_checked={}))
    put(store, language, {"speech/recordings": recorded, f"speech/transcription_{MODEL}": trained,
                          f"speech/behaviour_{MODEL}": tested, f"speech/release_{MODEL}": made,
                          "speech/clean": cleaned})
    _fill(store, language)


def _fill(store: Store, language: Language) -> None:
    """Write two utterances, one of which may be played, and their transcripts."""
    recordings, clean, trained = (_current(store, language, stage) for stage in (
        "speech/recordings", "speech/clean", f"speech/transcription_{MODEL}"))
    utterances = [Utterance(
        id=f"{number:024x}", source="made", file="", raw_digest="", speaker=f"speaker-{number}", session="", start=0,
        seconds=1, text="ae <io>", translation="", split="", licence="CC0-1.0", consent="contributor", uses=uses)
        for number, uses in enumerate((["training", "playing"], ["training"]))]
    for one in utterances:
        write_audio(recordings.folder, one.id, say("ae io", 1, np.random.default_rng(1)))
    write_speakers(recordings.folder, utterances, Speakers.of(language))
    write_utterances(clean.folder, utterances)
    write_jsonl(trained.folder / TRANSCRIPTS, [{"id": one.id, "text": one.text, "greedy": "ae i", "decoded": None,
                                                "log_mel": "a"} for one in utterances])


def _current(store: Store, language: Language, stage: str) -> Artifact:
    found = store.current(language.code, stage)
    assert found is not None
    return found
