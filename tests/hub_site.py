"""A hub on loopback for tests: one dataset of parquet files, answered as the library ``datasets`` asks for it."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import urlsplit

import pyarrow
import pytest
from pyarrow import parquet

from tests.site import Answer, LoopbackSite

DATASET, COMMIT = "someone/texts", "a" * 40
_JSON = "application/json"


def serve_dataset(site: LoopbackSite, monkeypatch: pytest.MonkeyPatch, **splits: list[dict[str, Any]]) -> None:
    """Let ``site`` be the hub of all processes started from now on, with a dataset of these ``splits``."""
    for name, value in (("HF_ENDPOINT", site.url), ("HF_HUB_OFFLINE", "0"), ("HF_DATASETS_OFFLINE", "0")):
        monkeypatch.setenv(name, value)
    files = {f"data/{name}.parquet": _parquet(rows) for name, rows in splits.items()}

    def answer(path: str) -> Answer:
        asked = urlsplit(path).path
        if asked.startswith(f"/api/datasets/{DATASET}/tree/"):
            inside = asked.endswith("/data") or "recursive=true" in path
            return Answer(json.dumps([{"type": "file", "path": name, "oid": "b" * 40, "size": len(body)}
                                      for name, body in files.items()] if inside else [
                {"type": "directory", "path": "data", "oid": "c" * 40, "size": 0}]).encode(), type=_JSON)
        if asked.startswith(f"/api/datasets/{DATASET}"):
            return Answer(json.dumps({"id": DATASET, "sha": COMMIT, "private": False, "tags": [],
                                      "siblings": [{"rfilename": name} for name in files]}).encode(), type=_JSON)
        for name, body in files.items():
            if asked.endswith(f"/resolve/{COMMIT}/{name}"):
                return Answer(body, type="application/octet-stream", headers={
                    "ETag": f'"{"b" * 40}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"})
        return Answer(b"{}", 404, headers={"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})

    site.otherwise = answer


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    packed = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), packed)
    return packed.getvalue()
