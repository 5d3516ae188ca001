"""Pages that take too much to parse: refused, remembered, and looked at again under other limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from vernacular.config.limits import Limits
from vernacular.sandbox.limits import LimitReached
from vernacular.sources.web.extraction_cache import Extractions
from vernacular.sources.web.pages import extract_page, page_facts, page_listing, robots_rules

LIMITS = Limits(page_seconds=0.3)
PAGE = b"<html><body><article><h1>Kale</h1>" + b"<p>Kale kunali munthu wina dzina lake Phiri.</p>" * 9 + b"</article>"
SLOW = PAGE + b"<p " + b" ".join(b"a%d=b" % number for number in range(100_000)) + b">kale</p>"


def test_the_parts_of_a_page_come_as_from_the_parsers_themselves() -> None:
    found = extract_page(PAGE, "http://example.org/a", "", LIMITS)
    assert found is not None and "Phiri" in found.text and found.notes == []
    assert extract_page(b"<html></html>", "http://example.org/a", "", LIMITS) is None
    facts = page_facts(PAGE + b'<a href="/b">b</a>', "http://example.org/a", "", ["noindex"], False, LIMITS)
    assert facts.links == ("http://example.org/b",) and facts.noindex
    listing = page_listing(b"http://example.org/a\n", "http://example.org/s.txt", LIMITS)
    assert (listing.pages, listing.lists) == ({"http://example.org/a": ""}, ())
    rules = robots_rules(200, b"User-agent: *\nDisallow: /a", "text/plain", LIMITS)
    assert rules.verdict("http://example.org/b")[0] and not rules.verdict("http://example.org/a")[0]


def test_a_robots_txt_that_takes_too_long_is_refused() -> None:
    body = "".join(f"User-agent: a{n}\n" for n in range(9000)) + "".join(f"Disallow: /{n}\n" for n in range(9000))
    with pytest.raises(LimitReached):
        robots_rules(200, body.encode(), "text/plain", LIMITS)


def test_a_page_that_takes_too_long_is_remembered_until_the_limits_change(tmp_path: Path) -> None:
    asked: list[bytes] = []

    def body() -> bytes:
        asked.append(SLOW)
        return SLOW

    for limits, count in ((LIMITS, 1), (LIMITS, 1), (Limits(page_seconds=0.2), 2)):
        with Extractions(tmp_path, limits) as extractions, pytest.raises(LimitReached) as raised:
            extractions.of("http://example.org/a", "00", "text/html", body)
        assert raised.value.limit == "seconds" and len(asked) == count
