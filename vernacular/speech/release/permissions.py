"""Whom a transcription model heard, and what these people allow: when it was made, and by the folder as it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from vernacular.config.schema import Language
from vernacular.core.store import Artifact
from vernacular.provenance.suppression_list import Suppressions
from vernacular.speech.pretraining.pretraining_speech import read_pretraining_speech
from vernacular.speech.pretraining.stage_results import SpeechPretrainingResult
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.recordings.stages import SPEAKERS_LIST
from vernacular.speech.release.stage_results import HeardFrom
from vernacular.speech.transcription.parts import read_parts
from vernacular.speech.transcription.transcript_check import left_out
from vernacular.speech.utterance import Utterance


def heard_utterances(inputs: Mapping[str, Artifact]) -> list[Utterance]:
    """The utterances that training and, if there was one, pretraining read; ``inputs`` are those of the release."""
    clean, splits = inputs["speech/clean"].folder, inputs["speech/splits"].folder
    parts, heard = read_parts(clean, splits)[0], dict[str, Utterance]()
    for stage, made in inputs.items():
        if stage.startswith("speech/transcription_"):
            parts = parts.without(left_out(made))
        if stage.startswith("speech/pretrained_") and made.manifest.report.read_result(
                SpeechPretrainingResult, stage).trained:
            heard = {one.id: one for one in read_pretraining_speech(clean, splits).train}
    return [*(heard | {one.id: one for one in (*parts.train, *parts.choose)}).values()]


def as_allowed_now(utterances: Iterable[Utterance], language: Language) -> list[Utterance]:
    """The utterances with the uses and the consent that the folder states now; none for a source that is gone."""
    assert language.speech is not None
    speakers, sources = Speakers.of(language), {source.name: source for source in language.speech.sources}
    found = []
    for one in utterances:
        source = sources.get(one.source)
        uses, consent = ([], "unknown") if source is None else speakers.allow(source, one.speaker)
        found.append(replace(one, uses=uses, consent=consent))
    return found


def without_release(utterances: Sequence[Utterance]) -> list[HeardFrom]:
    """Who does not allow a release, by source and speaker."""
    return _counted(one for one in utterances if "release" not in one.uses)


def without_consent(utterances: Sequence[Utterance]) -> list[HeardFrom]:
    """Whose consent is unknown, by source and speaker."""
    return _counted(one for one in utterances if one.consent == "unknown")


def not_withdrawn(utterances: Iterable[Utterance], language: Language) -> list[Utterance]:
    """The utterances that may still be used: neither speaker nor recording nor source was taken down."""
    speakers, gone = Speakers.of(language), Suppressions.of(language.folder).sources
    return [one for one in utterances if not (one.source in gone or speakers.has_withdrawn(one.speaker)
                                              or speakers.digest(one.raw_digest) in speakers.withdrawn)]


def speakers_changed(recordings: Artifact, language: Language) -> bool:
    """Whether the list of speakers, or of who withdrew, is another than when the recordings were read.

    Pseudonyms in artifacts are those of that time: who was listed since is not found by pseudonym.
    """
    return recordings.manifest.outside.get(SPEAKERS_LIST) not in (None, Speakers.of(language).version())


def _counted(utterances: Iterable[Utterance]) -> list[HeardFrom]:
    counts = Counter((one.source, one.speaker) for one in utterances)
    return [HeardFrom(source=source, speaker=speaker, utterances=count)
            for (source, speaker), count in sorted(counts.items())]
