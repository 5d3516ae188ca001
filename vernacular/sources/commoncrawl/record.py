"""Parse one WARC record, a gzip member, in the worker: whole, of the expected page, within limits."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from vernacular.config.limits import Limits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_page
from vernacular.sandbox.reader import read_bounded

_HEADERS = 1 << 18  # bytes of the headers of a record
_END = b"\r\n\r\n"
_DECODED = ("", "identity", "gzip", "x-gzip", "deflate")  # what warcio undoes, besides br if that is installed
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Answer:
    """What a site answered when it was visited."""

    fetched: str  # when, ISO 8601 in UTC
    headers: list[tuple[str, str]]  # of the answer, in order
    body: bytes

    def header(self, name: str) -> str:
        """Return the first header ``name``, or empty."""
        return next(iter(self.headers_named(name)), "")

    def headers_named(self, name: str) -> list[str]:
        """Return the values of all headers ``name``."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


def read_record(data: bytes, url: str, largest: int, limits: Limits) -> Answer:
    """Return the answer in the record ``data``.

    Args:
        data: a gzip member, as it is in the WARC file.
        url: the page that it must be of.
        largest: bytes that the page may have.
        limits: of parsing.

    Raises:
        LimitReached: it exceeds the limits.
        Problem: it is cut off, damaged, too large, or not the page ``url``.
    """
    fetched, headers, body = next(read_bounded(f"{__name__}:in_worker_record", [data], [url, largest], url,
                                               for_page(limits)))
    return Answer(fetched, [(name, value) for name, value in headers], body.encode("latin-1"))


def in_worker_record(files: Sequence[OpenFile], url: str, largest: int) -> Iterator[list[Any]]:
    """In the worker: yield date, headers and body (as Latin-1) of the one record in ``files``."""
    return iter(_record(file.read(), url, largest) for file in files)


def _record(data: bytes, url: str, largest: int) -> list[Any]:
    plain = _decompressed(data, largest + _HEADERS)
    try:
        record = next(iter(ArchiveIterator(io.BytesIO(plain))))
        kind, length = record.rec_type, int(record.rec_headers.get_header("Content-Length") or "")
        if kind != "response" or record.http_headers is None:
            raise _refused(f"the record is not an answer of a site but '{kind}'")
        target, cut = (record.rec_headers.get_header(name) for name in ("WARC-Target-URI", "WARC-Truncated"))
        if cut:
            raise _refused(f"Common Crawl has only its beginning ({cut})")
        if plain.index(_END) + len(_END) + length > len(plain):
            raise _refused("the record is cut off")
        if (target or "").strip("<>") != url:
            raise _refused("the record is of another page")
        status = record.http_headers.get_statuscode()
        if status != "200":
            raise _refused(f"the site answered {status}")
        coding = (record.http_headers.get_header("Content-Encoding") or "").strip().lower()
        if coding not in _DECODED:
            raise _refused(f"its encoding '{coding}' cannot be undone")
        body = _read(record.content_stream(), largest)
        return [record.rec_headers.get_header("WARC-Date") or "", list(record.http_headers.headers),
                body.decode("latin-1")]
    except (ArchiveLoadFailed, StopIteration, EOFError, ValueError, AttributeError, zlib.error) as error:
        raise _refused(f"the record is damaged ({type(error).__name__})") from None


def _decompressed(data: bytes, most: int) -> bytes:
    """Undo the gzip member ``data`` of at most ``most`` bytes."""
    packed = zlib.decompressobj(_GZIP)
    try:
        plain = packed.decompress(data, most)
    except zlib.error:
        raise _refused("the record is damaged") from None
    if packed.unconsumed_tail:
        raise _refused(f"the record has more than {most:,} bytes")
    if not packed.eof:
        raise _refused("the record is cut off")
    if packed.unused_data:
        raise _refused("the record ends before the length that the index names")
    return plain


def _read(stream: Any, largest: int) -> bytes:
    """Read a body, however compressed, of at most ``largest`` bytes."""
    parts, size = list[bytes](), 0
    while part := stream.read(1 << 16):
        size += len(part)
        if size > largest:
            raise _refused(f"the page has more than {largest:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _refused(what: str) -> Problem:
    return Problem(what, where="record", fix="It is left out; nothing is to be done", code=Code.SOURCE_DAMAGED)
