"""Feeds (RSS, Atom) and sitemaps: only the pages they list are fetched."""

from __future__ import annotations

from vernacular.config.sources import FeedSource
from vernacular.sources.web.job import Scope
from vernacular.sources.web.source import WebSource
from vernacular.text.urls import hosts_of


class Feed(WebSource):
    """The pages that a list of feeds names."""

    settings: FeedSource

    def scope(self) -> Scope:
        """Return the feeds; only pages that they list are fetched."""
        feeds = self.settings.feeds
        return Scope(start=[], lists=feeds, hosts=self.settings.hosts or sorted(hosts_of(feeds)), follow=False)
