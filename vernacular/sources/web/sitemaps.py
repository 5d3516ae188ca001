"""Lists of pages: sitemaps (XML, text, gzipped, indexes) and feeds (RSS, Atom)."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass, field

from lxml import etree

LARGEST = 50_000_000  # the sitemap protocol's limit, unpacked
_SITEMAPS = {"urlset", "sitemapindex"}
_FEEDS = {"rss", "feed", "rdf"}


@dataclass(frozen=True)
class Listing:
    """The content of a list."""

    kind: str  # ``sitemap``, ``feed`` or empty for neither
    # URL of each page -> its language in the list, or empty
    pages: dict[str, str] = field(default_factory=dict)
    lists: tuple[str, ...] = ()  # URLs of further lists


def read_listing(body: bytes, url: str) -> Listing:
    """Return the pages and lists that ``body``, fetched from ``url``, names. Broken lists give what is readable."""
    try:
        return _read(_unpacked(body), url)
    except UnicodeDecodeError:  # raised by lxml for half a surrogate pair (&#xD800;): not a list
        return Listing("")


def _read(body: bytes, url: str) -> Listing:
    root = _root(body)
    name = _name(root) if root is not None else ""
    if root is not None and name in _SITEMAPS:
        return _sitemap(root, name)
    if name in _FEEDS:
        return _feed(body, url)
    lines = [line.strip() for line in body[:LARGEST].decode("utf-8", "replace").splitlines()]
    pages = [line for line in lines if line]
    if pages and all(line.startswith(("http://", "https://")) and " " not in line for line in pages):
        return Listing("sitemap", dict.fromkeys(pages, ""))
    return Listing("")


def _unpacked(body: bytes) -> bytes:
    """Unpack gzip up to the limit, against bombs."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        with gzip.open(io.BytesIO(body)) as stream:
            return stream.read(LARGEST)
    except (OSError, EOFError, zlib.error):
        return b""


def _root(body: bytes) -> etree._Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False, load_dtd=False)
    try:
        return etree.fromstring(body.strip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _name(element: etree._Element) -> str:
    """Return the name without namespace in lower case; empty for a comment."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _sitemap(root: etree._Element, name: str) -> Listing:
    pages: dict[str, str] = {}
    lists = []
    for entry in root:
        found = ""
        labels: dict[str, str] = {}
        for part in entry if isinstance(entry.tag, str) else ():
            tag = _name(part)
            if tag == "loc":
                found = (part.text or "").strip()
            elif tag == "link" and part.get("rel") == "alternate" and part.get("href"):
                labels[part.get("href", "").strip()] = part.get("hreflang", "").strip().lower()
        if found and name == "sitemapindex":
            lists.append(found)
        elif found:
            pages[found] = labels.pop(found, "") or pages.get(found, "")
            for target, label in labels.items():
                pages[target] = pages.get(target) or label
    return Listing("sitemap", pages, tuple(lists))


def _feed(body: bytes, url: str) -> Listing:
    import feedparser

    try:
        parsed = feedparser.parse(io.BytesIO(body), response_headers={"content-location": url},
                                  sanitize_html=False, resolve_relative_uris=True)
    # raised by feedparser for overlapping elements and invalid character numbers
    except (LookupError, ValueError, OverflowError):
        return Listing("")
    return Listing("feed", {entry.link: "" for entry in parsed.entries if entry.get("link")})
