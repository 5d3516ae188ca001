"""What a folder has of speech, and what it lacks: no recording is decoded."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.modeling.base_files import locate
from vernacular.release.rights import name_of_base
from vernacular.speech.recordings.sources import list_recordings
from vernacular.speech.recordings.speakers import Speakers

_PACKAGES = ("soundfile", "soxr", "jiwer", "onnxruntime", "silero_vad", "defusedxml")
_SHOWN = 3  # problems of a source


@dataclass
class SpeechFound:
    """Lines for a person: what there is, what a run needs first, and what else is worth knowing."""

    contents: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def describe_speech(language: Language, root: Path) -> SpeechFound:
    """Return the recordings of ``language`` by source; ``root`` is that of the store."""
    found = SpeechFound()
    if language.speech is None:
        return found
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        found.lacking.append(f"speech needs {', '.join(missing)}: run `pip install 'vernacular[speech]'`")
    _models(language, found)
    speakers = Speakers.of(language)
    for source in language.speech.sources:
        if source.kind == "hub":
            found.contents.append(f"speech {source.name}  dataset {source.dataset}")
            continue
        try:
            listing = list_recordings(language, source, root)
        except Problem as problem:
            found.lacking.append(f"no recordings of {source.name}: {problem}")
            continue
        recordings = [*listing.recordings]
        segments = [segment for recording in recordings for segment in recording.segments]
        names = {speakers.pseudonym(segment.speaker or source.speaker) for segment in segments} - {""}
        found.contents.append(f"speech {source.name}  {len(recordings):,} recordings, "
                              f"{sum(bool(one.text) for one in segments):,} transcripts, {len(names)} speakers")
        found.notes += map(str, listing.problems[:_SHOWN])
        if len(listing.problems) > _SHOWN:
            found.notes.append(f"{len(listing.problems) - _SHOWN} more rows and files of {source.name} do not match")
        if not recordings:
            found.lacking.append(f"no recordings yet in languages/{language.code}/{source.folder}")
        if names and not names <= {*speakers.listed}:
            found.notes.append(f"{len(names - {*speakers.listed})} speakers of {source.name} are not listed in "
                               "`speakers:`: what each allows is not known, so that of the source counts")
    return found


def _models(language: Language, found: SpeechFound) -> None:
    """Add the models, and their bases that are not there."""
    assert language.speech is not None
    models = language.speech.models
    for name, model in models.items():
        off = "" if model.enabled else f"; not enabled: run with --model {name}"
        found.contents.append(f"model  {name}  {name_of_base(model.base)}, {model.method}{off}")
        if model.base.hub:
            continue
        try:
            locate(model.base, language)
        except Problem as problem:
            (found.lacking if model.enabled else found.notes).append(f"the base of {name} is missing: {problem}")
    if not models:
        found.notes.append("no model of speech: recordings are read, cleaned and divided only. Add one under "
                           "`speech.models` (docs/how-to/transcribe-speech.md)")
