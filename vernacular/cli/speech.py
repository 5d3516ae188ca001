"""The command ``transcribe``. ``main`` loads it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vernacular.cli.common import LanguageCode, ModelName, command, open_language
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.core.terminal import say

_transcribe = EntryPoint[Any]("vernacular.speech.release.transcribing:transcribe_rest")
_accept = EntryPoint[Any]("vernacular.speech.release.transcribing:accept")


@command()
def transcribe(code: LanguageCode, model: ModelName = None,
               accept: Annotated[float | None, typer.Option(
                   min=0, max=1, help="write transcripts with at least this confidence into the language folder, as "
                                      "text for training")] = None) -> None:
    """Transcribe recordings that have no transcript; prints id, confidence and text, the most confident first."""
    store, language = open_language(code)
    models = {} if language.speech is None else language.speech.models_to_run(model)
    if not models:
        raise Problem("there is no such model of speech", where=f"{code} speech.models",
                      fix="Add one, or give the name of one with --model", code=Code.COMMAND_NAME)
    found = _transcribe(store, language, next(iter(models)), lambda line: say(line, err=True))
    for one in sorted(found, key=lambda one: -one.confidence):
        say(f"{one.id}\t{one.confidence:.2f}\t{one.text}")
    if accept is not None:
        count = _accept(language, found, accept)
        say(f"{count:,} of {len(found):,} transcripts are in machine_transcripts.jsonl. To learn from them as text, "
            "add to `sources`: {name: machine_transcripts, kind: files, files: machine_transcripts.jsonl, licence: "
            "unverified, consent: unknown, register: conversation, quality: machine}, and to `splits`: "
            "{train_only: [machine_transcripts]}", err=True)
