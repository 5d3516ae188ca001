"""The crawl frontier: lists first, then pages hinted to be in the language, then links breadth first.

The queue is the index of the mirror (rows that are ``due``), so it survives a kill. It also bounds
a crawl: hosts, depth, and URL shapes that yield nothing new.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vernacular.config.expressions import compile_expression
from vernacular.sources.web.language_hints import foreign, hint_of, label_hint, primary
from vernacular.sources.web.page_store import GONE, Mirror
from vernacular.text.urls import canonical, endless, host_of, is_media, origin_of, shape_of, within

if TYPE_CHECKING:
    from vernacular.sources.web.facts import Facts

BARREN = 20    # close a URL shape when this many more of its pages yielded nothing than yielded text
ROUND = 25     # pages of one shape before another shape has its turn
VARIANTS = 200  # pages of one shape that differ by parameters
LIST, START, HINTED, PLAIN, OTHER = range(5)  # ranks, in this order
_AGAIN = ("kept", "redirect", "failed", "refused", "noindex", "listed", "gone")  # checked again by a new run
_WASTE = ("repeat", "empty", "redirect")
_HOPS = 5
TWIN = "the text of "  # plus a URL: the note of a duplicate page
CLOSED = "pages like this bring nothing new"  # the note of a page skipped for that reason
# A shape that once had text is not a sign of an endless site.
_BARREN = ("SUM(CASE WHEN state = 'kept' THEN -1 WHEN gone THEN 0 WHEN state IN ('repeat', 'empty', 'redirect') THEN 1 "
           "ELSE 0 END)")


@dataclass
class Frontier:
    """The queue of a mirror, with the limits of its source."""

    mirror: Mirror  # open for writing
    hosts: Collection[str]  # allowed hosts
    codes: frozenset[str]  # of the language, as sites write them
    covered: Callable[[str], bool]  # whether a URL was taken down
    # include and exclude: regular expressions for URLs
    include: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    depth: int = 8  # most links from a start page
    most: int = 2000  # most pages in one run; the queue has at most 20 times as many

    def __post_init__(self) -> None:
        index = self.mirror.index
        self.wanted, self.unwanted = ([compile_expression(rule) for rule in rules]
                                       for rules in (self.include, self.exclude))
        self.shapes = Counter(dict(index.execute("SELECT shape, COUNT(*) FROM pages GROUP BY shape").fetchall()))
        self.waste = Counter(dict(index.execute(f"SELECT shape, {_BARREN} FROM pages GROUP BY shape").fetchall()))
        self.marked = {origin: set(labels) for origin, labels in self.mirror.labels().items()}
        self.waiting = index.execute("SELECT COUNT(*) FROM pages WHERE due").fetchone()[0]

    def refused(self, url: str, start: bool = False) -> str:
        """Return why ``url`` (canonical) is never fetched, or empty."""
        if not url:
            return "not a web address"
        if not within(url, self.hosts):
            return "another host"
        if self.covered(url):
            return "taken down"
        if any(rule.search(url) for rule in self.unwanted):
            return "excluded"
        if not start and self.wanted and not any(rule.search(url) for rule in self.wanted):
            return "not included"
        return "another format" if is_media(url) else endless(url)

    def add(self, url: str, *, kind: str = "page", depth: int = 0, label: str = "", via: str = "", follow: bool = True,
            start: bool = False, hop: bool = False) -> bool:
        """Queue ``url`` unless it is known or refused; return whether it was queued.

        Call within a transaction.

        Args:
            url: in any form.
            kind: ``page``, or ``list`` for sitemaps and feeds.
            depth: links from a start page.
            label: its hreflang language, or empty.
            via: the page that links to it.
            follow: whether its links are followed.
            start: a start page, exempt from ``include``.
            hop: the target of a redirect, which may be slightly deeper.
        """
        url, index = canonical(url), self.mirror.index
        if self.refused(url, start or kind == "list") and not (kind == "list" and self._list(url)):
            return False
        if label:
            self.mark(url, label)
        known = index.execute("SELECT label, due, rank FROM pages WHERE url = ?", (url,)).fetchone()
        if known is not None:
            if label and not known["label"]:
                index.execute("UPDATE pages SET label = ?, rank = ? WHERE url = ?", (
                    label, min(known["rank"], self._rank(url, kind, label, start)), url))
            if start and not known["due"]:
                index.execute("UPDATE pages SET due = 1 WHERE url = ?", (url,))
            return False
        shape = shape_of(url)
        if depth > self.depth + (_HOPS if hop else 0) or self.waiting >= 20 * self.most:
            return False
        if not shape.endswith("?") and self.shapes[shape] >= max(VARIANTS, self.most // 2):
            return False
        index.execute(
            "INSERT INTO pages (url, origin, kind, state, due, rank, depth, round, shape, follow, label, via) "
            "VALUES (?, ?, ?, 'new', 1, ?, ?, ?, ?, ?, ?, ?)",
            (url, origin_of(url), kind, self._rank(url, kind, label, start), depth, self.shapes[shape] // ROUND, shape,
             follow, label, via))
        self.shapes[shape] += 1
        self.waiting += 1
        return True

    def learn(self, row: sqlite3.Row, facts: Facts, follow: bool) -> None:
        """Note the hosts that the page of ``row`` links to, and queue its links. Call within a transaction."""
        url, labels = row["url"], {canonical(target): label for label, target in facts.alternates.items()}
        for target, label in labels.items():
            if target and within(target, self.hosts):
                self.mark(target, label)
        self.mirror.note_outgoing(url, {host_of(target) for target in facts.links if not within(target, self.hosts)})
        if hint_of(url, self.codes) == "in" and label_hint(facts.language, self.codes) == "in":
            self.mark(url, facts.language)
        if not (row["follow"] and follow):
            return
        for target in facts.feeds:
            self.add(target, kind="list", depth=row["depth"], via=url)
        for target in facts.links:
            self.add(target, depth=row["depth"] + 1, label=labels.get(canonical(target), ""), via=url)

    def _list(self, url: str) -> bool:
        """Whether a sitemap or feed may be fetched: subject to hosts and takedowns, not to page rules."""
        return bool(url) and within(url, self.hosts) and not self.covered(url)

    def _rank(self, url: str, kind: str, label: str, start: bool) -> int:
        if kind == "list":
            return LIST
        if start:
            return START
        hint = label_hint(label, self.codes) if label else hint_of(url, self.codes)
        return {"in": HINTED, "": PLAIN, "other": OTHER}[hint]

    def mark(self, url: str, label: str) -> None:
        """Record that the site of ``url`` labels pages with the language ``label``."""
        origin, spoken = origin_of(url), primary(label)
        known = self.marked.setdefault(origin, set())
        if spoken and spoken not in known:
            known.add(spoken)
            self.mirror.index.execute("INSERT OR IGNORE INTO labels VALUES (?, ?)", (origin, spoken))

    def next(self, busy: Collection[str], flying: Collection[str], opening: Collection[str] = ()) -> sqlite3.Row | None:
        """Return the row to fetch now, or None.

        Args:
            busy: origins that must wait.
            flying: URLs being fetched.
            opening: origins whose lists or start pages are being fetched; their other pages wait.
        """
        index = self.mirror.index
        places, urls, new = (",".join("?" * len(names)) for names in (busy, flying, opening))
        while True:
            row: sqlite3.Row | None = index.execute(
                f"SELECT * FROM pages WHERE due AND origin NOT IN ({places}) AND url NOT IN ({urls}) AND (rank <= ? OR "
                f"origin NOT IN ({new})) ORDER BY tries, CASE WHEN rank <= ? THEN 0 WHEN file IS NULL THEN 1 ELSE 2 "
                "END, rank, depth, round, checked, rowid LIMIT 1", (*busy, *flying, START, *opening, START)).fetchone()
            if row is None:
                return None
            reason = self._dropped(row)
            if not reason:
                return row
            with self.mirror.transaction():
                self.mirror.note(row["url"], due=0, note=reason, **({} if row["file"] else {"state": "left"}))
            self.waiting -= 1

    def _dropped(self, row: sqlite3.Row) -> str:
        """Return why a queued page is skipped because of later findings, or empty."""
        reason = self.refused(row["url"], row["rank"] <= START)
        if reason and not (row["kind"] == "list" and self._list(row["url"])):
            return reason
        if row["rank"] <= START:
            return ""
        if foreign(row["url"], row["label"], frozenset(self.marked.get(row["origin"], ())), self.codes):
            return "another language"
        had = row["file"] or row["gone"] or row["state"] == "repeat"  # a text, or one that no other page has now
        return CLOSED if not had and self.waste[row["shape"]] >= BARREN else ""

    def settled(self, row: sqlite3.Row, state: str) -> None:
        """Record the outcome of a page and requeue pages it had excluded, by shape or text."""
        self.waiting -= 1
        if row["kind"] != "page":
            return
        shape, had = row["shape"], bool(row["file"] or row["gone"])
        before = self.waste[shape]
        self.waste[shape] += _worth(state, had) - _worth(row["state"], had)
        if self.waste[shape] < BARREN <= before:
            self._ask("state = 'left' AND note = ? AND shape = ?", CLOSED, shape)
        if row["file"] and self.mirror.index.execute(
                "SELECT 1 FROM pages WHERE url = ? AND text = ? AND file IS NOT NULL AND gone < ?",
                (row["url"], row["text"], GONE)).fetchone() is None:
            # otherwise their text would be lost too
            self._ask("state = 'repeat' AND NOT due AND note = ?", f"{TWIN}{row['url']}")

    def _ask(self, which: str, *values: str) -> None:
        """Requeue the pages that match the condition ``which``."""
        self.waiting += self.mirror.index.execute(f"UPDATE pages SET due = 1, tries = 0 WHERE {which}", values).rowcount


def _worth(state: str, had: bool) -> int:
    """Return the effect of a page in ``state`` on its shape: positive if barren."""
    return -1 if state == "kept" else int(state in _WASTE and not had)


def without_text(row: sqlite3.Row, state: str) -> tuple[str, dict[str, Any]]:
    """Return state and further columns of a page that now has no text of its own.

    A stored text is kept until the next visit confirms the loss, since login or maintenance pages
    may replace it for a day.
    """
    gone = row["gone"] + bool(row["file"])
    return ("kept", {"gone": gone}) if row["file"] and gone < GONE else (state, {"gone": gone, "file": None})


def begin_run(mirror: Mirror, settings: str, now: float) -> int:
    """Start a run: pages visited before become due again. Return its number.

    Of those without text, only pages that once had text, or duplicates of a page that is gone or
    changed. If ``settings`` differ from the last run, links of all pages are read again and skipped
    pages are retried.
    """
    last = mirror.last_run()
    with mirror.transaction() as index:
        if last is not None and last.settings != settings:
            index.execute("UPDATE pages SET etag = '', modified = ''")  # unchanged pages are sent again
            index.execute("UPDATE pages SET due = 1, tries = 0 WHERE state = 'left' AND note <> ?", (CLOSED,))
        number = index.execute("INSERT INTO runs (settings, started) VALUES (?, ?)", (settings, now)).lastrowid
        index.execute(
            f"UPDATE pages SET due = 1, tries = 0 WHERE state IN ({','.join('?' * len(_AGAIN))}) OR due OR gone OR "
            "(state = 'repeat' AND note <> '' AND NOT EXISTS (SELECT 1 FROM pages AS kept WHERE kept.url = "
            "substr(pages.note, ?) AND kept.text = pages.text AND kept.file IS NOT NULL AND kept.gone < ?)) OR (state "
            f"= 'left' AND note = ? AND shape IN (SELECT shape FROM pages GROUP BY shape HAVING {_BARREN} < ?))",
            (*_AGAIN, len(TWIN) + 1, GONE, CLOSED, BARREN))
    return int(number or 0)


def end_run(mirror: Mirror, number: int, now: float, outcome: str, reached: int) -> None:
    """Record the end of run ``number``, its outcome, and the number of pages that answered; with none it failed."""
    with mirror.transaction() as index:
        index.execute("UPDATE runs SET finished = ?, outcome = ?, reached = ? WHERE id = ?",
                      (now, outcome, reached, number))
