"""Gathers what the release of a transcription model shows: from its training, from whom it heard, from the folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from vernacular.config.schema import Language
from vernacular.release.rights import name_of_base
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.release.permissions import without_consent, without_release
from vernacular.speech.release.stage_results import (
    SpeakerGroup,
    SpeechReleaseResult,
    SpeechSourceFacts,
    SpeechTextFacts,
)
from vernacular.speech.transcription.stage_results import TranscriptionResult
from vernacular.speech.utterance import SPEAKERS, Utterance


def gather_result(language: Language, name: str, found: TranscriptionResult, behavior: SpeechBehaviorResult,
                  heard: Sequence[Utterance], recordings: Path, asked: int, same: float) -> SpeechReleaseResult:
    """All that a release shows, without gates and waivers.

    Args:
        language: the folder as it is now: licenses, and the base's owner.
        name: of the model.
        found: what the training found out.
        behavior: what the tests of behavior found.
        heard: the utterances that it heard, with the uses and the consent to go by.
        recordings: the artifact of ``speech/recordings``.
        asked: scored utterances that ``pipeline`` transcribed again.
        same: the share of them with the scored text.
    """
    assert language.speech is not None
    model = language.speech.models[name]
    minutes = {source.name: sum(one.seconds for one in heard if one.source == source.name) / 60
               for source in language.speech.sources}
    return SpeechReleaseResult(
        language=language.code, model=name, base=name_of_base(model.base), base_licence=model.base.licence,
        method=model.method, transcription=found, behaviour=behavior, sources=[
            SpeechSourceFacts(name=source.name, licence=source.licence, consent=source.consent,
                              minutes=minutes[source.name])
            for source in language.speech.sources if minutes[source.name]],
        texts=[SpeechTextFacts(name=source.name, licence=source.licence, consent=source.consent)
               for source in language.sources] if found.language_model is not None or model.new_tokens else [],
        groups=_groups(recordings, heard), asked=asked, same=same, not_for_release=without_release(heard),
        consent_unknown=without_consent(heard), release_gates=[], waivers=[])


def _groups(recordings: Path, heard: Sequence[Utterance]) -> list[SpeakerGroup]:
    """Hours by how the speakers describe themselves."""
    path = recordings / SPEAKERS
    rows = pq.read_table(path).to_pylist() if path.is_file() else []
    about = {row["pseudonym"]: tuple(row.get(name) or "" for name in ("gender", "age", "village")) for row in rows}
    speakers, hours = defaultdict[tuple[str, ...], set[str]](set), defaultdict[tuple[str, ...], float](float)
    for one in heard:
        group = about.get(one.speaker, ("", "", ""))
        hours[group] += one.seconds / 3600
        speakers[group] |= {one.speaker} - {""}
    return [SpeakerGroup(gender=group[0], age=group[1], village=group[2], speakers=len(speakers[group]),
                         hours=hours[group]) for group in sorted(hours)]
