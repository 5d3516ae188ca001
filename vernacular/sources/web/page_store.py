"""What was fetched of a web source: WARC files and their index. Knows nothing of the network or of what pages say.

``index.sqlite`` has a row for each URL; the answers are in ``*.warc.gz``. An answer is written and synced before its
row is, in one transaction with the length that the file then has; so a kill leaves either both or neither, and whatever
a file holds beyond its length is cut off before the next answer. One process writes at a time (``held``), any may read.
``frontier`` says what to ask next, from the same rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vernacular import __version__
from vernacular.core.errors import Problem, TransientProblem, as_problem
from vernacular.core.store import digest_of
from vernacular.sources.web import warc

INDEX = "index.sqlite"
PATIENCE = 10.0  # seconds that the index may be held by something else: a crawl stands still meanwhile
GONE = 2  # a page that was not there this many fetches in a row is no longer read
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
CREATE TABLE IF NOT EXISTS labels (origin TEXT, label TEXT, PRIMARY KEY (origin, label));
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, settings TEXT NOT NULL, started REAL NOT NULL, finished REAL,
    asked INTEGER NOT NULL DEFAULT 0, reached INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT '');
"""


@dataclass(frozen=True)
class Page:
    """A page that the mirror holds.

    Attributes:
        url: its canonical URL.
        digest: SHA-256 of its body in hexadecimal digits.
        type: the Content-Type it came with.
        fetched: when, ISO 8601 in UTC.
        robots: the decision of robots.txt and its rule, when it was fetched.
        label: the language that other pages or the sitemap give it (hreflang), or empty.
        origin: scheme and host.
    """

    url: str
    digest: str
    type: str
    fetched: str
    robots: str
    label: str
    origin: str


@dataclass(frozen=True)
class Run:
    """One go at fetching: when it began and, unless it was cut short, ended; and what came of it."""

    id: int
    settings: str
    started: float
    finished: float | None
    asked: int
    reached: int
    outcome: str


