"""``machine_transcripts.jsonl`` of a language folder: what a model wrote for recordings without a transcript.

``transcribe --accept`` writes it, for a source of text with ``quality: machine`` that ``splits.train_only`` names, so
that nothing is scored on what a machine wrote. A takedown of the recordings removes its rows, and finds documents that
were made of rows of before by their title and author.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

import orjson

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder

MACHINE = "machine_transcripts"  # name of the source
FILE = f"{MACHINE}.jsonl"
_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True)
class MachineTranscript:
    """What a model wrote for an utterance."""

    id: str  # of the utterance
    source: str  # of the recording
    file: str  # the recording, relative to the source's folder
    speaker: str  # pseudonym; empty when not stated
    start: float  # seconds from the beginning of the recording
    text: str
    confidence: float | None  # between 0 and 1; None of a model with its own decoder
    model: str  # name of the model, and key of its release


def write_transcripts(language: Language, transcripts: Iterable[MachineTranscript]) -> None:
    """Write the file in place of an earlier one; rows have title and author of the document that is made of them."""
    _file(language).write(b"".join(orjson.dumps(
        {**asdict(one), "title": f"{one.source}/{one.file} {one.id}", "author": one.speaker},
        option=orjson.OPT_APPEND_NEWLINE) for one in transcripts).decode())


def read_transcripts(language: Language) -> list[MachineTranscript]:
    """Return the rows; none without the file.

    Raises:
        Problem: a row is not one that this version writes.
    """
    found = []
    for where, line in _file(language).rows():
        try:
            row = orjson.loads(line)
            found.append(MachineTranscript(**{name: row[name] for name in row if name not in ("title", "author")}))
        except (ValueError, TypeError):
            raise Problem("not a row that `vernacular transcribe` writes", where=where,
                          fix="Delete the file, and transcribe again", code=Code.DATA_FORMAT) from None
    return found


def utterance_in(title: str) -> tuple[str, str, str] | None:
    """Source, file and id of the utterance that the title of a document names; None for other titles."""
    place, _, id_ = title.rpartition(" ")
    source, _, file = place.partition("/")
    return (source, file, id_) if file and _ID.fullmatch(id_) else None


def remove_transcripts(language: Language, gone: Callable[[MachineTranscript], bool]) -> int:
    """Remove the rows that are ``gone``; return how many."""
    rows = read_transcripts(language)
    kept = [one for one in rows if not gone(one)]
    if len(kept) < len(rows):
        write_transcripts(language, kept)
    return len(rows) - len(kept)


def _file(language: Language) -> File:
    return Folder.of(language.folder).file(FILE)
