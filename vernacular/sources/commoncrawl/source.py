"""Sources of kind ``commoncrawl``: pages of chosen domains, from the captures of chosen crawls."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing

from vernacular import __version__
from vernacular.config.sources import CommonCrawlSource
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder
from vernacular.core.store import digest_of, digest_of_listed
from vernacular.provenance.suppression_list import url_digest
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import opened, read_bounded
from vernacular.sources.commoncrawl import patterns as pattern_module
from vernacular.sources.commoncrawl.captures import Captures
from vernacular.sources.commoncrawl.client import Client
from vernacular.sources.commoncrawl.fetch import Fetching
from vernacular.sources.commoncrawl.patterns import Pattern, hosts_of_patterns
from vernacular.sources.mirror import lock_mirror
from vernacular.sources.web.extraction_cache import Extractions
from vernacular.sources.web.frontier import Frontier
from vernacular.sources.web.job import Scope
from vernacular.sources.web.page_source import PageSource
from vernacular.sources.web.page_store import Mirror, Page
from vernacular.sources.web.robots import AGENT


class CommonCrawl(PageSource):
    """The captures of domains; of their sites only robots.txt is requested."""

    settings: CommonCrawlSource

    def scope(self) -> Scope:
        """Return the hosts of the domains; no link is followed."""
        settings = self.settings
        return Scope(start=[], lists=[], hosts=hosts_of_patterns(self.patterns()), follow=False,
                     include=settings.include, exclude=settings.exclude)

    def patterns(self) -> list[Pattern]:
        """Return the domains of the settings and the list, in order.

        Raises:
            Problem: the list cannot be read, or something in it is no domain.
        """
        named = list(self.settings.domains)
        if (file := self._domain_list()) is not None:
            try:
                with opened(file) as data:
                    named += read_bounded(f"{pattern_module.__name__}:in_worker_domains", [data], [], file.shown,
                                          for_file(self.place.limits, data.size))
            except FileNotFoundError:
                raise Problem("this list of domains does not exist", where=file.shown, fix="Correct `domain_list:`",
                              code=Code.SOURCE_MISSING) from None
        found: dict[Pattern, None] = {}
        for text in named:
            pattern = Pattern.of(text)
            if pattern is None:
                raise Problem(f"'{text}' is not a domain", where=self.where,
                              fix="Write example.org, or example.org/lg/ for a part of it", code=Code.CONFIG_VALUE)
            found[pattern] = None
        if not found:
            raise Problem("it names no domain", where=self.where, fix="Add `domains:`, or links to `domain_list:`",
                          code=Code.DATA_EMPTY)
        return list(found)

    def _domain_list(self) -> File | None:
        name = self.settings.domain_list
        return Folder(self.place.folder, "", self.where).file(name) if name is not None else None

    def site_filter(self) -> Callable[[str], bool]:
        """Return whether a URL is below one of the domains."""
        patterns = self.patterns()
        return lambda url: any(pattern.covers(url) for pattern in patterns)

    def parents_of(self, mirror: Mirror, page: Page) -> list[str]:
        """Return the digest of the page, and the crawl and bytes of the WARC file that it came from."""
        row = mirror.index.execute("SELECT via FROM pages WHERE url = ?", (page.url,)).fetchone()
        return [*super().parents_of(mirror, page), *([row["via"]] if row and row["via"] else [])]

    def data_version(self) -> str:
        """Return a digest of the stored pages and the list of domains."""
        listed = self._list_digest()
        return digest_of([super().data_version(), listed]) if listed else super().data_version()

    def _list_digest(self) -> str:
        file = self._domain_list()
        return digest_of_listed([(file.path, file)]) if file is not None and file.exists() else ""

    def _signature(self) -> str:
        """Return digests of the settings that determine which captures are wanted, and of the others."""
        wanted = self.settings.model_dump(mode="json", include={
            "domains", "crawls", "languages", "include", "exclude", "index_url"})
        others = self.settings.model_dump(mode="json", include={
            "most_requests", "most_mb", "most_page_bytes", "data_url"})
        return f"{digest_of([wanted, self._list_digest(), sorted(self.codes)])} {digest_of(others)}"

    def _begin(self, mirror: Mirror) -> int:
        """Start a run: if others are wanted the index is read again; with other settings what was left out is, too."""
        last, signature = mirror.last_run(), self._signature()
        captures = Captures(mirror)
        with mirror.transaction() as index:
            if last is not None and last.settings != signature:
                if last.settings.partition(" ")[0] == signature.partition(" ")[0]:
                    captures.make_room()
                else:
                    captures.list_again()
                index.execute("UPDATE pages SET due = 1, tries = 0 WHERE state IN ('left', 'damaged')")
            index.execute("UPDATE pages SET due = 1, tries = 0 WHERE state IN ('refused', 'failed')")
            number = index.execute("INSERT INTO runs (settings, started) VALUES (?, ?)",
                                   (signature, clock.now())).lastrowid
        return int(number or 0)

    def _fetch(self, number: int, mirror: Mirror, progress: Callable[[str], None]) -> None:
        """Read the index and the records that are due; what was read is kept if it ends early."""
        settings, place = self.settings, self.place
        frontier = Frontier(mirror, self.scope().hosts, self.codes, place.suppressed.covers_url, settings.include,
                            settings.exclude, most=settings.most_requests)
        with Extractions(place.mirror, place.limits) as extractions, Client(
                f"{AGENT}/{__version__} (+{settings.contact})", settings.delay_seconds, settings.timeout_seconds,
                settings.private_addresses, progress, settings.name) as client:
            fetching = Fetching(settings, self.patterns(), mirror, frontier, extractions, client, place.limits, number,
                                progress)
            fetching.refresh_permissions()
            fetching.read()
        mirror.index.execute("UPDATE runs SET reached = MAX(reached, 1) WHERE id = ?", (number,))  # nothing failed
        progress(f"{settings.name}: {fetching.outcome()}")
        if frontier.waiting > 0:
            progress(f"{settings.name}: stopped by the budget; raise `most_requests:` or `most_mb:` to continue")

    def forget(self, paths: Collection[str]) -> None:
        """Delete the pages at ``paths`` and where their records are."""
        if Mirror.exists(self.place.mirror):
            with lock_mirror(self.place.mirror, self.where), closing(Mirror(self.place.mirror, write=True)) as mirror:
                wanted = {url_digest(path) for path in paths}
                captures = Captures(mirror)
                captures.forget([url for (url,) in mirror.index.execute("SELECT url FROM captures").fetchall()
                                 if url_digest(url) in wanted])
        super().forget(paths)  # compacts the index
