"""WARC files: append, read and remove responses, independent of the index.

Every record is a gzip member, as WARC specifies, so that single pages are readable and a rewrite
copies members unchanged. Bodies are stored after undoing HTTP compression.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

LARGEST = 200_000_000  # start a new file beyond this size
_CODING = {"content-encoding", "transfer-encoding", "content-length"}  # not valid for the stored body


@dataclass(frozen=True)
class Exchange:
    """A request and its response."""

    url: str  # the requested URL
    fetched: str  # when, ISO 8601 in UTC
    request: Sequence[tuple[str, str]]  # request and response: headers by name, in order
    response: Sequence[tuple[str, str]]
    body: bytes  # of the response
    digest: str  # SHA-256 of the body in hexadecimal digits


def begin(path: Path, about: Mapping[str, str]) -> int:
    """Create ``path`` with a ``warcinfo`` record of ``about``; return its length in bytes."""
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        writer.write_record(writer.create_warcinfo_record(path.name, about))
        return _flushed(stream)


def append(path: Path, length: int, exchange: Exchange) -> int:
    """Write ``exchange`` after the first ``length`` bytes of ``path``; remove leftovers of a kill beyond them.

    Returns:
        The new length in bytes; the response's record begins at the old one.
    """
    with path.open("r+b") as stream:
        stream.truncate(length)
        stream.seek(length)
        writer = WARCWriter(stream, gzip=True)
        headers = [(name, value) for name, value in exchange.response if name.lower() not in _CODING]
        response = writer.create_warc_record(
            exchange.url, "response", io.BytesIO(exchange.body), len(exchange.body),
            http_headers=StatusAndHeaders("200 OK", [
                *headers, ("Content-Length", str(len(exchange.body)))], protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": exchange.fetched, "WARC-Payload-Digest": f"sha256:{exchange.digest}"})
        parts = urlsplit(exchange.url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        request = writer.create_warc_record(
            exchange.url, "request", http_headers=StatusAndHeaders(
                f"GET {target} HTTP/1.1", [("Host", parts.netloc), *exchange.request], is_http_request=True))
        writer.write_request_response_pair(request, response)
        return _flushed(stream)


def read_body(path: Path, offset: int) -> bytes:
    """Return the body of the response whose record begins at ``offset``.

    Raises:
        Problem: there is no complete record.
    """
    with _read(path) as stream:
        stream.seek(offset)
        for record in ArchiveIterator(stream):
            return bytes(record.content_stream().read())
        raise EOFError


def rewrite(old: Path, new: Path, alive: Collection[int]) -> tuple[dict[int, int], int]:
    """Copy ``warcinfo`` and the responses at the offsets ``alive``, with their requests, from ``old`` to ``new``.

    Returns:
        Old offset -> new offset of each response, and the length of ``new`` in bytes.
    """
    moved: dict[int, int] = {}
    with new.open("wb") as target, old.open("rb") as source:
        wanted = True
        for start, length, kind in _spans(old):
            if kind != "request":  # a request follows its response
                wanted = kind == "warcinfo" or start in alive
            if wanted:
                moved[start] = target.tell()
                source.seek(start)
                target.write(source.read(length))
        return moved, _flushed(target)


def answers(path: Path) -> int:
    """Return the number of responses in ``path``, including replaced ones.

    Raises:
        Problem: the file is damaged.
    """
    return sum(kind == "response" for _, _, kind in _spans(path))


def _spans(path: Path) -> Iterator[tuple[int, int, str]]:
    """Yield (offset, length in bytes, type) of each record."""
    with _read(path) as stream:
        records = ArchiveIterator(stream)
        for record in records:
            kind, start = record.rec_type, records.get_record_offset()
            yield start, records.get_record_length(), kind


@contextmanager
def _read(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as stream:
            yield stream
    except (ArchiveLoadFailed, EOFError, ValueError, AttributeError, zlib.error) as error:  # raised by warcio
        raise Problem(f"the file is damaged ({type(error).__name__})", where=str(path),
                      fix="Restore it from a backup, or remove the source's folder and fetch again",
                      code=Code.SOURCE_DAMAGED) from None


def _flushed(stream: BinaryIO) -> int:
    stream.flush()
    os.fsync(stream.fileno())
    return stream.tell()
