"""One fetch from Common Crawl: robots.txt again, then the index, then the records that are due."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import regex

from vernacular.config.limits import Limits
from vernacular.config.sources import CommonCrawlSource
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.store import now
from vernacular.sources.commoncrawl.captures import Captures, Stored
from vernacular.sources.commoncrawl.client import Budget, Client
from vernacular.sources.commoncrawl.listing import FIELDS, LARGEST, captures_in, number_of_pages
from vernacular.sources.commoncrawl.patterns import Pattern
from vernacular.sources.commoncrawl.permission import Permissions
from vernacular.sources.commoncrawl.record import Answer, read_record
from vernacular.sources.web.extract import fingerprint
from vernacular.sources.web.extraction_cache import Extractions
from vernacular.sources.web.frontier import TWIN, Frontier
from vernacular.sources.web.page_store import Mirror
from vernacular.sources.web.pages import page_facts
from vernacular.sources.web.warc import Exchange
from vernacular.text.urls import host_of

_PROGRESS = 10.0  # seconds between progress lines
_NO_CAPTURES = 404, b"No Captures found"  # the answer to a query without result; 404 also for an unknown crawl
_PART = 206
_QUEUE = 20  # captures that wait, as a multiple of the budget


class Fetching:
    """A fetch into a mirror that is open for writing."""

    def __init__(self, settings: CommonCrawlSource, patterns: Sequence[Pattern], mirror: Mirror, frontier: Frontier,
                 extractions: Extractions, client: Client, limits: Limits, run: int,
                 progress: Callable[[str], None]) -> None:
        self.settings, self.patterns, self.mirror, self.frontier = settings, patterns, mirror, frontier
        self.extractions, self.client, self.limits, self.run = extractions, client, limits, run
        self.captures = Captures(mirror)
        self.permissions = Permissions(client, mirror, limits)
        requests, size = self.captures.spent()
        self.budget = Budget(settings.most_requests - requests, settings.most_mb * 1_000_000 - size,
                             self.captures.spend)
        self.hosts = {host_of(settings.index_url), host_of(settings.data_url)}
        self.came: Counter[str] = Counter()
        self.progress, self.reported = progress, time.monotonic()

    def refresh_permissions(self) -> None:
        """Ask the sites of stored pages again, and drop what they forbid now."""
        origins = [origin for (origin,) in self.mirror.index.execute(
            "SELECT DISTINCT origin FROM pages WHERE file IS NOT NULL ORDER BY origin").fetchall()]
        for origin in origins:
            rules = self.permissions.of(origin)
            if not rules.open:  # a host that does not answer today has not changed its mind
                continue
            for (url,) in self.mirror.index.execute("SELECT url FROM pages WHERE file IS NOT NULL AND origin = ?",
                                                    (origin,)).fetchall():
                allowed, decision = rules.verdict(url)
                if not allowed:
                    row = self.mirror.index.execute("SELECT * FROM pages WHERE url = ?", (url,)).fetchone()
                    self.frontier.waiting += not row["due"]  # ``settled`` takes it for one that waited
                    self._settle(row, "refused", note=decision, robots=decision, file=None)

    def read(self) -> None:
        """Read the records that wait, then the index and records in turns, until all is read or the budget ends."""
        self._read_records()
        while not self._read_index():
            self._read_records()
            if not self.budget.covers() or self._full():
                return
        self._read_records()

    def _full(self) -> bool:
        """Whether the queue is so long that the index must wait."""
        return bool(self.frontier.waiting >= _QUEUE * self.frontier.most)

    def _read_index(self) -> bool:
        """Read what is missing of the index; return whether that was all of it."""
        return all(self._list(crawl, pattern) for crawl in self.settings.crawls for pattern in self.patterns)

    def _list(self, crawl: str, pattern: Pattern) -> bool:
        found = self.captures.listing(crawl, pattern)
        if found is None:
            if not self.budget.covers() or self._full():
                return False
            body = self._ask_index(crawl, pattern, showNumPages="true")
            pages = number_of_pages(body, f"{crawl} {pattern}", self.limits) if body is not None else 0
            self.captures.begin_listing(crawl, pattern, pages)
            found = pages, 0
        for page in range(found[1], found[0]):
            if not self.budget.covers() or self._full():
                return False
            body = self._ask_index(crawl, pattern, page=str(page))
            rows = captures_in(body or b"", self.settings.languages, f"{crawl} {pattern}", self.limits)
            new = self.captures.add(crawl, pattern, page, rows, self.frontier)
            self._say(f"{crawl} {pattern}: page {page + 1} of {found[0]} of the index, new captures: {new}")
        return True

    def _ask_index(self, crawl: str, pattern: Pattern, **more: str) -> bytes | None:
        """Return the index's answer; None if it has no captures."""
        filters = ["=status:200"]
        if self.settings.languages:  # also what has no language: older crawls, and pages too short to say
            filters.append(f"~languages:(.*({'|'.join(self.settings.languages)}).*|)$")
        query = urlencode({**pattern.query, "output": "json", "fl": FIELDS, "pageSize": "1", "filter": filters, **more},
                          doseq=True)
        url = f"{self.settings.index_url.rstrip('/')}/{crawl}-index?{query}"
        reply = self.client.get(url, LARGEST, self.budget, self.hosts)
        self._count("reached")
        if reply.status == _NO_CAPTURES[0] and _NO_CAPTURES[1] in reply.body:
            return None
        if reply.status != 200:
            raise Problem(f"the index answers {reply.status} for the crawl {crawl}", where=self.settings.index_url,
                          fix="Correct `crawls:` (ids from index.commoncrawl.org) or `index_url:`",
                          code=Code.SOURCE_NETWORK)
        return reply.body

    def _read_records(self) -> None:
        """Read the records that are due, in turns of sites, until the budget ends."""
        while (row := self.frontier.next([], [])) is not None:
            stored = self.captures.of(row["url"])
            if stored is None:
                self._settle(row, "left", note="no capture")
            elif not self._read(row, stored):
                return
            self._tell()

    def _read(self, row: sqlite3.Row, stored: Stored) -> bool:
        """Read a record, unless it is known without that; return False if the budget does not cover it."""
        twin = self.captures.same_body(row["url"], stored.digest)
        if stored.truncated:
            self._settle(row, "damaged", note=f"Common Crawl has only its beginning ({stored.truncated})")
        elif stored.length > self.settings.most_page_bytes:
            self._settle(row, "damaged", note=f"the record has more than {self.settings.most_page_bytes:,} bytes")
        elif twin:
            self._settle(row, "repeat", note=f"{TWIN}{twin}")
        elif not self.budget.covers(stored.length):
            return False
        else:
            rules = self.permissions.of(row["origin"])
            allowed, decision = rules.verdict(row["url"])
            if not allowed:
                self._settle(row, "refused", note=decision, robots=decision, **({"file": None} if rules.open else {}))
                return True
            reply = self.client.get(f"{self.settings.data_url.rstrip('/')}/{stored.file}", stored.length, self.budget,
                                    self.hosts, (stored.offset, stored.length))
            self._count("reached")
            if reply.status != _PART:
                self._settle(row, "failed", note=f"the archive answers {reply.status}", status=reply.status)
                return True
            try:
                answer = read_record(reply.body, stored.address, self.settings.most_page_bytes, self.limits)
                self._page(row, stored, answer, decision)
            except TransientProblem:
                raise  # not the page's error, as any other exception: it must stay due
            except Problem as problem:
                self._settle(row, "damaged", note=problem.what)
        return True

    def _page(self, row: sqlite3.Row, stored: Stored, answer: Answer, decision: str) -> None:
        url, kind = row["url"], answer.header("Content-Type")
        facts = page_facts(answer.body, url, kind, answer.headers_named("X-Robots-Tag"),
                           answer.header("TDM-Reservation").strip() == "1", self.limits)
        with self.mirror.transaction():
            self.frontier.learn(row, facts, follow=False)
        if facts.noindex or facts.reserved:
            note = "must not be kept (noindex)" if facts.noindex else "reserves text and data mining"
            self._settle(row, "noindex", note=note, robots=decision, file=None)
            return
        digest = hashlib.sha256(answer.body).hexdigest()
        found = self.extractions.of(url, digest, kind, lambda: answer.body)
        text = fingerprint(found.text) if found else ""
        twin = self.mirror.twin(url, text)
        if twin or not text:
            self.extractions.drop(url)  # do not cache what is not stored
            self._settle(row, "repeat" if twin else "empty", note=f"{TWIN}{twin}" if twin else "no text", text=text,
                         robots=decision)
            return
        self.mirror.keep(Exchange(url, answer.fetched or _iso(stored.stamp), [], answer.headers, answer.body, digest),
                         due=0, status=200, checked=now(), robots=decision, type=kind, text=text, via=stored.place)
        self._done(row, "kept")

    def _settle(self, row: sqlite3.Row, state: str, **columns: Any) -> None:
        """Record the outcome of a page that is not stored again; an earlier text stays unless ``file`` is None."""
        if row["file"] and "file" not in columns:
            state = "kept"
        with self.mirror.transaction():
            self.mirror.note(row["url"], **{"note": "", "checked": now(), **columns}, state=state, due=0)
        self._done(row, state)

    def _done(self, row: sqlite3.Row, state: str) -> None:
        self.frontier.settled(row, state)
        self.came[state] += 1

    def _count(self, column: str) -> None:
        self.mirror.index.execute(f"UPDATE runs SET {column} = {column} + 1, asked = asked + 1 WHERE id = ?",
                                  (self.run,))

    def _tell(self) -> None:
        if time.monotonic() - self.reported > _PROGRESS:
            self.reported = time.monotonic()
            self._say(self.outcome())

    def outcome(self) -> str:
        """Describe what was read, what waits, and what it took."""
        requests, size = self.captures.spent()
        came = ", ".join(f"{number} {name}" for name, number in sorted(self.came.items()))
        return (f"{came or 'no records'}; {max(0, self.frontier.waiting)} waiting; {requests:,} requests and "
                f"{size / 1e6:,.1f} MB in all")

    def _say(self, line: str) -> None:
        self.progress(f"{self.settings.name}: {line}")


def _iso(stamp: str) -> str:
    """Return a date of the index in the form of a WARC."""
    return regex.sub(r"^(....)(..)(..)(..)(..)(..)$", r"\1-\2-\3T\4:\5:\6Z", stamp)
