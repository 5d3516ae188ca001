"""The state of a fetch from Common Crawl, in the index of the mirror, so that it survives a kill.

A row of ``captures`` is where the record of a page is; a row of ``listings`` how far the index was
read, and its first page with captures for which the queue had no room; ``spent`` the requests and
bytes so far. The pages themselves, and which are due, are rows of
``sources.web.page_store``, queued by ``sources.web.frontier``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from vernacular.sources.commoncrawl.listing import Capture
from vernacular.sources.commoncrawl.patterns import Pattern
from vernacular.sources.web.frontier import Frontier
from vernacular.sources.web.page_store import GONE, Mirror
from vernacular.text.urls import canonical

_TABLES = """
CREATE TABLE IF NOT EXISTS captures (
    url TEXT PRIMARY KEY, crawl TEXT NOT NULL, stamp TEXT NOT NULL, digest TEXT NOT NULL, address TEXT NOT NULL,
    file TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, truncated TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS captures_digest ON captures (digest);
CREATE TABLE IF NOT EXISTS listings (
    crawl TEXT NOT NULL, pattern TEXT NOT NULL, pages INTEGER NOT NULL, done INTEGER NOT NULL, no_room INTEGER,
    PRIMARY KEY (crawl, pattern));
CREATE TABLE IF NOT EXISTS spent (requests INTEGER NOT NULL, bytes INTEGER NOT NULL);
"""
_COLUMNS = "crawl, stamp, digest, address, file, offset, length, truncated"


@dataclass(frozen=True)
class Stored:
    """Where the record of a page is."""

    crawl: str
    stamp: str
    digest: str
    address: str  # the URL as it was captured
    file: str
    offset: int
    length: int
    truncated: str

    @property
    def place(self) -> str:
        """Crawl, file and bytes, for the ledger."""
        return f"{self.crawl} {self.file} bytes {self.offset}-{self.offset + self.length - 1}"


class Captures:
    """The captures of a mirror that is open for writing."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        mirror.index.executescript(_TABLES)
        if mirror.index.execute("SELECT COUNT(*) FROM spent").fetchone()[0] == 0:
            mirror.index.execute("INSERT INTO spent VALUES (0, 0)")

    def spend(self, requests: int, size: int) -> None:
        """Record requests and bytes."""
        self.mirror.index.execute("UPDATE spent SET requests = requests + ?, bytes = bytes + ?", (requests, size))

    def spent(self) -> tuple[int, int]:
        """Return requests and bytes so far."""
        requests, size = self.mirror.index.execute("SELECT requests, bytes FROM spent").fetchone()
        return int(requests), int(size)

    def listing(self, crawl: str, pattern: Pattern) -> tuple[int, int] | None:
        """Return the pages of the index for a query, and how many were read; None if it was never asked."""
        row = self.mirror.index.execute("SELECT pages, done FROM listings WHERE crawl = ? AND pattern = ?",
                                        (crawl, str(pattern))).fetchone()
        return (int(row[0]), int(row[1])) if row is not None else None

    def list_again(self) -> None:
        """Read the index again: other captures may be wanted now."""
        self.mirror.index.execute("DELETE FROM listings")

    def make_room(self) -> None:
        """Read those parts of the index again for which the queue had no room: a larger budget has more."""
        self.mirror.index.execute("UPDATE listings SET done = no_room, no_room = NULL WHERE no_room IS NOT NULL")

    def begin_listing(self, crawl: str, pattern: Pattern, pages: int) -> None:
        """Record how many pages the index has for a query."""
        self.mirror.index.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?, 0, NULL)",
                                  (crawl, str(pattern), pages))

    def add(self, crawl: str, pattern: Pattern, page: int, captures: Iterable[Capture], frontier: Frontier) -> int:
        """Queue the captures of a page of the index, and record that it was read; return how many are new.

        Of several captures of a page, the latest counts; an unchanged one is not read again.
        """
        new, no_room = 0, False
        with self.mirror.transaction():
            for capture in captures:
                url = canonical(capture.url)
                if url and pattern.covers(url):
                    added = self._add(crawl, url, capture, frontier)
                    new += added
                    no_room = no_room or not (added or self.of(url) or frontier.refused(url))
            self.mirror.index.execute(
                "UPDATE listings SET done = ?, no_room = COALESCE(no_room, ?) WHERE crawl = ? AND pattern = ?",
                (page + 1, page if no_room else None, crawl, str(pattern)))
        return new

    def _add(self, crawl: str, url: str, capture: Capture, frontier: Frontier) -> bool:
        index, known = self.mirror.index, self.of(url)
        if known is None:
            if not frontier.add(url, follow=False):
                return False
        elif known.stamp >= capture.stamp or (known.digest and known.digest == capture.digest):
            return False
        index.execute(f"INSERT OR REPLACE INTO captures (url, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      (url, crawl, capture.stamp, capture.digest, capture.url, capture.file, capture.offset,
                       capture.length, capture.truncated))
        if known is not None:
            frontier.waiting += index.execute("UPDATE pages SET due = 1, tries = 0 WHERE url = ? AND NOT due",
                                              (url,)).rowcount
        return True

    def of(self, url: str) -> Stored | None:
        """Return where the record of ``url`` is."""
        row = self.mirror.index.execute(f"SELECT {_COLUMNS} FROM captures WHERE url = ?", (url,)).fetchone()
        return Stored(*row) if row is not None else None

    def same_body(self, url: str, digest: str) -> str:
        """Return another readable page with the body ``digest``, or empty."""
        row = self.mirror.index.execute(
            "SELECT pages.url FROM captures JOIN pages ON pages.url = captures.url WHERE captures.digest = ? AND "
            "captures.url <> ? AND pages.file IS NOT NULL AND pages.gone < ?", (digest, url, GONE)
        ).fetchone() if digest else None
        return str(row[0]) if row is not None else ""

    def forget(self, urls: Collection[str]) -> None:
        """Delete the captures of ``urls``."""
        self.mirror.index.executemany("DELETE FROM captures WHERE url = ?", [(url,) for url in urls])
