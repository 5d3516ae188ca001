"""Domains to read from Common Crawl, and lists of them in files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import regex

from vernacular.sandbox.frames import OpenFile
from vernacular.sources.formats.encoding import decode
from vernacular.text.urls import canonical, host_of

_ADDRESS = regex.compile(r"https?://[^\s<>\"')\]]+", regex.I)
_BULLETS = ("- ", "* ", "+ ")
# Sections of a page of commoncrawl/web-languages whose links are about the language, not in it.
_ABOUT = ("additional", "informative", "scripts", "thank you")
_MOST = 10_000  # lines of a file that are read


@dataclass(frozen=True)
class Pattern:
    """A domain with all hosts below it, or the part of a host below a path."""

    host: str  # without www., with a nonstandard port
    path: str = ""  # with /; empty for the whole domain

    @classmethod
    def of(cls, text: str) -> Pattern | None:
        """Return the pattern that a URL, a host or a host with a path names; None if it is none."""
        text = text.strip().removeprefix("*.")
        url = canonical(text if "://" in text else f"http://{text}")
        if not url:
            return None
        path = urlsplit(url).path
        return cls(host_of(url).removeprefix("www."), path if path != "/" else "")

    @property
    def query(self) -> dict[str, str]:
        """The query for the index."""
        if self.path:
            return {"url": f"{self.host}{self.path}", "matchType": "prefix"}
        return {"url": self.host, "matchType": "domain"}

    def covers(self, url: str) -> bool:
        """Whether ``url`` is below this pattern."""
        host = host_of(url).removeprefix("www.")
        if self.path:
            path = urlsplit(url).path
            return host == self.host and (path == self.path or path.startswith(f"{self.path.rstrip('/')}/"))
        return host == self.host or host.endswith(f".{self.host}")

    def __str__(self) -> str:
        return f"{self.host}{self.path}"


def hosts_of_patterns(patterns: Iterable[Pattern]) -> list[str]:
    """Return the hosts of ``patterns``, as ``text.urls.within`` takes them."""
    return [host for pattern in patterns for host in (
        (pattern.host, f"www.{pattern.host}") if pattern.path else (pattern.host, f"*.{pattern.host}"))]


def in_worker_domains(files: Sequence[OpenFile]) -> Iterator[str]:
    """In the worker: yield the addresses and domains that a list names.

    A line without markup is a domain or URL; ``#`` begins a comment. Of a Markdown page, the links
    of list items count, up to the first heading of the second level, without sections that are
    about the language (``Informative links``).
    """
    text, _ = decode(files[0].read(), files[0].name)
    return _domains(text.split("\n")[:_MOST])


def _domains(lines: Sequence[str]) -> Iterator[str]:
    items = [(line.strip(), line.strip().startswith(_BULLETS)) for line in lines]
    if not (lines and lines[0].startswith("# ") and any(is_item for _, is_item in items)):
        for text, is_item in items:
            plain = (text[2:] if is_item else text).partition("#")[0].strip()
            yield from _ADDRESS.findall(plain) or plain.split()[:1]
        return
    about = False
    for text, is_item in items:
        if text.startswith("## "):
            return
        if is_item and not about:
            yield from _ADDRESS.findall(text)
        elif not is_item and text.endswith(":"):
            about = text.lower().startswith(_ABOUT)
