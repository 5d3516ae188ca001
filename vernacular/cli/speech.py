"""The command ``transcribe``. ``main`` loads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from vernacular.cli.common import LanguageCode, ModelName, command, open_language
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.core.terminal import printable, say, say_data
from vernacular.speech.machine_transcripts import FILE, MACHINE, MachineTranscript

_transcribe = EntryPoint[Any]("vernacular.speech.release.transcribing:transcribe_rest")
_accept = EntryPoint[Any]("vernacular.speech.release.transcribing:accept")


@command()
def transcribe(code: LanguageCode, model: ModelName = None,
               accept: Annotated[float | None, typer.Option(
                   min=0, max=1, help="write transcripts with at least this confidence into the language folder, as "
                                      "text for training")] = None) -> None:
    """Transcribe recordings that have no transcript; prints confidence, recording, start in seconds, speaker, text."""
    store, language = open_language(code)
    models = {} if language.speech is None else language.speech.models_to_run(model)
    if not models:
        raise Problem("there is no such model of speech", where=f"{code} speech.models",
                      fix="Add one, or give the name of one with --model", code=Code.COMMAND_NAME)
    found = _transcribe(store, language, next(iter(models)), lambda line: say(line, err=True))
    for one in sorted(found, key=lambda one: -(one.confidence or 0.0)):
        confidence = "-" if one.confidence is None else f"{one.confidence:.2f}"
        recording = printable(f"{one.source}/{one.file}")
        say_data(f"{confidence}\t{recording}\t{one.start:.1f}\t{one.speaker}\t{one.text}")
    if accept is not None:
        kept = _accept(language, found, accept)
        say(f"{len(kept):,} of {len(found):,} transcripts are in {FILE}", err=True)
        if kept and MACHINE not in {source.name for source in language.sources}:
            for line in _advice(language, kept).splitlines():
                say(line, err=True)


def _advice(language: Language, kept: Sequence[MachineTranscript]) -> str:
    """What to add to language.yaml; text from recordings has the license and the consent of the recordings."""
    assert language.speech is not None
    used = [source for source in language.speech.sources if source.name in {one.source for one in kept}]
    licences, consents = {source.licence for source in used}, {source.consent for source in used}
    licence = licences.pop() if len(licences) == 1 else "unverified"
    consent = consents.pop() if len(consents) == 1 else "unknown"
    return f"""To learn from them as text, add to language.yaml:
sources:
  - name: {MACHINE}
    kind: files
    files: {FILE}
    licence: {licence}
    consent: {consent}
    register: conversation
    quality: machine
splits:
  train_only: [{MACHINE}]"""
