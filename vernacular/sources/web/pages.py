"""Parse pages, feeds, sitemaps and robots.txt in the worker within ``limits``.

Functions that begin with ``in_worker`` run there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Any

from vernacular.config.limits import Limits
from vernacular.sandbox.frames import OpenFile
from vernacular.sandbox.limits import for_page
from vernacular.sandbox.reader import read_bounded
from vernacular.sources.web.extract import Extracted, extract
from vernacular.sources.web.facts import Facts, facts_of
from vernacular.sources.web.robots import Rules, read_robots
from vernacular.sources.web.sitemaps import Listing, read_listing


def extract_page(body: bytes, url: str, content_type: str, limits: Limits) -> Extracted | None:
    """Return the content of the page ``body``, or None if it has no text; see ``extract``.

    Raises:
        LimitReached: it exceeds ``limits``.
        Problem: the bytes are not text, or the encoding is not recognized.
    """
    found = _parsed("extract", body, url, limits, content_type)
    return Extracted(**found) if found is not None else None


def page_facts(body: bytes, url: str, content_type: str, robots_headers: list[str], reserved: bool,
               limits: Limits) -> Facts:
    """Return links and permissions of the page ``body``; see ``facts_of``.

    Raises:
        LimitReached: it exceeds ``limits``.
    """
    found = _parsed("facts", body, url, limits, content_type, robots_headers, reserved)
    return Facts(**{**found, "links": tuple(found["links"]), "feeds": tuple(found["feeds"])})


def page_listing(body: bytes, url: str, limits: Limits) -> Listing:
    """Return what a sitemap or feed lists; see ``read_listing``.

    Raises:
        LimitReached: it exceeds ``limits``.
    """
    kind, pages, lists = _parsed("listing", body, url, limits)
    return Listing(kind, pages, tuple(lists))


def robots_rules(status: int, body: bytes, content_type: str, limits: Limits) -> Rules:
    """Return the rules of a robots.txt; see ``read_robots``.

    Raises:
        LimitReached: it exceeds ``limits``.
    """
    _parsed("robots", body, "robots.txt", limits, status, content_type)  # otherwise it is not parsed here
    return read_robots(status, body, content_type)


def _parsed(name: str, body: bytes, url: str, limits: Limits, *arguments: Any) -> Any:
    return next(read_bounded(f"{__name__}:in_worker_{name}", [body], [url, *arguments], url, for_page(limits)))


def in_worker_extract(files: Sequence[OpenFile], url: str, content_type: str) -> Iterator[dict[str, Any] | None]:
    """Yield one value: the result of ``extract``."""
    import_module("trafilatura")

    def found() -> Iterator[dict[str, Any] | None]:
        page = extract(files[0].read(), url, content_type)
        yield asdict(page) if page is not None else None

    return found()


def in_worker_facts(files: Sequence[OpenFile], url: str, content_type: str, robots_headers: list[str],
                    reserved: bool) -> Iterator[dict[str, Any]]:
    """Yield one value: the result of ``facts_of``."""
    import_module("trafilatura")

    def found() -> Iterator[dict[str, Any]]:
        yield asdict(facts_of(files[0].read(), url, content_type, robots_headers, reserved))

    return found()


def in_worker_listing(files: Sequence[OpenFile], url: str) -> Iterator[list[Any]]:
    """Yield one value: the result of ``read_listing``."""
    import_module("feedparser")

    def found() -> Iterator[list[Any]]:
        listing = read_listing(files[0].read(), url)
        yield [listing.kind, listing.pages, listing.lists]

    return found()


def in_worker_robots(files: Sequence[OpenFile], url: str, status: int, content_type: str) -> Iterator[bool]:
    """Yield one value: whether ``read_robots`` allows anything."""
    import_module("protego")

    def found() -> Iterator[bool]:
        yield read_robots(status, files[0].read(), content_type).open

    return found()
