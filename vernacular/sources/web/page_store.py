"""Storage of fetched pages: WARC files and their index, independent of network and page content.

``index.sqlite`` has a row per URL; responses are in ``*.warc.gz``. A response is written and synced
before its row, in one transaction with the file's new length; so a kill leaves both or neither, and
bytes beyond the length are cut off before the next response. One process writes at a time
(``lock_mirror``), any may read. ``frontier`` selects pages from the same rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from vernacular import __version__
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, as_problem
from vernacular.core.store import digest_of
from vernacular.sources.web import warc

INDEX = "index.sqlite"
PATIENCE = 10.0  # seconds to wait for a locked index; a crawl pauses meanwhile
_MOST_HOSTS = 50  # other hosts recorded for a page
GONE = 2  # fetches in a row without the page after which it is no longer read
_TABLES = """
CREATE TABLE IF NOT EXISTS pages (
    url TEXT PRIMARY KEY, origin TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, due INTEGER NOT NULL,
    rank INTEGER NOT NULL, depth INTEGER NOT NULL, round INTEGER NOT NULL, shape TEXT NOT NULL, follow INTEGER NOT NULL,
    label TEXT NOT NULL DEFAULT '', via TEXT NOT NULL DEFAULT '', tries INTEGER NOT NULL DEFAULT 0,
    status INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '', robots TEXT NOT NULL DEFAULT '',
    gone INTEGER NOT NULL DEFAULT 0, etag TEXT NOT NULL DEFAULT '', modified TEXT NOT NULL DEFAULT '',
    type TEXT NOT NULL DEFAULT '', file TEXT, offset INTEGER, digest TEXT, text TEXT, fetched TEXT NOT NULL DEFAULT '',
    checked TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS pages_due ON pages (due, rank);
CREATE INDEX IF NOT EXISTS pages_text ON pages (text);
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, length INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS origins (
    origin TEXT PRIMARY KEY, open INTEGER NOT NULL, robots TEXT NOT NULL, body TEXT NOT NULL, checked TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outgoing (url TEXT, host TEXT, PRIMARY KEY (url, host)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS labels (origin TEXT, label TEXT, PRIMARY KEY (origin, label));
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, settings TEXT NOT NULL, started REAL NOT NULL, finished REAL,
    asked INTEGER NOT NULL DEFAULT 0, reached INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT '');
"""


@dataclass(frozen=True, slots=True)
class Page:
    """A stored page."""

    url: str  # its canonical URL
    digest: str  # SHA-256 of its body in hexadecimal digits
    type: str  # its Content-Type
    fetched: str  # when, ISO 8601 in UTC
    robots: str  # the robots.txt decision and rule at that time
    label: str  # its hreflang language elsewhere on the site, or empty
    origin: str  # scheme and host


@dataclass(frozen=True)
class Run:
    """One fetching run: start, end (if not interrupted) and outcome."""

    id: int
    settings: str
    started: float
    finished: float | None
    asked: int
    reached: int
    outcome: str


class Mirror:
    """The pages stored in a folder.

    Args:
        folder: created on the first write.
        write: open for writing; the folder must then be locked.
    """

    def __init__(self, folder: Path, write: bool = False) -> None:
        self.folder = folder
        if write:
            folder.mkdir(parents=True, exist_ok=True)
        self.index = sqlite3.connect(folder / INDEX if write or self.exists(folder) else ":memory:", timeout=PATIENCE,
                                     isolation_level=None)
        self.index.row_factory = sqlite3.Row
        self.index.execute("PRAGMA secure_delete = ON")
        if write or not self.exists(folder):
            self.index.executescript(_TABLES)
        if write:
            self.index.execute("PRAGMA journal_mode = WAL")
            self.index.execute("PRAGMA synchronous = NORMAL")  # files are synced before their rows are written
            self._sweep()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether anything was ever fetched into ``folder``."""
        return (folder / INDEX).is_file()

    def close(self) -> None:
        """Close the index."""
        self.index.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Apply all of the block's changes to the index, or none."""
        try:
            self.index.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise as_problem(error, str(self.folder / INDEX)) from None
        try:
            yield self.index
        except BaseException:
            self.index.execute("ROLLBACK")
            raise
        self.index.execute("COMMIT")

    def pages(self) -> list[Page]:
        """Return the readable pages by URL, without those that are gone."""
        return [Page(*row) for row in self.index.execute(
            "SELECT url, digest, type, fetched, robots, label, origin FROM pages "
            "WHERE file IS NOT NULL AND gone < ? ORDER BY url", (GONE,))]

    def twin(self, url: str, text: str) -> str:
        """Return another readable page with the same ``text`` fingerprint, or empty."""
        row = self.index.execute("SELECT url FROM pages WHERE text = ? AND url <> ? AND file IS NOT NULL AND gone < ?",
                                 (text, url, GONE)).fetchone() if text else None
        return str(row["url"]) if row is not None else ""

    def body(self, url: str) -> bytes:
        """Return the body of the page at ``url``.

        Raises:
            KeyError: it is not stored.
            Problem: it is damaged.
        """
        row = self.index.execute("SELECT file, offset, digest FROM pages WHERE url = ? AND file IS NOT NULL",
                                 (url,)).fetchone()
        if row is None:
            raise KeyError(url)
        body = warc.read_body(self.folder / row["file"], row["offset"])
        if hashlib.sha256(body).hexdigest() != row["digest"]:
            raise Problem(f"the stored copy of {url} is damaged", where=str(self.folder / row["file"]),
                          fix="Restore it from a backup, or remove the source's folder and fetch again",
                          code=Code.SOURCE_DAMAGED)
        return body

    def labels(self) -> dict[str, frozenset[str]]:
        """Return origin -> languages that the site labels pages with (hreflang)."""
        found: dict[str, set[str]] = {}
        for origin, label in self.index.execute("SELECT origin, label FROM labels"):
            found.setdefault(origin, set()).add(label)
        return {origin: frozenset(labels) for origin, labels in found.items()}

    def version(self) -> str:
        """Return a digest of everything that determines the documents: readable pages and site labels."""
        return digest_of([astuple(page) for page in self.pages()] + sorted(
            (origin, *sorted(labels)) for origin, labels in self.labels().items()))

    def refusals(self) -> list[tuple[str, str]]:
        """Return (origin, reason) of each host closed by its robots.txt."""
        return [tuple(row) for row in self.index.execute(
            "SELECT origin, robots FROM origins WHERE NOT open ORDER BY origin")]

    def states(self) -> dict[str, int]:
        """Return state -> number of URLs."""
        return dict(self.index.execute("SELECT CASE WHEN due THEN 'waiting' ELSE state END, COUNT(*) FROM pages "
                                       "GROUP BY 1 ORDER BY 1").fetchall())

    def without_text(self) -> list[tuple[str, str, str, int]]:
        """Return (URL, state, note, count) of pages without text: one per state, most frequent first."""
        return [tuple(row)[:4] for row in self.index.execute(
            "SELECT MIN(url), state, note, COUNT(*) FROM pages WHERE NOT due AND file IS NULL AND kind = 'page' "
            "AND state <> 'left' GROUP BY state ORDER BY COUNT(*) DESC, state")]

    def keep(self, exchange: warc.Exchange, **columns: Any) -> None:
        """Write a response and its row; ``columns`` are further columns of the row."""
        row = self.index.execute("SELECT name, length FROM files ORDER BY name DESC LIMIT 1").fetchone()
        if row is None or row["length"] > warc.LARGEST:
            name = f"{int(row['name'][:5]) + 1 if row else 1:05}.warc.gz"
            length = warc.begin(self.folder / name, {
                "software": f"Vernacular/{__version__}", "format": "WARC File Format 1.0", "robots": "obey"})
        else:
            name, length = row["name"], row["length"]
        end = warc.append(self.folder / name, length, exchange)
        with self.transaction():
            self.index.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (name, end))
            self.note(exchange.url, **{"note": "", **columns}, state="kept", file=name, offset=length,
                      digest=exchange.digest, gone=0, fetched=exchange.fetched)

    def note(self, url: str, **columns: Any) -> None:
        """Set ``columns`` of the row of ``url``."""
        self.index.execute(f"UPDATE pages SET {', '.join(f'{name} = ?' for name in columns)} WHERE url = ?",
                           (*columns.values(), url))

    def note_outgoing(self, url: str, hosts: Collection[str]) -> None:
        """Record the other hosts that the page at ``url`` links to; call within a transaction."""
        self.index.execute("DELETE FROM outgoing WHERE url = ?", (url,))
        self.index.executemany("INSERT INTO outgoing VALUES (?, ?)",
                               [(url, host) for host in sorted(hosts)[:_MOST_HOSTS] if host])

    def outgoing(self) -> Iterator[tuple[str, str]]:
        """Yield (URL, host) for the hosts that readable pages link to; nothing from a mirror of an older version."""
        if self.index.execute("SELECT 1 FROM sqlite_master WHERE name = 'outgoing'").fetchone() is not None:
            yield from (tuple(row) for row in self.index.execute(
                "SELECT outgoing.url, host FROM outgoing JOIN pages ON pages.url = outgoing.url "
                "WHERE file IS NOT NULL AND gone < ?", (GONE,)))

    def urls(self) -> list[str]:
        """Return the URLs of all known pages."""
        return [url for (url,) in self.index.execute("SELECT url FROM pages ORDER BY url")]

    def forget(self, urls: Collection[str]) -> None:
        """Delete ``urls`` and their content from the files and the index."""
        try:
            self.index.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError:
            raise Problem("another process is reading the mirror", where=str(self.folder),
                          fix="Run it again when no other run of this language is active",
                          code=Code.SOURCE_BUSY) from None
        with self.transaction():
            for url in urls:
                self.index.execute("DELETE FROM pages WHERE url = ?", (url,))
                self.index.execute("DELETE FROM outgoing WHERE url = ?", (url,))
                self.index.execute("UPDATE pages SET via = '' WHERE via = ?", (url,))
                self.index.execute("UPDATE pages SET note = '' WHERE instr(note, ?)", (url,))
        for (name,) in self.index.execute("SELECT name FROM files ORDER BY name").fetchall():
            self._rewrite(name)
        self.index.execute("VACUUM")

    def compact(self) -> None:
        """Drop replaced responses where these fill more than half of a file."""
        for (name,) in self.index.execute("SELECT name FROM files ORDER BY name").fetchall():
            alive = self.index.execute("SELECT COUNT(*) FROM pages WHERE file = ?", (name,)).fetchone()[0]
            if alive * 2 < warc.answers(self.folder / name):
                self._rewrite(name)

    def _rewrite(self, name: str) -> None:
        """Copy the indexed responses of a file into a new one, and remove the old file.

        The index switches to the new name in one transaction, so a kill leaves the old or the new.
        """
        alive = {offset: url for url, offset in self.index.execute(
            "SELECT url, offset FROM pages WHERE file = ?", (name,))}
        new = f"{name[:5]}-{int(name[6:11]) + 1 if '-' in name else 1:05}.warc.gz"
        moved, length = warc.rewrite(self.folder / name, self.folder / new, frozenset(alive))
        with self.transaction():
            self.index.execute("DELETE FROM files WHERE name = ?", (name,))
            self.index.execute("INSERT INTO files VALUES (?, ?)", (new, length))
            for offset, url in alive.items():
                self.note(url, file=new, offset=moved[offset])
        (self.folder / name).unlink()

    def _sweep(self) -> None:
        """Remove leftovers of a kill: unknown files, and bytes beyond the indexed length."""
        known = dict(self.index.execute("SELECT name, length FROM files").fetchall())
        for path in self.folder.glob("*.warc.gz"):
            if path.name not in known:
                path.unlink()
            elif path.stat().st_size > known[path.name]:
                with path.open("r+b") as stream:
                    stream.truncate(known[path.name])

    def last_run(self, finished: bool = False) -> Run | None:
        """Return the latest run, or the latest that finished with answers."""
        where = "WHERE finished IS NOT NULL AND reached > 0" if finished else ""
        row = self.index.execute("SELECT id, settings, started, finished, asked, reached, outcome FROM runs "
                                 f"{where} ORDER BY id DESC LIMIT 1").fetchone()
        return Run(*row) if row else None

