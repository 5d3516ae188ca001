"""The mirror of a network source: rows in compressed shards, fetched in resumable steps.

``state.json`` names the current folder of rows (a generation) and describes it; a fetch writes its
own folder and becomes current when complete. Rows are dictionaries with ``path``, ``text`` and
other ledger columns. Rows come from ``hub`` and ``wikipedia``.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import orjson

from vernacular.config.sources import SourceBase
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.lock import locked
from vernacular.core.store import digest_of, now, write_atomically
from vernacular.provenance.document import make_document
from vernacular.provenance.suppression_list import Suppressions, url_digest

_STATE = "state.json"
_PARTIAL = "partial.json"
_SHARD_ROWS = 1000
_SHARD_CHARACTERS = 20_000_000
_DAY = 86_400


class Mirror:
    """The rows that a source fetched."""

    def __init__(self, folder: Path, where: str) -> None:
        self.folder, self.where = folder, where

    @property
    def state(self) -> dict[str, Any]:
        """The stored state; empty if nothing was ever fetched.

        ``key``, ``generation``, ``shards`` (name -> digest), ``rows``, ``fetched`` (ISO 8601),
        ``looked`` (seconds) and what the source added.
        """
        return _read(self.folder / _STATE)

    def due(self, key: str, refresh_days: float | None) -> bool:
        """Whether to check the network: never fetched, another key, or last checked long ago.

        Args:
            key: digest of what to fetch.
            refresh_days: None for immutable data.
        """
        state = self.state
        if state.get("key") != key:
            return True
        return refresh_days is not None and clock.over(float(state["looked"]), refresh_days * _DAY, clock.now())

    def looked(self) -> None:
        """Record that the network has nothing new."""
        self._write({**self.state, "looked": clock.now()})

    def version(self) -> str:
        """Return a digest of the stored rows."""
        state = self.state
        return digest_of([state.get("key", ""), state.get("fetched", ""), state.get("shards", {})])

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows in the order of fetching.

        Raises:
            Problem: nothing was ever fetched.
        """
        state = self.state
        if not state:
            raise Problem("no data has been fetched yet", where=self.where,
                          fix="Run once with a network connection, which fetches it first", code=Code.SOURCE_MISSING)
        for name in state["shards"]:
            for row in _shard(self.folder / state["generation"] / name):
                row["fetched"] = row.get("fetched") or state["fetched"]
                yield row

    def locked(self) -> AbstractContextManager[None]:
        """Lock the mirror for this process, unless another one is fetching into it."""
        return lock_mirror(self.folder, self.where)

    def begin(self, key: str) -> Fetch:
        """Begin a fetch of ``key``, or resume an interrupted one."""
        return Fetch(self, key)

    def publish(self, fetch: Fetch, **facts: Any) -> None:
        """Make the rows of ``fetch`` current with ``facts``, and delete the earlier generation."""
        before = self.state
        same = (before.get("key"), before.get("shards")) == (fetch.key, fetch.shards)
        self._write({"key": fetch.key, "generation": fetch.folder.name, "shards": fetch.shards, "rows": fetch.rows,
                     "fetched": before["fetched"] if same else now(), "looked": clock.now(), **facts})
        (self.folder / _PARTIAL).unlink(missing_ok=True)
        self._sweep(fetch.folder.name)

    def forget(self, paths: Collection[str], settings: SourceBase, suppressed: Suppressions) -> None:
        """Delete the rows of ``paths`` and all else that was taken down from every shard, also of unfinished fetches.

        Args:
            paths: as in the ledger; any spelling of a URL matches.
            settings: of the source.
            suppressed: what was taken down.
        """
        wanted = {url_digest(path) for path in paths}
        for file in (_STATE, _PARTIAL):
            state = _read(self.folder / file)
            if not state:
                continue
            for name in state["shards"]:
                shard = self.folder / state["generation"] / name
                rows = list(_shard(shard))
                kept = [row for row in (allowed(row, settings, suppressed) for row in rows
                                        if url_digest(row["path"]) not in wanted) if row is not None]
                if kept != rows:
                    state["shards"][name] = _write_shard(shard, kept)
            write_atomically(self.folder / file, orjson.dumps(state).decode())

    def _write(self, state: Mapping[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / _STATE, orjson.dumps(state).decode())

    def _sweep(self, keep: str) -> None:
        for folder in self.folder.glob("rows-*"):
            if folder.name != keep:
                shutil.rmtree(folder)


class Fetch:
    """Rows written shard by shard; a kill loses only the last shard's rows.

    Attributes:
        position: the source's position after the last complete shard; None at the start.
        rows: number in complete shards.
    """

    def __init__(self, mirror: Mirror, key: str) -> None:
        self._mirror, self.key = mirror, key
        partial = _read(mirror.folder / _PARTIAL)
        if partial.get("key") != key:
            partial = {}
            generation = mirror.state.get("generation", "")
            number = int(generation.rpartition("-")[2] or 0) + 1
            self.folder = mirror.folder / f"rows-{number}"
            mirror._sweep(generation)
            self.folder.mkdir(parents=True)
        else:
            self.folder = mirror.folder / partial["generation"]
        self.shards: dict[str, str] = partial.get("shards", {})
        self.rows: int = partial.get("rows", 0)
        self.position: Any = partial.get("position")
        self._waiting: list[Mapping[str, Any]] = []
        self._characters = 0

    def add(self, row: Mapping[str, Any], position: Any) -> None:
        """Add a row; ``position`` is where to resume after it, as JSON."""
        self._waiting.append(row)
        self._characters += len(row["text"])
        if len(self._waiting) >= _SHARD_ROWS or self._characters >= _SHARD_CHARACTERS:
            self.flush(position)

    def flush(self, position: Any) -> None:
        """Write the pending rows as a shard, and record ``position``."""
        if self._waiting:
            name = f"{len(self.shards):05}.jsonl.gz"
            self.shards[name] = _write_shard(self.folder / name, self._waiting)
            self.rows += len(self._waiting)
            self._waiting, self._characters = [], 0
        self.position = position
        partial = {"key": self.key, "generation": self.folder.name, "shards": self.shards, "rows": self.rows,
                   "position": position}
        write_atomically(self._mirror.folder / _PARTIAL, orjson.dumps(partial).decode())


def lock_mirror(folder: Path, where: str) -> AbstractContextManager[None]:
    """Lock the mirror in ``folder`` for writing by this process.

    Raises:
        TransientProblem: another process has locked it; messages call the source ``where``.
    """
    return locked(folder / ".lock", "another process is fetching this source", where,
                  "Wait for it, or stop it and run again: it resumes", Code.SOURCE_BUSY)


def allowed(row: dict[str, Any], settings: SourceBase, suppressed: Suppressions) -> dict[str, Any] | None:
    """Return ``row`` without lines that were taken down; None if it was taken down or nothing remains."""
    if suppressed.covers(make_document(settings, row["path"], row["text"], whole=True)):
        return None
    text = suppressed.without_lines(row["text"])
    if text is row["text"]:
        return row
    return {**row, "text": text} if text.strip() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise Problem("the fetched data cannot be read", where=str(file.parent),
                      fix="Delete this folder; it will be fetched again", code=Code.SOURCE_DAMAGED) from None
    return found


def _shard(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rb") as stream:
        for line in stream:
            yield orjson.loads(line)


def _write_shard(file: Path, rows: Collection[Mapping[str, Any]]) -> str:
    """Write ``rows`` atomically and return their digest."""
    data = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0) as stream:
        stream.write(data)
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(packed.getvalue())
    part.replace(file)
    return hashlib.sha256(data).hexdigest()
