"""A hub on loopback for tests that takes uploads."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, Any]]]:
    """A server that answers as the hub does to a creation and a commit; yields the requests."""
    asked: list[tuple[str, str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            files = [".gitattributes", "README.md", "adapters/old/adapter_config.json"]  # left by an earlier release
            self._answer([{"type": "file", "path": path, "size": 1, "oid": "1"} for path in files]
                         if "/tree/" in self.path else {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            base = f"http://{self.headers['Host']}"
            rows = [json.loads(line) for line in body.splitlines()]
            asked.append((self.path, self.headers["Authorization"], rows))
            if self.path.endswith("/preupload/main"):
                self._answer({"files": [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                                        for file in rows[0]["files"]]})
            elif self.path.endswith("/commit/main"):
                self._answer({"commitUrl": f"{base}/someone/model/commit/1", "commitOid": "1",
                              "pullRequestUrl": None, "success": True})
            else:
                self._answer({"url": f"{base}/someone/model", "name": "someone/model"})

        def _answer(self, data: Any) -> None:
            text = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("vernacular.release.publish.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield asked
    server.shutdown()
    server.server_close()
