"""One large file over HTTP, in a way that survives a kill: the rest of it is asked for, if it is still the same."""

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
from vernacular.core.errors import Problem, is_disk_full
from vernacular.core.store import write_atomically

_AGENT = f"vernacular/{__version__} (text for language models of minority languages)"
_BLOCK = 1 << 20
_SECONDS = 60  # without a byte
_LEAST = 10_000  # bytes in that time: a server that sends less hangs, whatever it says
_TOLD = 50_000_000  # bytes between two lines of progress


@dataclass(frozen=True)
class Mark:
    """How a server names a state of a file: ``etag`` and ``modified`` of its headers, as far as it sends them."""

    etag: str = ""
    modified: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Mark:
        """The mark in the headers of an answer."""
        return cls(headers.get("ETag") or "", headers.get("Last-Modified") or "")

    @property
    def strong(self) -> str:
        """What If-Range may name: an ETag that is not weak, else the date."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


def download(url: str, file: Path, known: Mark, progress: Callable[[str], None]) -> Mark | None:
    """Bring ``url`` to ``file``, going on with ``FILE.part``; None if it is still as ``known`` says.

    Raises:
        Problem: it cannot be reached, hangs, or ended before its time (asking again goes on there).
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
    except urllib.error.HTTPError as error:
        if error.code == 304:
            return None
        if error.code == 416:  # the part is no part of what is there now, or all of it
            part.unlink(missing_ok=True)
        raise Problem(f"the server answers {error.code} {error.reason}", where=url,
                      fix="Run it again" if error.code in (416, 429) or error.code >= 500 else "Correct the address "
                                                                                               "or `date:`") from None
    except (OSError, http.client.HTTPException) as error:
        if is_disk_full(error):
            raise
        reason = getattr(error, "reason", None) or error
        raise Problem(f"it cannot be fetched ({reason})", where=url,
                      fix="Run it again with a network: it goes on where it stopped") from None
    if length >= 0 and size - have != length:
        raise Problem(f"it ended after {size:,} of {have + length:,} bytes", where=url,
                      fix="Run it again: it goes on where it stopped")
    part.replace(file)
    notes.unlink()
    return mark


def remove(file: Path) -> None:
    """Delete ``file`` and what was fetched of it so far."""
    for path in (file, file.with_name(f"{file.name}.part"), file.with_name(f"{file.name}.json")):
        path.unlink(missing_ok=True)


def fetch_text(url: str) -> str | None:
    """A small text file at ``url``; None if there is none.

    Raises:
        Problem: it cannot be reached.
    """
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"User-Agent": _AGENT}),
                                    timeout=_SECONDS) as answer:
            return str(answer.read(_BLOCK).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            return None
        raise Problem(f"the server answers {error.code} {error.reason}", where=url, fix="Run it again") from None
    except (OSError, http.client.HTTPException) as error:
        raise Problem(f"it cannot be fetched ({error})", where=url, fix="Run it again with a network") from None


def _copy(answer: http.client.HTTPResponse, part: Path, url: str, have: int, progress: Callable[[str], None]) -> int:
    """Add what comes to ``part``; the size of it then.

    Raises:
        Problem: it comes so slowly that it would never end.
    """
    told, begun, before = have, time.monotonic(), have
    with part.open("ab") as stream:
        while block := answer.read1(_BLOCK):
            stream.write(block)
            have += len(block)
            if time.monotonic() - begun >= _SECONDS:
                if have - before < _LEAST:
                    raise Problem(f"it hangs: {have - before:,} bytes came in {_SECONDS} seconds", where=url,
                                  fix="Run it again later: it goes on where it stopped")
                begun, before = time.monotonic(), have
            if have - told >= _TOLD:
                progress(f"{url}: {have / 1e6:.0f} MB")
                told = have
    return have
