"""Domains of Common Crawl, and lists of them."""

from __future__ import annotations

import io

import pytest

from vernacular.sandbox.frames import OpenFile
from vernacular.sources.commoncrawl.patterns import Pattern, in_worker_domains

PAGE = """\
# Web Language: Invented

Additional names:
- https://example.org/a-name

News:
- https://www.news.example/lg (local news)
-

Other:
- [A radio](https://radio.example/)
- <a href="https://books.example/x/">Books</a>

Informative links (in English):
- https://en.wikipedia.example/wiki/Invented

## Instructions
- https://example.com/catalan/
"""
PLAIN = """\
# what we know
example.org  # the paper
https://www.example.net/lg/ both languages
*.example.com
"""


def listed(text: str) -> list[str]:
    return list(in_worker_domains([OpenFile("domains.md", io.BytesIO(text.encode()), len(text))]))


def test_a_page_of_web_languages_names_the_sites_in_the_language_only() -> None:
    assert list(map(str, map(Pattern.of, listed(PAGE)))) == ["news.example/lg", "radio.example", "books.example/x/"]


def test_a_plain_list_names_domains_and_addresses() -> None:
    assert list(map(str, map(Pattern.of, listed(PLAIN)))) == ["example.org", "example.net/lg/", "example.com"]


@pytest.mark.parametrize(("pattern", "url", "covered"), [
    ("example.org", "https://example.org/a", True), ("example.org", "https://a.b.example.org/", True),
    ("example.org", "https://notexample.org/", False), ("www.example.org", "http://example.org/", True),
    ("example.org/lg", "https://www.example.org/lg/a?b", True), ("example.org/lg", "https://example.org/lgx", False),
    ("example.org/lg/", "https://a.example.org/lg/", False), ("mw", "https://news.mw/a", True),
    ("example.org:8080", "http://example.org/", False)])
def test_what_a_domain_covers(pattern: str, url: str, covered: bool) -> None:
    found = Pattern.of(pattern)
    assert found is not None and found.covers(url) is covered


def test_what_is_no_domain() -> None:
    assert [Pattern.of(text) for text in ("ftp://example.org", "", "mailto:a@example.org", "http://")] == [None] * 4
