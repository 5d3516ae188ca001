"""Pages, feeds, sitemaps and robots.txt as strangers serve them, parsed in the worker within ``limits``.

The functions that begin with ``in_worker`` run there.
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
    """What the page ``body`` says, or None if there is no text in it; see ``extract``.

    Raises:
        LimitReached: parsing it takes more than ``limits`` allow.
        Problem: the bytes are not text, or in no encoding that can be recognised.
    """
    found = _parsed("extract", body, url, limits, content_type)
    return Extracted(**found) if found is not None else None


def page_facts(body: bytes, url: str, content_type: str, robots_headers: list[str], reserved: bool,
               limits: Limits) -> Facts:
    """What the page ``body`` says to a crawler; see ``facts_of``.

    Raises:
        LimitReached: parsing it takes more than ``limits`` allow.
    """
    found = _parsed("facts", body, url, limits, content_type, robots_headers, reserved)
    return Facts(**{**found, "links": tuple(found["links"]), "feeds": tuple(found["feeds"])})


def page_listing(body: bytes, url: str, limits: Limits) -> Listing:
    """What a sitemap or feed lists; see ``read_listing``.

    Raises:
        LimitReached: parsing it takes more than ``limits`` allow.
    """
    kind, pages, lists = _parsed("listing", body, url, limits)
    return Listing(kind, pages, tuple(lists))


def robots_rules(status: int, body: bytes, content_type: str, limits: Limits) -> Rules:
    """What a robots.txt allows; see ``read_robots``.

    Raises:
        LimitReached: parsing it takes more than ``limits`` allow.
    """
    _parsed("robots", body, "robots.txt", limits, status, content_type)  # else it is not parsed here
    return read_robots(status, body, content_type)


def _parsed(name: str, body: bytes, url: str, limits: Limits, *arguments: Any) -> Any:
    return next(read_bounded(f"{__name__}:in_worker_{name}", [body], [url, *arguments], url, for_page(limits)))


def in_worker_extract(files: Sequence[OpenFile], url: str, content_type: str) -> Iterator[dict[str, Any] | None]:
    """One value: what ``extract`` gives."""
    import_module("trafilatura")

    def found() -> Iterator[dict[str, Any] | None]:
        page = extract(files[0].read(), url, content_type)
        yield asdict(page) if page is not None else None

    return found()


def in_worker_facts(files: Sequence[OpenFile], url: str, content_type: str, robots_headers: list[str],
                    reserved: bool) -> Iterator[dict[str, Any]]:
    """One value: what ``facts_of`` gives."""
    import_module("trafilatura")

    def found() -> Iterator[dict[str, Any]]:
        yield asdict(facts_of(files[0].read(), url, content_type, robots_headers, reserved))

    return found()


def in_worker_listing(files: Sequence[OpenFile], url: str) -> Iterator[list[Any]]:
    """One value: what ``read_listing`` gives."""
    import_module("feedparser")

    def found() -> Iterator[list[Any]]:
        listing = read_listing(files[0].read(), url)
        yield [listing.kind, listing.pages, listing.lists]

    return found()


def in_worker_robots(files: Sequence[OpenFile], url: str, status: int, content_type: str) -> Iterator[bool]:
    """One value: whether ``read_robots`` allows anything."""
    import_module("protego")

    def found() -> Iterator[bool]:
        yield read_robots(status, files[0].read(), content_type).open

    return found()
