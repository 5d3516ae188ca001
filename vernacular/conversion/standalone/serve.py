"""Serves the model of this folder on 127.0.0.1: ``python serve.py [PORT]``.

``curl -d '{"text": "..."}' http://127.0.0.1:8000``, with "second" where the model reads two texts.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

LARGEST = 100_000  # bytes of a request


class Handler(BaseHTTPRequestHandler):
    """Answers a POST."""

    model: Any
    timeout = 10  # seconds for a request to arrive

    def do_POST(self) -> None:
        """Answer one request. That of a page of another site has another Host and is refused."""
        size = self.headers.get("Content-Length", "")
        if self.headers.get("Host", "").rsplit(":", 1)[0] not in ("127.0.0.1", "localhost"):
            return self.send_error(403)
        if not (size.isascii() and size.isdigit() and len(size) < 9 and int(size) <= LARGEST):
            return self.send_error(413)
        try:
            asked = json.loads(self.rfile.read(int(size)))
            answer = self.model.answer(str(asked["text"]), str(asked.get("second", "")))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return self.send_error(400)
        body = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None


if __name__ == "__main__":
    from model import Model  # beside this file, in an exported folder
    Handler.model = Model(Path(__file__).resolve().parent)
    server = HTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8000), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
