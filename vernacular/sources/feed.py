"""Feeds (RSS, Atom) and sitemaps: only the pages they list are fetched."""

from __future__ import annotations

from typing import Any

from vernacular.config.sources import FeedSource
from vernacular.sources.web.source import WebSource
from vernacular.text.urls import hosts_of


class Feed(WebSource):
    """The pages that a list of feeds names."""

    settings: FeedSource

    def scope(self) -> dict[str, Any]:
        """Return the feeds and the rules for pages they list."""
        settings = self.settings
        return {"start": [], "lists": settings.feeds, "hosts": settings.hosts or sorted(hosts_of(settings.feeds)),
                "follow": False, "include": [], "exclude": [], "depth": 0}
