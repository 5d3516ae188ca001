"""A real web server on this machine that knows ranges and can break off, for tests of downloads."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """What is served: bytes by path, and the requests to the server.

    Attributes:
        break_after: bytes after which the next answer breaks off; None for never.
        trickle: send ten bytes at a time, with a tenth of a second between.
        asked: (path, Range header) of each request.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.break_after: int | None = None
        self.trickle = False
        self.asked: list[tuple[str, str]] = []
        self.url = ""


@contextlib.contextmanager
def serve() -> Iterator[Site]:
    """A site on a free port of this machine."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            site.asked.append((self.path, asked))
            data = site.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            etag = f'"{hashlib.md5(data).hexdigest()}"'
            if self.headers.get("If-None-Match") == etag:
                self.send_response(304)
                self.end_headers()
                return
            start = int(asked[6:-1]) if asked and self.headers.get("If-Range", etag) == etag else 0
            if start > len(data):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            for place in range(start, len(data), 10) if site.trickle else ():
                try:
                    self.wfile.write(data[place:place + 10])
                except OSError:  # the other side has had enough
                    return
                time.sleep(0.1)
            broken, site.break_after = site.break_after, None
            self.wfile.write(data[start:] if broken is None else data[start:start + broken])
            if broken is not None:
                self.wfile.flush()
                self.connection.close()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
