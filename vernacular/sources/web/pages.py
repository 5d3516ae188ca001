"""Parse pages, feeds, sitemaps and robots.txt in the worker within ``limits``.

The functions take the arguments of those they call, plus the limits, and raise ``LimitReached``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


def _robots_parse(body: bytes, url: str, status: int, content_type: str) -> None:
    read_robots(status, body, content_type)


# Name -> function of body, URL and further arguments; the library that it loads.
_PARSERS: dict[str, tuple[Callable[..., Any], str]] = {
    "extract": (extract, "trafilatura"), "facts": (facts_of, "trafilatura"), "listing": (read_listing, "feedparser"),
    "robots": (_robots_parse, "protego")}


def extract_page(body: bytes, url: str, content_type: str, limits: Limits) -> Extracted | None:
    """See ``extract``."""
    fields = _parsed("extract", body, url, limits, content_type)
    return Extracted(**fields) if fields is not None else None


def page_facts(body: bytes, url: str, content_type: str, robots_headers: list[str], reserved: bool,
               limits: Limits) -> Facts:
    """See ``facts_of``."""
    fields = _parsed("facts", body, url, limits, content_type, robots_headers, reserved)
    return Facts(**{**fields, "links": tuple(fields["links"]), "feeds": tuple(fields["feeds"])})


def page_listing(body: bytes, url: str, limits: Limits) -> Listing:
    """See ``read_listing``."""
    fields = _parsed("listing", body, url, limits)
    return Listing(**{**fields, "lists": tuple(fields["lists"])})


def robots_rules(status: int, body: bytes, content_type: str, limits: Limits) -> Rules:
    """See ``read_robots``."""
    _parsed("robots", body, "robots.txt", limits, status, content_type)  # otherwise it is not parsed here
    return read_robots(status, body, content_type)


def _parsed(name: str, body: bytes, url: str, limits: Limits, *arguments: Any) -> Any:
    return next(read_bounded(f"{__name__}:in_worker", [body], [name, url, *arguments], url, for_page(limits)))


def in_worker(files: Sequence[OpenFile], name: str, url: str, *arguments: Any) -> Iterator[dict[str, Any] | None]:
    """In the worker: yield the fields of what the parser ``name`` returns, or None."""
    parse, library = _PARSERS[name]
    import_module(library)
    result = (parse(file.read(), url, *arguments) for file in files)
    return (asdict(value) if value is not None else None for value in result)
