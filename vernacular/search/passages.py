"""Split documents into passages: a line (a verse, a paragraph), or parts of a long line at sentence ends.

A passage is stored as a position in ``documents.parquet``, never as text, so takedowns apply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from vernacular.provenance.corpus_tables import read_rows

LONGEST, SHORTEST = 400, 12  # characters of a passage; shorter ones are headings, numbers, greetings
_SENTENCE = re.compile(r"[^.!?…。！？؟۔।॥።။]*[.!?…。！？؟۔।॥።။]*[\"'”’»)\]]*\s*", re.DOTALL)
_DIGEST = 8  # bytes


class Place(NamedTuple):
    """The position of a passage."""

    document: int  # number of its document's row in ``documents.parquet``, from 0
    line: int  # of the document, from 0
    begin: int  # first character in the line
    end: int  # end (exclusive) in the line


class Passage(NamedTuple):
    """A position and its text."""

    place: Place
    text: str


def read_passages(path: Path) -> Iterator[Passage]:
    """Yield the passages of all documents of a file, in order."""
    for document, row in enumerate(read_rows(path, ["text"])):
        for number, line in enumerate(row["text"].split("\n")):
            for begin, end in spans_of_passages(line):
                yield Passage(Place(document, number, begin, end), line[begin:end])


def text_at(row: dict[str, Any], place: Place) -> str:
    """Return the text of a passage of this document."""
    text: str = row["text"].split("\n")[place.line][place.begin:place.end]
    return text


def spans_of_passages(line: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each passage of a line; only spaces and short remainders are omitted."""
    begin = 0
    for end in [*_ends(line), len(line)]:
        text = line[begin:end]
        first, last = begin + len(text) - len(text.lstrip()), begin + len(text.rstrip())
        if last - first >= SHORTEST:
            yield first, last
        begin = end


def _ends(line: str) -> Iterator[int]:
    """Yield the ends of passages: after a sentence, or after a word of an overlong one."""
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
    """Return the 64-bit key of ``text``'s embedding."""
    return int.from_bytes(blake2b(text.encode(), digest_size=_DIGEST).digest(), "little")
