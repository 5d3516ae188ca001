"""A web site on loopback for tests: a real HTTP server with pages in memory or in a folder, and a log of who asked."""

from __future__ import annotations

import mimetypes
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """What the server says to a request."""

    body: bytes = b""
    status: int = 200
    type: str = HTML
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True)
class Asked:
    """A request that came in."""

    path: str
    headers: dict[str, str]
    status: int


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Raise what is not the crawler hanging up, as it does on pages too large or too slow."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class LoopbackSite:
    """The site; a context manager.

    Attributes:
        pages: path (with its query) -> answer; text is an HTML page.
        otherwise: asked about paths that ``pages`` does not hold; None means 404.
        log: every request in order.
    """

    def __init__(self, pages: dict[str, Answer | str] | None = None, folder: Path | None = None) -> None:
        self.pages: dict[str, Answer | str] = pages if pages is not None else {}
        self.folder = folder
        self.otherwise: Callable[[str], Answer | str | None] = lambda path: None
        self.log: list[Asked] = []
        self.server = _Server(("127.0.0.1", 0), self._handler())
        self.port: int = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> LoopbackSite:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()

    def asked(self, start: str = "/") -> list[str]:
        """The paths that were requested and begin with ``start``, in order."""
        return [entry.path for entry in self.log if entry.path.startswith(start)]

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        """What the site says to a request for ``path``."""
        found = self.pages.get(path)
        if found is None:
            found = self.otherwise(path)
        if found is None and self.folder is not None:
            found = self._file(path)
        if found is None:
            return Answer(b"<html><body>not here</body></html>", 404)
        answer = Answer(found.encode()) if isinstance(found, str) else found
        etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        if answer.status == 200 and ((etag and headers.get("If-None-Match") == etag)
                                     or (modified and headers.get("If-Modified-Since") == modified)):
            return Answer(b"", 304, headers=answer.headers)
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", headers.get("range", "")))
        if answer.status == 200 and "Accept-Ranges" in answer.headers and span:
            first, last = int(span[1]), min(int(span[2] or len(answer.body)), len(answer.body) - 1)
            return replace(answer, status=206, body=answer.body[first:last + 1], headers={
                **answer.headers, "Content-Range": f"bytes {first}-{last}/{len(answer.body)}"})
        return answer

    def _file(self, path: str) -> Answer | None:
        assert self.folder is not None
        file = (self.folder / unquote(urlsplit(path).path).lstrip("/")).resolve()
        if not file.is_relative_to(self.folder.resolve()) or not file.is_file():
            return None
        return Answer(file.read_bytes(), type=mimetypes.guess_type(file.name)[0] or "application/octet-stream",
                      headers={"ETag": f'"{file.stat().st_mtime_ns:x}"'})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                headers = dict(self.headers.items())
                answer = site.answer(self.path, headers)
                site.log.append(Asked(self.path, headers, answer.status))
                time.sleep(answer.delay)
                self.send_response(answer.status)
                for name, value in {"Content-Type": answer.type, "Content-Length": str(len(answer.body)),
                                    **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if answer.status != 304 and self.command == "GET":
                    self.wfile.write(answer.body)

            do_HEAD = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Keep the terminal quiet; the log is in memory."""

        return Handler
