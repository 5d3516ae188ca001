"""Download a large file over HTTP; an interrupted download resumes if the file has not changed."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from vernacular import __version__
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_disk_full
from vernacular.core.store import write_atomically

_AGENT = f"vernacular/{__version__} (text for language models of minority languages)"
_BLOCK = 1 << 20
_SECONDS = 60  # timeout without data
_LEAST = 10_000  # least bytes in that time; a slower server counts as hung
_PROGRESS_BYTES = 50_000_000  # bytes between progress messages


@dataclass(frozen=True)
class Mark:
    """A server's version of a file: the headers ``etag`` and ``modified``, if sent."""

    etag: str = ""
    modified: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Mark:
        """Return the mark in the headers of a response."""
        return cls(headers.get("ETag") or "", headers.get("Last-Modified") or "")

    @property
    def strong(self) -> str:
        """The value for If-Range: a strong ETag, else the date."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


def download(url: str, file: Path, known: Mark, progress: Callable[[str], None]) -> Mark | None:
    """Download ``url`` to ``file``, resuming ``FILE.part``; return None if it is unchanged since ``known``.

    Raises:
        Problem: it is unreachable, hangs, or ended early (a retry resumes).
    """
    part, notes = file.with_name(f"{file.name}.part"), file.with_name(f"{file.name}.json")
    before = Mark(**orjson.loads(notes.read_bytes())) if notes.is_file() and part.is_file() else Mark()
    headers = {"User-Agent": _AGENT}
    have = part.stat().st_size if before.strong else 0
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": before.strong}
    elif known.etag:
        headers["If-None-Match"] = known.etag
    elif known.modified:
        headers["If-Modified-Since"] = known.modified
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_SECONDS) as answer:
            mark, more = Mark.of(answer.headers), answer.status == 206
            if not more:
                part.unlink(missing_ok=True)
                have = 0
            write_atomically(notes, orjson.dumps(mark).decode())
            length = int(answer.headers.get("Content-Length") or -1)
            size = _copy(answer, part, url, have, progress)
    except (OSError, http.client.HTTPException) as error:
        status = getattr(error, "code", 0)
        if status == 304:
            return None
        if status == 416:  # the part does not match the current file, or is complete
            part.unlink(missing_ok=True)
        if is_disk_full(error):
            raise
        raise _failed(error, url) from None
    if length >= 0 and size - have != length:
        raise Problem(f"it ended after {size:,} of {have + length:,} bytes", where=url,
                      fix="Run again; it resumes", code=Code.SOURCE_NETWORK)
    part.replace(file)
    notes.unlink()
    return mark


def remove(file: Path) -> None:
    """Delete ``file`` and its partial download."""
    for path in (file, file.with_name(f"{file.name}.part"), file.with_name(f"{file.name}.json")):
        path.unlink(missing_ok=True)


def fetch_text(url: str) -> str | None:
    """Return a small text file at ``url``, or None if it does not exist.

    Raises:
        Problem: it is unreachable.
    """
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"User-Agent": _AGENT}),
                                    timeout=_SECONDS) as answer:
            return str(answer.read(_BLOCK).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        if getattr(error, "code", 0) in (404, 410):
            return None
        raise _failed(error, url) from None


def _failed(error: Exception, url: str) -> Problem:
    reason = getattr(error, "reason", None) or error
    if isinstance(error, urllib.error.HTTPError):
        again = error.code in (416, 429) or error.code >= 500
        return Problem(f"the server responds {error.code} {reason}", where=url, code=Code.SOURCE_NETWORK,
                       fix="Run again" if again else "Correct the address or `date:`")
    return Problem(f"the download failed ({reason})", where=url, fix="Check the network and run again; it resumes",
                   code=Code.SOURCE_NETWORK)


def _copy(answer: http.client.HTTPResponse, part: Path, url: str, have: int, progress: Callable[[str], None]) -> int:
    """Append the response to ``part``; return the file's size."""
    reported, begun, before = have, time.monotonic(), have
    with part.open("ab") as stream:
        while block := answer.read1(_BLOCK):
            stream.write(block)
            have += len(block)
            if time.monotonic() - begun >= _SECONDS:
                if have - before < _LEAST:
                    raise Problem(f"the download hangs: {have - before:,} bytes arrived "
                                  f"in {_SECONDS} seconds", where=url,
                                  fix="Run again later; it resumes", code=Code.SOURCE_NETWORK)
                begun, before = time.monotonic(), have
            if have - reported >= _PROGRESS_BYTES:
                progress(f"{url}: {have / 1e6:.0f} MB")
                reported = have
    return have
