"""Parse what the index of Common Crawl answers (JSON lines), in the worker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from vernacular.config.limits import Limits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_page
from vernacular.sandbox.reader import read_bounded

FIELDS = "url,timestamp,status,mime,mime-detected,digest,length,offset,filename,languages,truncated"
LARGEST = 20_000_000  # bytes of one page of the index
_HTML = ("text/html", "application/xhtml+xml")
_FILE = regex.compile(r"^(?:(?!\.\.?/)[\w.=-]++/)++[\w.=-]++(?<=[\w=-]\.warc\.gz)$")
_STAMP = regex.compile(r"^[0-9]{14}$")
_NUMBER = regex.compile(r"^[0-9]{1,15}$")  # of bytes: SQLite stores larger ones inexactly or not at all
_WORD = regex.compile(r"^[\w:+/=.-]{0,100}$")


@dataclass(frozen=True)
class Capture:
    """A page as it was when Common Crawl visited it, and where its record is."""

    url: str
    stamp: str  # when, YYYYMMDDhhmmss in UTC
    digest: str  # of its body, as the index writes it; empty if it is not there
    file: str  # the WARC file, relative to the archive
    offset: int  # in bytes
    length: int  # in bytes, compressed
    truncated: str  # why the archive has only the beginning; empty if it is whole


def captures_in(body: bytes, languages: Sequence[str], where: str, limits: Limits) -> Iterator[Capture]:
    """Yield the web pages with status 200 in an answer of the index, in its order.

    Args:
        body: JSON, a line for each capture.
        languages: ISO 639-3 codes; captures with other languages only are left out.
        where: the answer's name in messages.
        limits: of parsing.

    Raises:
        Problem: it is not an answer of the index, or exceeds the limits.
    """
    rows = read_bounded(f"{__name__}:in_worker_captures", [body], [list(languages)], where, for_page(limits))
    return (Capture(*row) for row in rows)


def number_of_pages(body: bytes, where: str, limits: Limits) -> int:
    """Return how many pages the index has for a query, from its answer ``body``."""
    return int(next(read_bounded(f"{__name__}:in_worker_pages", [body], [], where, for_page(limits))))


def in_worker_captures(files: Sequence[OpenFile], languages: Sequence[str]) -> Iterator[list[Any]]:
    """In the worker: yield the fields of each ``Capture``."""
    wanted = set(languages)
    for number, line in enumerate(files[0].stream, 1):
        if line.strip():
            row = _object(line, number)
            found = _fields(row, wanted)
            if found is not None:
                yield found


def in_worker_pages(files: Sequence[OpenFile]) -> Iterator[int]:
    """In the worker: yield the number of pages."""
    pages = _object(files[0].read(), 1).get("pages")
    if not isinstance(pages, int) or not 0 <= pages <= 1_000_000:
        raise _unreadable(1)
    yield pages


def _fields(row: dict[str, Any], wanted: set[str]) -> list[Any] | None:
    """Return the fields of a capture; None if it is not a page, or in other languages only."""
    values = {name: str(row.get(name) or "") for name in FIELDS.split(",")}
    spoken = {code for code in values["languages"].split(",") if code}
    if (values["status"] != "200" or (values["mime-detected"] or values["mime"]) not in _HTML
            or (wanted and spoken and not wanted & spoken)):
        return None
    if not (_FILE.match(values["filename"]) and _STAMP.match(values["timestamp"]) and _NUMBER.match(values["offset"])
            and _NUMBER.match(values["length"]) and _WORD.match(values["digest"])
            and _WORD.match(values["truncated"]) and values["url"]):
        return None
    return [values["url"], values["timestamp"], values["digest"], values["filename"], int(values["offset"]),
            int(values["length"]), values["truncated"]]


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise _unreadable(number)
    return row


def _unreadable(number: int) -> Problem:
    return Problem(f"line {number} is not an answer of the index", where="index",
                   fix="Check `index_url:`, and run again later", code=Code.SOURCE_NETWORK)
