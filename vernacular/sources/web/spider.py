"""The spider: fetches due pages of the frontier as hosts become free, and stores responses.

Lines on standard output are for the user. ``crawler_process`` runs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urljoin

import scrapy
from scrapy.http import Response
from twisted.python.failure import Failure

from vernacular.core.errors import Problem, TransientProblem, as_problem
from vernacular.core.store import now
from vernacular.core.terminal import say
from vernacular.sandbox.limits import LimitReached
from vernacular.sources.web.extract import fingerprint
from vernacular.sources.web.extraction_cache import Extractions
from vernacular.sources.web.frontier import LIST, START, TWIN, Frontier, without_text
from vernacular.sources.web.job import Job
from vernacular.sources.web.page_store import Mirror
from vernacular.sources.web.pages import page_facts, page_listing, robots_rules
from vernacular.sources.web.politeness import TRIES, Manners
from vernacular.sources.web.response import header, headers_of, is_html, reservations, why
from vernacular.sources.web.robots import HOPS, Rules
from vernacular.sources.web.robots import LARGEST as LARGEST_ROBOTS
from vernacular.sources.web.sitemaps import LARGEST as LARGEST_LIST
from vernacular.sources.web.warc import Exchange
from vernacular.text.urls import canonical, host_of, within

_PROGRESS = 10.0  # seconds between progress lines
_MOST_LISTS = 500


class Site(scrapy.Spider):
    """Fetches what is due of one source."""

    name = "vernacular"

    def __init__(self, job: Job, mirror: Mirror, frontier: Frontier, extractions: Extractions) -> None:
        super().__init__()
        self.job, self.mirror, self.frontier, self.extractions = job, mirror, frontier, extractions
        self.manners = Manners(job.settings.delay_seconds)
        self.came: Counter[str] = Counter()  # state -> pages in this process
        self.pages, self.lists = 0, 0
        self.ends = time.monotonic() + job.settings.most_minutes * 60
        self.reported = time.monotonic()
        self.wake = asyncio.Event()
        self.finished = False  # ended regularly, not by an error

    async def start(self) -> AsyncIterator[Any]:
        """Yield requests as hosts become free; end when nothing is due or a limit is reached."""
        while time.monotonic() < self.ends and self.pages < self.job.settings.most_pages:
            self._tell()
            row = self.frontier.next(self.manners.busy(), list(self.manners.flying), set(self.manners.opening.values()))
            request = self._request(row) if row is not None else None
            if request is not None:
                yield request
            elif row is None:
                if self.manners.idle() and self.frontier.next(self.manners.shut(), []) is None:
                    break
                self.wake.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.wake.wait(), self.manners.pause())
        self.finished = True

    def _request(self, row: sqlite3.Row) -> scrapy.Request | None:
        """Return the request for ``row``, or for its robots.txt; None if it is refused."""
        origin = row["origin"]
        if origin not in self.manners.rules:
            self.manners.rules[origin] = None
            return self._robots_request(origin, f"{origin}/robots.txt", 0)
        rules = self.manners.rules[origin]
        assert rules is not None  # the frontier skips origins whose rules are being fetched
        allowed, decision = rules.verdict(row["url"])
        if not allowed:
            self._settle(row, "refused", note=decision, robots=row["robots"] if row["file"] else decision)
            return None
        if row["kind"] == "list":
            self.lists += 1
            if self.lists > _MOST_LISTS:
                self._settle(row, "left", note="too many lists")
                return None
        else:
            self.pages += 1
            self._count("asked")
        self.manners.ask(row["url"], origin, row["rank"] <= START)
        conditions = {"If-None-Match": row["etag"], "If-Modified-Since": row["modified"]} if row["file"] else {}
        return scrapy.Request(
            row["url"], callback=self.parse, errback=self.failed, dont_filter=True,
            headers={name: value for name, value in conditions.items() if value},
            meta={"row": row, "decision": decision, "handle_httpstatus_all": True,
                  "download_maxsize": LARGEST_LIST if row["kind"] == "list" else self.job.settings.most_page_bytes})

    def _robots_request(self, origin: str, url: str, hops: int) -> scrapy.Request:
        return scrapy.Request(url, callback=self.robots, errback=self.no_robots, dont_filter=True, priority=10,
                              meta={"origin": origin, "hops": hops, "handle_httpstatus_all": True,
                                    "download_maxsize": LARGEST_ROBOTS + 1000})

    def robots(self, response: Response) -> scrapy.Request | None:
        """Read a robots.txt, or follow its redirect within the allowed hosts."""
        origin, hops = response.meta["origin"], response.meta["hops"]
        if 300 <= response.status < 400 and response.status != 304:
            target = canonical(urljoin(response.url, header(response, "Location")))
            if target and within(target, self.job.scope.hosts) and hops < HOPS:
                return self._robots_request(origin, target, hops + 1)
            self._set_rules(origin, Rules(False, "robots.txt redirects to another host or in circles"), b"")
            return None
        try:
            rules = robots_rules(response.status, response.body, header(response, "Content-Type"), self.job.limits)
        except Exception as error:  # our own error is not a permission
            rules = Rules(False, f"robots.txt cannot be read ({type(error).__name__})")
        self._set_rules(origin, rules, response.body)
        return None

    def no_robots(self, failure: Failure) -> None:
        """Treat a missing response to robots.txt as refusal."""
        request = failure.request  # type: ignore[attr-defined]
        self._set_rules(request.meta["origin"], Rules(False, f"robots.txt is unavailable ({why(failure)})"), b"")

    def _set_rules(self, origin: str, rules: Rules, body: bytes) -> None:
        self.manners.rules[origin] = rules
        with self.mirror.transaction() as index:
            index.execute("INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?, ?)", (
                origin, rules.open, rules.reason, body.decode("utf-8", "replace") if rules.open else "", now()))
            if rules.open and self.job.scope.follow:
                for url in (*rules.sitemaps, f"{origin}/sitemap.xml"):
                    self.frontier.add(url, kind="list", via=f"{origin}/robots.txt")
        if not rules.open:
            self._say(f"{host_of(origin)}: nothing is fetched, {rules.reason}")
        elif rules.delay > self.job.settings.delay_seconds:
            self._say(f"{host_of(origin)}: requires {rules.delay:g} seconds between two requests")
        self.wake.set()

    def parse(self, response: Response, **_: Any) -> None:
        """Handle a response. An unexpected error is reported, and other pages continue."""
        try:
            self._note(response)
        except Exception as error:
            if isinstance(as_problem(error, response.url), TransientProblem):
                raise  # not the page's error: it must stay due
            reason = error.what if isinstance(error, LimitReached) else f"bug: {type(error).__name__}"
            self._say(f"BUG {response.url}: {reason} ({error})")
            self._fail(response.meta["row"], reason)

    def _note(self, response: Response) -> None:
        row, status = response.meta["row"], response.status
        if status in (429, 503) or status >= 500:
            self._again(row, f"the server responds {status}", header(response, "Retry-After"))
            return
        self.manners.failures[row["origin"]] = 0
        self._count("reached")
        columns: dict[str, Any] = {"robots": row["robots"] if row["file"] else response.meta["decision"],
                                   "status": status, "checked": now()}
        if status == 304 and row["file"]:
            self._settle(row, "kept", gone=0, came="unchanged", **columns)
        elif 300 <= status < 400:
            self._redirect(row, header(response, "Location"), columns)
        elif status in (404, 410):
            self._settle(row, "kept" if row["file"] else "gone", came="gone", gone=row["gone"] + 1, **columns)
        elif status != 200:
            self._fail(row, f"the server responds {status}", **columns)
        elif row["kind"] == "list":
            self._list(row, response, columns)
        else:
            self._page(row, response, columns)

    def _redirect(self, row: sqlite3.Row, location: str, columns: dict[str, Any]) -> None:
        target = canonical(location, row["url"])
        with self.mirror.transaction():
            reason = self.frontier.refused(target, start=row["rank"] == START)
            if not reason and target != row["url"]:
                self.frontier.add(target, kind=row["kind"], depth=row["depth"] + 1, label=row["label"], via=row["url"],
                                  follow=bool(row["follow"]), start=row["rank"] == START, hop=True)
        self._lost(row, "redirect", f"to {target}" + (f" ({reason})" if reason else ""), columns)

    def _list(self, row: sqlite3.Row, response: Response, columns: dict[str, Any]) -> None:
        listing = page_listing(response.body, response.url, self.job.limits)
        with self.mirror.transaction():
            for url in listing.lists if row["depth"] < 3 else ():
                self.frontier.add(urljoin(response.url, url), kind="list", depth=row["depth"] + 1, via=row["url"])
            for url, label in listing.pages.items():
                self.frontier.add(urljoin(response.url, url), depth=1 if self.job.scope.follow else 0, label=label,
                                  via=row["url"], follow=self.job.scope.follow)
        self._settle(row, "listed" if listing.kind else "failed", note=listing.kind or "neither a sitemap nor a feed",
                     **columns)

    def _page(self, row: sqlite3.Row, response: Response, columns: dict[str, Any]) -> None:
        kind, url = header(response, "Content-Type"), row["url"]
        if not is_html(kind, response.body):
            self._lost(row, "other_format", kind[:80] or "no Content-Type", columns)
            return
        facts = page_facts(response.body, url, kind, *reservations(response), self.job.limits)
        with self.mirror.transaction():
            self.frontier.learn(row, facts, follow=self.job.scope.follow)
        if facts.noindex or facts.reserved:
            note = "must not be kept (noindex)" if facts.noindex else "reserves text and data mining"
            self._settle(row, "noindex", file=None, note=note, **columns)
            return
        digest, found = hashlib.sha256(response.body).hexdigest(), None
        try:
            found = self.extractions.of(url, digest, kind, lambda: response.body)
            text = fingerprint(found.text) if found else ""
        except Problem as problem:
            text, columns["note"] = "", problem.what
        twin = self.mirror.twin(url, text)
        if twin:
            self.extractions.drop(url)  # do not cache what is not stored
            self._lost(row, "repeat", f"{TWIN}{twin}", columns if row["file"] else {**columns, "text": text})
            return
        if not text and "note" not in columns:
            self._lost(row, "empty", "no text", columns)
            return
        columns |= {"etag": header(response, "ETag"), "modified": header(response, "Last-Modified"), "type": kind,
                    "text": text or None}
        if row["file"] and (digest == row["digest"] or (found and self.extractions.alike(
                found, url, row["digest"], row["type"], lambda: self.mirror.body(url)))):
            kept_type = {} if digest == row["digest"] else {"type": row["type"]}
            self._settle(row, "kept", gone=0, came="unchanged", **{**columns, **kept_type})
            return
        assert response.request is not None  # Scrapy sets it before the callback
        self.mirror.keep(Exchange(url, now(), headers_of(response.request.headers), headers_of(response.headers),
                                  response.body, digest), due=0, **{**columns, "robots": response.meta["decision"]})
        self._done(row, "kept", "changed" if row["file"] else "kept")

    def _lost(self, row: sqlite3.Row, state: str, note: str, columns: dict[str, Any]) -> None:
        """Record that a page now has no text of its own."""
        state_now, more = without_text(row, state)
        self._settle(row, state_now, came=state, note=note, **more, **columns)

    def failed(self, failure: Failure) -> None:
        """Retry a failed page later, then give up."""
        row, reason = failure.request.meta["row"], why(failure)  # type: ignore[attr-defined]
        if reason in ("too large", "private address"):
            self._fail(row, reason)
        else:
            self._again(row, reason)

    def _again(self, row: sqlite3.Row, reason: str, retry_after: str = "") -> None:
        """Requeue a page and back off from its host, for ``retry_after`` if given."""
        tries = row["tries"] + 1
        if self.manners.fail(row["origin"], tries, retry_after):
            self._say(f"{host_of(row['url'])}: skipped until the next run, {reason}")
        if tries >= TRIES:
            self._fail(row, reason, tries=tries)
            return
        self.mirror.note(row["url"], tries=tries, note=reason)
        self.manners.came(row["url"])
        self.wake.set()

    def _fail(self, row: sqlite3.Row, reason: str, **columns: Any) -> None:
        """Give up on a page for this run; its stored content is kept."""
        self._settle(row, "kept" if row["file"] else "failed", came="failed", note=reason,
                     **{"checked": now(), **columns})

    def _settle(self, row: sqlite3.Row, state: str, came: str = "", **columns: Any) -> None:
        """Record the outcome of a page whose content is not stored again."""
        with self.mirror.transaction():
            self.mirror.note(row["url"], **{"note": "", **columns}, state=state, due=0)
        self._done(row, state, came or state)

    def _done(self, row: sqlite3.Row, state: str, came: str) -> None:
        self.frontier.settled(row, state)
        if row["rank"] != LIST:
            self.came[came] += 1
        self.manners.came(row["url"])
        self.wake.set()

    def _count(self, column: str) -> None:
        self.mirror.index.execute(f"UPDATE runs SET {column} = {column} + 1 WHERE id = ?", (self.job.run,))

    def _tell(self, last: bool = False) -> None:
        moment = time.monotonic()
        if last or moment - self.reported > _PROGRESS:
            self.reported = moment
            came = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in sorted(self.came.items()))
            self._say(f"{self.pages} pages requested ({came or 'no responses'}), {max(0, self.frontier.waiting)} "
                      "waiting")

    def _say(self, line: str) -> None:
        say(f"{self.job.settings.name}: {line}")

    def closed(self, reason: str) -> None:
        """Report the outcome."""
        settings = self.job.settings
        if self.pages >= settings.most_pages and self.frontier.waiting > 0:
            self._say(f"stopped at {settings.most_pages} pages (`most_pages`); the next run continues")
        elif time.monotonic() >= self.ends:
            self._say(f"stopped after {settings.most_minutes:g} minutes (`most_minutes`); the next run continues")
        self._tell(last=True)
