"""Declares the stage ``speech/recordings``."""

from __future__ import annotations

from pathlib import Path

from vernacular.config.limits import Limits
from vernacular.config.schema import Language
from vernacular.config.sources import is_local
from vernacular.config.speech_sources import AudioHubSource, SpeechSource
from vernacular.config.strict import Strict
from vernacular.core.entry_point import EntryPoint
from vernacular.pipeline.stage import GateSpec, Progress, Stage
from vernacular.provenance.suppression_list import Suppressions
from vernacular.speech.recordings.hub_fetch import fetch_recordings
from vernacular.speech.recordings.sources import version_of
from vernacular.speech.recordings.speakers import Speakers, make_key
from vernacular.speech.recordings.stage_results import RecordingsResult

SPEAKERS_LIST = "speakers"  # names the digest of the list of speakers in a manifest


class RecordingsSettings(Strict):
    """Settings of ``speech/recordings``; without names of speakers, since a manifest keeps them."""

    sources: list[SpeechSource]
    limits: Limits


def stages(language: Language) -> list[Stage]:
    """The stage that reads the recordings of ``language``."""
    return [Stage(
        name="speech/recordings", version="1", inputs=(), settings=_settings, outside=_outside, prepare=_prepare,
        run=EntryPoint("vernacular.speech.recordings.stage:run"), result=RecordingsResult, includes_licenses=True,
        gates=(GateSpec("recordings_readable", "Every recording of every source can be read.", False),
               GateSpec("some_speech", "There is at least one utterance.", True)),
        description="Every utterance of every source, mono at 16 kHz, with its ledger row: source, speaker's "
                    "pseudonym, licence, consent, uses. What was withdrawn is not among them; `rejects.parquet` says "
                    "why a file could not be read.")]


def _settings(language: Language) -> RecordingsSettings:
    assert language.speech is not None
    known = Speakers.of(language)
    return RecordingsSettings(limits=language.limits, sources=[
        source.model_copy(update={"speaker": known.pseudonym(source.speaker)}) for source in language.speech.sources])


def _outside(language: Language, root: Path) -> dict[str, str]:
    assert language.speech is not None
    taken_down, speakers = Suppressions.of(language.folder).sources, Speakers.of(language)
    return {SPEAKERS_LIST: speakers.version(),
            **{f"speech source/{source.name}": version_of(language, source, root, speakers.key)
               for source in language.speech.sources if source.name not in taken_down}}


def _prepare(language: Language, root: Path, progress: Progress) -> None:
    assert language.speech is not None
    make_key(language)
    taken_down = Suppressions.of(language.folder).sources
    for source in language.speech.sources:
        if isinstance(source, AudioHubSource) and not is_local(source.dataset) and source.name not in taken_down:
            fetch_recordings(language, source, root, progress)
