"""Web sites: sitemaps and feeds first, then links, on the allowed hosts, subject to robots.txt."""

from __future__ import annotations

from vernacular.config.sources import CrawlSource
from vernacular.sources.web.job import Scope
from vernacular.sources.web.source import WebSource
from vernacular.text.urls import hosts_of


class Crawl(WebSource):
    """A site that is crawled from its start pages."""

    settings: CrawlSource

    def scope(self) -> Scope:
        """Return the start pages and link-following rules."""
        settings = self.settings
        return Scope(start=settings.start, lists=[], hosts=settings.hosts or sorted(hosts_of(settings.start)),
                     follow=True, include=settings.include, exclude=settings.exclude, depth=settings.depth)