class Mirror:
    """The pages kept in a folder.

    Args:
        folder: made when it is first written to.
        write: open it for writing; the folder must then be held.
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
            self.index.execute("PRAGMA synchronous = NORMAL")  # the files are synced before their rows are written
            self._sweep()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether anything was ever fetched into ``folder``."""
        return (folder / INDEX).is_file()

    def close(self) -> None:
        """Let go of the index."""
        self.index.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block's changes to the index or none."""
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
        """The pages that can be read, by URL; those that are gone are left out."""
        return [Page(*row) for row in self.index.execute(
            "SELECT url, digest, type, fetched, robots, label, origin FROM pages "
            "WHERE file IS NOT NULL AND gone < ? ORDER BY url", (GONE,))]

    def twin(self, url: str, text: str) -> str:
        """Another page that is read and has the same ``text`` (its fingerprint), or empty."""
        row = self.index.execute("SELECT url FROM pages WHERE text = ? AND url <> ? AND file IS NOT NULL AND gone < ?",
                                 (text, url, GONE)).fetchone() if text else None
        return str(row["url"]) if row is not None else ""

    def body(self, url: str) -> bytes:
        """The body of the page at ``url``.

        Raises:
            KeyError: it is not there.
            Problem: it is damaged.
        """
        row = self.index.execute("SELECT file, offset, digest FROM pages WHERE url = ? AND file IS NOT NULL",
                                 (url,)).fetchone()
        if row is None:
            raise KeyError(url)
        body = warc.read_body(self.folder / row["file"], row["offset"])
        if hashlib.sha256(body).hexdigest() != row["digest"]:
            raise Problem(f"what was fetched from {url} is damaged", where=str(self.folder / row["file"]),
                          fix="Restore it from a copy, or remove the source's folder and fetch again")
        return body

    def labels(self) -> dict[str, frozenset[str]]:
        """Origin -> the languages that the site marks its pages with (hreflang)."""
        found: dict[str, set[str]] = {}
        for origin, label in self.index.execute("SELECT origin, label FROM labels"):
            found.setdefault(origin, set()).add(label)
        return {origin: frozenset(labels) for origin, labels in found.items()}

    def version(self) -> str:
        """A digest of all that documents are made from: the pages that can be read, and what sites say of them."""
        return digest_of([astuple(page) for page in self.pages()] + sorted(
            (origin, *sorted(labels)) for origin, labels in self.labels().items()))

    def refusals(self) -> list[tuple[str, str]]:
        """(Origin, reason) of each host of which nothing may be asked, by the latest look at its robots.txt."""
        return [tuple(row) for row in self.index.execute(
            "SELECT origin, robots FROM origins WHERE NOT open ORDER BY origin")]

    def states(self) -> dict[str, int]:
        """State -> how many URLs are in it."""
        return dict(self.index.execute("SELECT CASE WHEN due THEN 'waiting' ELSE state END, COUNT(*) FROM pages "
                                       "GROUP BY 1 ORDER BY 1").fetchall())

    def without_text(self) -> list[tuple[str, str, str, int]]:
        """(URL, state, note, how many went so) for pages that gave nothing: of each state one, the commonest first."""
        return [tuple(row)[:4] for row in self.index.execute(
            "SELECT MIN(url), state, note, COUNT(*) FROM pages WHERE NOT due AND file IS NULL AND kind = 'page' "
            "AND state <> 'left' GROUP BY state ORDER BY COUNT(*) DESC, state")]

    def keep(self, exchange: warc.Exchange, **columns: Any) -> None:
        """Write an answer and its row; ``columns`` are further ones of the row."""
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

    def urls(self) -> list[str]:
        """The URLs of all pages that it knows of."""
        return [url for (url,) in self.index.execute("SELECT url FROM pages ORDER BY url")]

    def forget(self, urls: Collection[str]) -> None:
        """Take ``urls`` out of the files and the index; no byte of what was fetched from them stays.

        Raises:
            Problem: another process reads the mirror, so that its write-ahead log cannot be removed.
        """
        try:
            self.index.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError:
            raise Problem("the mirror is being read", where=str(self.folder),
                          fix="Run it again when no other run of this language is at work") from None
        with self.transaction():
            for url in urls:
                self.index.execute("DELETE FROM pages WHERE url = ?", (url,))
                self.index.execute("UPDATE pages SET via = '' WHERE via = ?", (url,))
                self.index.execute("UPDATE pages SET note = '' WHERE instr(note, ?)", (url,))
        for (name,) in self.index.execute("SELECT name FROM files ORDER BY name").fetchall():
            self._rewrite(name)
        self.index.execute("VACUUM")

    def compact(self) -> None:
        """Drop answers that newer ones have replaced, where they take up more than half of a file."""
        for (name,) in self.index.execute("SELECT name FROM files ORDER BY name").fetchall():
            alive = self.index.execute("SELECT COUNT(*) FROM pages WHERE file = ?", (name,)).fetchone()[0]
            if alive * 2 < warc.answers(self.folder / name):
                self._rewrite(name)

    def _rewrite(self, name: str) -> None:
        """Copy the answers of a file that the index knows into a new one, and remove the old.

        The new file gets a new name and the index learns of it in one transaction: a kill leaves the old or the new.
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
        """Remove what a kill left: files that the index does not know, and what they hold beyond its length."""
        known = dict(self.index.execute("SELECT name, length FROM files").fetchall())
        for path in self.folder.glob("*.warc.gz"):
            if path.name not in known:
                path.unlink()
            elif path.stat().st_size > known[path.name]:
                with path.open("r+b") as stream:
                    stream.truncate(known[path.name])

    def last_run(self, finished: bool = False) -> Run | None:
        """The latest run, or the latest that was ended and reached something."""
        where = "WHERE finished IS NOT NULL AND reached > 0" if finished else ""
        row = self.index.execute("SELECT id, settings, started, finished, asked, reached, outcome FROM runs "
                                 f"{where} ORDER BY id DESC LIMIT 1").fetchone()
        return Run(*row) if row else None


@contextlib.contextmanager
def held(folder: Path, where: str) -> Iterator[None]:
    """The mirror in ``folder``, for this process alone to write.

    Raises:
        Problem: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise TransientProblem("another process is fetching this source", where=where,
                               fix="Wait for it, or stop it and run again: it goes on where it stopped") from None
    try:
        yield
    finally:
        lock.release()
