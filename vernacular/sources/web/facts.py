"""What a page says to a crawler: its links and feeds, and whether it may be kept and followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import urljoin

import regex
from lxml.html import HtmlElement

from vernacular.core.errors import Problem
from vernacular.sources.web.charset import decode_page
from vernacular.sources.web.extract import parse
from vernacular.sources.web.language_hints import alternates_of, base_of
from vernacular.sources.web.robots import AGENT, meta_robots

_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml")
_REFRESH = regex.compile(r"^\s*[\d.]+\s*[;,]\s*url\s*=\s*['\"]?([^'\"]+)", regex.I)
_RESERVED = {"noai", "noml", "notrain"}
_MOST_LINKS, _MOST_FEEDS, _MOST_ALTERNATES = 2000, 100, 500  # a page of more has them made up


@dataclass(frozen=True)
class Facts:
    """What a page says to a crawler.

    Attributes:
        links: absolute URLs that it links to, in order, those marked nofollow left out; nothing if it says nofollow.
        feeds: absolute URLs of feeds.
        alternates: hreflang -> URL.
        language: what ``<html lang>`` says, in lower case.
        noindex: it asks not to be kept.
        reserved: it reserves the right to text and data mining (TDM reservation, ``noai``).
    """

    links: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    alternates: dict[str, str] = field(default_factory=dict)
    language: str = ""
    noindex: bool = False
    reserved: bool = False


def facts_of(body: bytes, url: str, content_type: str, robots_headers: list[str], reserved: bool = False) -> Facts:
    """What the page ``body`` says.

    Args:
        body: the page.
        url: where it came from.
        content_type: of the HTTP header.
        robots_headers: values of ``X-Robots-Tag``.
        reserved: the header ``TDM-Reservation`` says 1.
    """
    try:
        tree = parse(decode_page(body, content_type, url).text)
    except Problem:  # in no known encoding: links are ASCII, and the text is refused by name when it is read
        tree = parse(body.decode("latin-1"))
    if tree is None:
        words = meta_robots(*robots_headers)
        return Facts(noindex="noindex" in words, reserved=reserved or bool(words & _RESERVED))
    metas: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        name = (element.get("name") or "").strip().lower()
        if name in ("robots", AGENT.lower(), "tdm-reservation"):
            metas.setdefault(name, []).append((element.get("content") or "").strip())
    words = meta_robots(*robots_headers, *metas.get("robots", []), *metas.get(AGENT.lower(), []))
    base = base_of(tree, url)
    reserved = reserved or bool(words & _RESERVED) or "1" in metas.get("tdm-reservation", [])
    return Facts(
        links=() if "nofollow" in words else tuple(dict.fromkeys(_links(tree, base)))[:_MOST_LINKS],
        feeds=tuple(dict.fromkeys(_feeds(tree, base)))[:_MOST_FEEDS],
        alternates=dict(islice(alternates_of(tree, url).items(), _MOST_ALTERNATES)),
        language=(tree.get("lang") or "").strip().lower(), noindex="noindex" in words,
        reserved=reserved)


def _links(tree: HtmlElement, base: str) -> list[str]:
    found = []
    for element in tree.iter("a", "area", "frame", "iframe", "link", "meta"):
        relation = (element.get("rel") or "").lower().split()
        if element.tag == "meta":
            target = _refresh(element)
        elif element.tag == "link":
            wanted = set(relation) & {"next", "prev", "canonical"} or (
                "alternate" in relation and element.get("hreflang"))
            target = element.get("href") if wanted else ""
        else:
            target = "" if "nofollow" in relation else element.get("href") or element.get("src")
        joined = _join(base, target or "")
        if joined:
            found.append(joined)
    return found


def _refresh(element: HtmlElement) -> str:
    """Where ``<meta http-equiv=refresh>`` leads, for those who run scripts, or empty."""
    match = _REFRESH.match(element.get("content") or "")
    if not match or (element.get("http-equiv") or "").lower() != "refresh":
        return ""
    return "" if any(above.tag == "noscript" for above in element.iterancestors()) else str(match.group(1))


def _feeds(tree: HtmlElement, base: str) -> list[str]:
    return [joined for element in tree.iter("link")
            if "alternate" in (element.get("rel") or "").lower().split()
            and (element.get("type") or "").lower() in _FEED_TYPES
            and (joined := _join(base, element.get("href") or ""))]


def _join(base: str, target: str) -> str:
    try:
        return urljoin(base, target.strip()) if target.strip() else ""
    except ValueError:
        return ""
