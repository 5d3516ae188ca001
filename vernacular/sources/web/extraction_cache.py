"""Cache of extracted pages, so that unchanged pages are parsed once. It may be deleted at any time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from vernacular.config.limits import Limits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import digest_of
from vernacular.sandbox.limits import LimitReached
from vernacular.sources.web.extract import VERSION, Extracted
from vernacular.sources.web.page_store import PATIENCE
from vernacular.sources.web.pages import extract_page

FILE = "extracted.sqlite"
_TABLE = "CREATE TABLE IF NOT EXISTS extracted (url TEXT PRIMARY KEY, key TEXT NOT NULL, value BLOB NOT NULL)"
_BATCH = 100


class Extractions:
    """Extracted pages by URL; valid for a page digest, the limits and the extractor's version."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.table = sqlite3.connect(folder / FILE, timeout=PATIENCE, isolation_level=None)
        self.table.execute("PRAGMA secure_delete = ON")
        self.table.execute(_TABLE)
        self.versions = f"{VERSION} {version('trafilatura')} {version('lxml')} {digest_of(self.limits.model_dump())}"
        self.new: list[tuple[str, str, bytes]] = []

    def __enter__(self) -> Extractions:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._flush()
        self.table.close()

    def of(self, url: str, digest: str, content_type: str, body: Callable[[], bytes]) -> Extracted | None:
        """Return the content of the page at ``url``; ``body`` is called only if it is not cached.

        Raises:
            LimitReached: it exceeds the limits.
            Problem: the page's encoding is not recognized.
        """
        key = self._key(digest, content_type)
        row = self.table.execute("SELECT value FROM extracted WHERE url = ? AND key = ?", (url, key)).fetchone()
        if row is not None:
            value = orjson.loads(row[0])
        else:
            value = self._extracted(body(), url, content_type)
            self._add(url, key, orjson.dumps(value))
        if value is not None and "what" in value:
            raise LimitReached(**value, where=url) if "limit" in value else Problem(
                **value, where=url, code=Code.DATA_ENCODING)
        return Extracted(**value) if value is not None else None

    def _extracted(self, body: bytes, url: str, content_type: str) -> dict[str, Any] | None:
        """Return the fields of ``Extracted``, or of the problem."""
        try:
            page = extract_page(body, url, content_type, self.limits)
        except LimitReached as problem:
            return {"what": problem.what, "fix": problem.fix, "limit": problem.limit}
        except Problem as problem:
            return {"what": problem.what, "fix": problem.fix}
        return asdict(page) if page is not None else None

    def _key(self, digest: str, content_type: str) -> str:
        return f"{digest} {self.versions} {content_type}"

    def alike(self, found: Extracted, url: str, digest: str, content_type: str, body: Callable[[], bytes]) -> bool:
        """Whether the stored page of ``url`` has the same content as ``found``.

        Most sites send different bytes every time, such as a form token, a time or an address.
        """
        try:
            before = self.of(url, digest, content_type, body)
        except Problem:  # the stored page is unreadable, so the new one counts as changed
            before = None
        kept, alike = self._key(digest, content_type), before == found
        self.new = [row for row in self.new if row[0] != url or (row[1] == kept) == alike]
        return alike

    def _add(self, url: str, key: str, value: bytes) -> None:
        self.new.append((url, key, value))
        if len(self.new) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        self.table.execute("BEGIN IMMEDIATE")
        self.table.executemany("INSERT OR REPLACE INTO extracted VALUES (?, ?, ?)", self.new)
        self.table.execute("COMMIT")
        self.new.clear()

    def drop(self, url: str) -> None:
        """Remove the entry of ``url``."""
        self.new = [row for row in self.new if row[0] != url]
        self.table.execute("DELETE FROM extracted WHERE url = ?", (url,))

    def forget(self, urls: Collection[str]) -> None:
        """Remove the entries of ``urls`` for good."""
        self.table.executemany("DELETE FROM extracted WHERE url = ?", [(url,) for url in urls])
        self.table.execute("VACUUM")
