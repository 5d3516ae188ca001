"""Feeds (RSS, Atom) and sitemaps: the pages that they name are fetched, and no others."""

from __future__ import annotations

from typing import Any

from vernacular.config.sources import FeedSource
from vernacular.sources.web.source import WebSource
from vernacular.text.urls import hosts_of


class Feed(WebSource):
    """The pages that a list of feeds names."""

    settings: FeedSource

    def scope(self) -> dict[str, Any]:
        """The feeds, and what they name on the allowed hosts."""
        settings = self.settings
        return {"start": [], "lists": settings.feeds, "hosts": settings.hosts or sorted(hosts_of(settings.feeds)),
                "follow": False, "include": [], "exclude": [], "depth": 0}
