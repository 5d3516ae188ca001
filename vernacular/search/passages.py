"""Passages of documents: a line (a verse, a paragraph), or, of a long line, as many sentences as fit.

A passage is kept as a place in ``documents.jsonl``, never as text: what is taken down there is gone here, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import orjson

LONGEST, SHORTEST = 400, 12  # characters of a passage; shorter ones are headings, numbers, greetings
_SENTENCE = re.compile(r"[^.!?…。！？؟۔।॥።။]*[.!?…。！？؟۔।॥።။]*[\"'”’»)\]]*\s*", re.DOTALL)
_DIGEST = 8  # bytes


class Place(NamedTuple):
    """Where a passage stands.

    Attributes:
        document: the byte of ``documents.jsonl`` at which its document's row begins.
        line: of the document, from 0.
        begin: its first character in the line.
        end: the character behind its last one.
    """

    document: int
    line: int
    begin: int
    end: int


class Passage(NamedTuple):
    """A place and the text that stands there."""

    place: Place
    text: str


def read_passages(path: Path) -> Iterator[Passage]:
    """The passages of all documents of a file, in its order; one document is held in memory at a time."""
    with path.open("rb") as stream:
        document = 0
        for row in stream:
            for number, line in enumerate(orjson.loads(row)["text"].split("\n")):
                for begin, end in spans_of_passages(line):
                    yield Passage(Place(document, number, begin, end), line[begin:end])
            document += len(row)


def read_document(path: Path, place: Place) -> dict[str, Any]:
    """The row of the document that a passage stands in.

    Raises:
        OSError: the file is not there.
    """
    with path.open("rb") as stream:
        stream.seek(place.document)
        row: dict[str, Any] = orjson.loads(stream.readline())
    return row


def text_at(row: dict[str, Any], place: Place) -> str:
    """The text of a passage of this document."""
    text: str = row["text"].split("\n")[place.line][place.begin:place.end]
    return text


def spans_of_passages(line: str) -> Iterator[tuple[int, int]]:
    """Begin and end of each passage of a line; together they leave out nothing but spaces and what is too short."""
    begin = 0
    for end in [*_ends(line), len(line)]:
        text = line[begin:end]
        first, last = begin + len(text) - len(text.lstrip()), begin + len(text.rstrip())
        if last - first >= SHORTEST:
            yield first, last
        begin = end


def _ends(line: str) -> Iterator[int]:
    """Where one passage ends and the next begins: behind a sentence, or behind a word of one that is too long."""
    begin = end = 0
    for sentence in _SENTENCE.finditer(line) if len(line) > LONGEST else ():
        if sentence.end() - begin > LONGEST and end > begin:
            yield end
            begin = end
        while sentence.end() - begin > LONGEST + SHORTEST:
            cut = line.rfind(" ", begin + LONGEST // 2, begin + LONGEST)
            begin = begin + LONGEST if cut < 0 else cut + 1
            yield begin
        end = sentence.end()


def digest_of_text(text: str) -> int:
    """What the embedding of ``text`` is known by: 64 bits."""
    return int.from_bytes(blake2b(text.encode(), digest_size=_DIGEST).digest(), "little")
