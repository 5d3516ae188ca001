"""Main text of pages: paragraphs come back whole, in any script, and furniture does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generate import make_documents
from vernacular.sources.web.extract import extract, fingerprint
from vernacular.sources.web.facts import facts_of

TEXTS = [text for texts in make_documents(30, seed=9, lines=4).values() for text in texts]


def page(text: str, head: str = "", attributes: str = "") -> bytes:
    paragraphs = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    return (f"<!DOCTYPE html><html {attributes}><head><title>Mutu</title>{head}</head><body>"
            f"<nav><a href='/'>Furniture</a></nav><article><h1>Mutu</h1>{paragraphs}</article>"
            "<footer>Furniture</footer></body></html>").encode()


@pytest.mark.parametrize("text", TEXTS[:10])
def test_paragraphs_come_back_one_a_line(text: str) -> None:
    found = extract(page(text), "http://example.org/a")
    assert found is not None and found.title == "Mutu"
    assert [line for line in found.text.split("\n") if line != "Mutu"] == text.split("\n")


@pytest.mark.parametrize("odd", [
    "می\u200cخواهم", "ක්\u200dෂ", "\u200fab", "\U00010d4a\U00010d4b", "\U00016100\U00016101", "\ue000",
    "\u07d2\u07de\u07cf",
    "\u0f56\u0f7c\u0f51\u0f0b", "\u1c5f\u1c74", "ʼ'’ʻ"])
def test_characters_that_python_cannot_print_survive(odd: str) -> None:
    text = "\n".join(f"{line} {odd} {line}" for line in TEXTS[0].split("\n"))
    found = extract(page(text), "http://example.org/a")
    assert found is not None and found.text.count(odd) == 4
    headless = page(text).replace(b"<h1>Mutu</h1>", b"")
    titled = extract(headless.replace(b"<title>Mutu", f"<title>Mutu {odd}x".encode()), "http://example.org/a")
    assert titled is not None and titled.title == f"Mutu {odd}x"
    entity = "".join(f"&#{ord(character)};" for character in odd)
    found = extract(page(text.replace(odd, entity)), "http://example.org/a")
    assert found is not None and found.text.count(odd) == 4


@settings(max_examples=60)
@given(st.binary(max_size=300) | st.text(alphabet="<>/pabdivtable =\"'&;!-\n", max_size=300).map(str.encode))
def test_nothing_breaks_the_reader(data: bytes) -> None:
    from vernacular.core.errors import Problem

    for body in (data, page(TEXTS[0]).replace(b"<p>", data + b"<p>", 1)):
        try:
            found = extract(body, "http://example.org/a")
        except Problem:
            continue
        assert found is None or all(line.strip() for line in found.text.split("\n"))
        facts_of(body, "http://example.org/a", "text/html", [])


def test_poems_keep_their_lines_and_tables_their_cells() -> None:
    poem = TEXTS[0].replace("\n", "<br>")
    table = f"<table><tr><td>{TEXTS[2]}</td><td>kachiwiri</td></tr></table>"
    found = extract(page(f"{poem}\n{TEXTS[1]}</p>{table}<p>"), "http://example.org/a")
    assert found is not None
    assert set(TEXTS[0].split("\n")) | {"kachiwiri"} <= set(found.text.split("\n")) and "|" not in found.text


@pytest.mark.parametrize(("head", "licence"), [
    ('<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">', "CC-BY-4.0"),
    ('<link rel="license" href="http://creativecommons.org/publicdomain/zero/1.0/deed.fr">', "CC0-1.0"),
    ('<link rel="license" href="/terms.html">', ""), ("", "")])
def test_a_licence_is_what_the_page_links_to(head: str, licence: str) -> None:
    found = extract(page(TEXTS[0], head), "http://example.org/a")
    assert found is not None and found.licence == licence
    assert bool(found.licence_evidence) == ("rel=" in head)


def test_a_licence_of_a_picture_is_not_the_pages() -> None:
    figure = '<figure><a rel="license" href="https://creativecommons.org/licenses/by/2.0/">CC</a></figure>'
    found = extract(page(TEXTS[0] + figure), "http://example.org/a")
    assert found is not None and (found.licence, found.licence_evidence) == ("", "")


def test_languages_and_links_follow_the_base() -> None:
    head = ('<base href="http://example.org/deep/"><link rel="alternate" hreflang="en" href="en.html">'
            '<link rel="alternate" hreflang="x-default" href="/">'
            '<link rel="alternate" type="application/rss+xml" href="f">')
    body = page(TEXTS[0] + '<a href="b.html">x</a><a rel="nofollow" href="c.html">y</a>', head, 'lang="LG-ug"')
    found = extract(body, "http://example.org/a")
    assert found is not None and found.language == "lg-ug"
    assert found.alternates == {"en": "http://example.org/deep/en.html"}
    facts = facts_of(body, "http://example.org/a", "", [])
    assert "http://example.org/deep/b.html" in facts.links and "http://example.org/deep/c.html" not in facts.links
    assert facts.feeds == ("http://example.org/deep/f",)
    assert facts_of(body, "http://example.org/a", "", ["noindex, nofollow"]).noindex


@pytest.mark.parametrize(("target", "links"), [
    ("/b", ("http://example.org/b",)), ("http://[x", ()), ("http://example.org:99999999/", ())])
def test_a_refresh_is_a_link_unless_its_target_is_invalid(target: str, links: tuple[str, ...]) -> None:
    body = page(TEXTS[0], f'<meta http-equiv="refresh" content="0; url={target}">')
    assert facts_of(body, "http://example.org/a", "", []).links == (*links, "http://example.org/")  # and the menu


def test_pages_that_differ_by_numbers_count_as_one() -> None:
    assert fingerprint("Kalendala 2031-05") == fingerprint("kalendala 2032-06!") != fingerprint("kalendalo")
