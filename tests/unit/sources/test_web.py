"""URLs, robots.txt, addresses, lists and language hints: the rules that a crawl keeps to."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address

from vernacular.sources.web.ip_filter import _Sieve
from vernacular.sources.web.language_hints import codes_of, foreign, hint_of, translated_by
from vernacular.sources.web.licence import spdx_of
from vernacular.sources.web.public_addresses import is_public
from vernacular.sources.web.robots import meta_robots, read_robots
from vernacular.sources.web.sitemaps import read_listing
from vernacular.text.urls import canonical, endless, host_of, hosts_of, shape_of, within

PATHS = st.text(alphabet="abz/.?&=;%20ŵ#:@-_~", max_size=40)


@given(PATHS)
def test_a_canonical_url_is_canonical(path: str) -> None:
    once = canonical(f"http://example.org/{path}")
    assert canonical(once) == once and (not once or host_of(once) == "example.org")


@pytest.mark.parametrize(("url", "expected"), [
    ("HTTP://Example.ORG:80/a/../b?b=2&a=1#x", "http://example.org/b?a=1&b=2"),
    ("http://e.org/a;jsessionid=AB?PHPSESSID=1&x=2&utm_source=z", "http://e.org/a?x=2"),
    ("mailto:a@e.org", ""), ("javascript:void(0)", ""), ("http://user:word@e.org/", ""), ("http://e.org:x/", ""),
    ("https://e.org:443/ŵ", "https://e.org/%C5%B5"), ("http://e.org", "http://e.org/")])
def test_canonical_urls(url: str, expected: str) -> None:
    assert canonical(url) == expected


def test_hosts() -> None:
    hosts = hosts_of(["https://www.example.org/a", "http://b.org:8080/"])
    assert within("http://example.org/", hosts) and within("https://www.example.org/x", hosts)
    assert not within("http://example.org.evil.net/", hosts) and not within("http://b.org/", hosts)
    assert within("http://a.b.example.net/", ["*.example.net"])
    assert not within("http://xexample.net/", ["*.example.net"])


def test_endless_urls_and_their_shapes() -> None:
    assert endless("http://e.org/a/a/a/") and endless("http://e.org/?" + "&".join(f"p{n}=1" for n in range(6)))
    assert endless("http://e.org/" + "x" * 1000) and not endless("http://e.org/2024/01/02/title?p=1")
    assert shape_of("http://e.org/c/2024?m=5") == shape_of("http://e.org/c/2025?m=6") != shape_of("http://e.org/c/2025")


@pytest.mark.parametrize(("status", "body", "open_"), [
    (200, b"User-agent: *\nDisallow:\n", True), (200, b"", True), (200, b"# nothing\n", True), (404, b"x", True),
    (410, b"", True), (401, b"", False), (403, b"", False), (429, b"", False), (500, b"", False), (503, b"", False),
    (200, b"<!DOCTYPE html><p>User-agent: *", False), (200, b"not found", False), (200, b"\x89PNG\0", False),
    (200, b"User-agent: *\nDisallow: /\xff", False), (200, b"#" * 600_000, False), (204, b"", False)])
def test_robots_txt_fails_closed(status: int, body: bytes, open_: bool) -> None:
    assert read_robots(status, body, "text/plain").open == open_


def test_the_rule_of_robots_txt_is_named() -> None:
    rules = read_robots(200, b"User-agent: *\nDisallow: /p\nAllow: /p/ok\nCrawl-delay: 7\nSitemap: http://e.org/s.xml\n")
    assert rules.verdict("http://e.org/p/x") == (False, "refused: Disallow: /p")
    assert rules.verdict("http://e.org/p/ok/1") == (True, "allowed: Allow: /p/ok")
    assert rules.verdict("http://e.org/") == (True, "allowed: no rule matches")
    assert (rules.delay, rules.sitemaps) == (7.0, ("http://e.org/s.xml",))
    own = read_robots(200, b"User-agent: *\nAllow: /\nUser-agent: vernacular\nDisallow: /\n")
    assert own.verdict("http://e.org/")[0] is False


def test_robots_meta_words() -> None:
    assert meta_robots("noindex, NoFollow") == {"noindex", "nofollow"}
    assert {"noindex", "nofollow"} <= meta_robots("none") and not meta_robots("otherbot: noindex")
    assert meta_robots("vernacular: noindex") == {"noindex"}


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.8",
    "168.63.129.16", "::1", "::", "fe80::1%eth0", "fd00:ec2::254", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "224.0.0.1", "255.255.255.255", "nonsense", ""])
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


def test_a_name_that_resolves_to_both_keeps_the_public_address_alone() -> None:
    class Receiver:
        found: list[str] = []  # noqa: RUF012

        def addressResolved(self, address: IPv4Address) -> None:
            self.found.append(address.host)

    dropped: set[str] = set()
    sieve = _Sieve(Receiver(), dropped, "rebinding.example")  # type: ignore[arg-type]
    for host in ("127.0.0.1", "93.184.216.34", "10.0.0.1"):
        sieve.addressResolved(IPv4Address("TCP", host, 80))
    assert Receiver.found == ["93.184.216.34"] and dropped == {"rebinding.example"}


def test_lists_of_pages() -> None:
    plain = b"http://e.org/a\nhttp://e.org/b\n"
    assert list(read_listing(plain, "x").pages) == list(read_listing(gzip.compress(plain, mtime=0), "x").pages) == [
        "http://e.org/a", "http://e.org/b"]
    assert read_listing(b"<html>no</html>", "x").kind == "" == read_listing(b"", "x").kind
    for odd in (b'<http://e.org/0.9"><url><loc>https://e.org/a</loc></url></urlset>',
                b"<urlset><url><a:b:c/><loc>https://e.org/a</loc></url></urlset>"):  # names that no XML may have
        assert set(read_listing(odd, "x").pages) <= {"https://e.org/a"}
    for half in (b'<urlset xmlns="&#xD800;0.9"><url><loc>https://e.org/a</loc></url></urlset>',  # of a surrogate pair
                 b"<urlset><url><loc>https://e.org/&#xD800;</loc></url></urlset>"):
        assert not any("e.org/a" in page for page in read_listing(half, "x").pages)
    for falls in (b"<item<link<channel</item</link>", b"<item>&#xD800;</item>", b"<item>&#x9999999999;</item>"):
        assert not read_listing(b'<rss version="2.0">' + falls + b"</rss>", "x").pages  # feedparser falls over it
    found = read_listing(b'<urlset xmlns:x="y"><url><loc> http://e.org/lg/ </loc><x:link rel="alternate" hreflang="en" '
                         b'href="http://e.org/en/"/></url><url><loc>http://e.org/cut', "x")
    assert found.pages["http://e.org/en/"] == "en" and "http://e.org/lg/" in found.pages
    bomb = gzip.compress(b"a" * 60_000_000, mtime=0)
    assert read_listing(bomb, "x").kind == ""
    entity = (b'<!DOCTYPE u [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
              b"<urlset><url><loc>http://e.org/&f;</loc></url></urlset>")
    assert all("root" not in url for url in read_listing(entity, "x").pages)


def test_language_hints() -> None:
    codes = codes_of("lug")
    assert codes == {"lg", "lug"} and codes_of("lug", ["x"]) == {"x"} and codes_of("qaa-x-test") == {"qaa"}
    for url in ("http://e.org/lg/a", "http://lg.e.org/", "http://e.org/a_lg.html", "http://e.org/?lang=lg-UG"):
        assert hint_of(url, codes) == "in"
    assert hint_of("http://e.org/en/", codes) == "other" and hint_of("http://e.org/story", codes) == ""
    marked = frozenset({"lg", "en"})
    assert foreign("http://e.org/en/a", "", marked, codes) and foreign("http://e.org/a", "en", marked, codes)
    assert not foreign("http://e.org/it/a", "", marked, codes)     # /it/ may be a department
    assert not foreign("http://e.org/en/a", "lg", marked, codes)   # hreflang goes before the URL
    assert not foreign("http://e.org/en/a", "en", frozenset({"en"}), codes)  # a site that does not know the language
    assert translated_by(None, "http://e-org.translate.goog/a") == "translate.goog"


def test_licence_urls() -> None:
    assert spdx_of("https://creativecommons.org/licenses/by-nc-sa/3.0/igo/") == "CC-BY-NC-SA-3.0"
    assert spdx_of("https://creativecommons.org/licenses/by/") == "" == spdx_of("https://evil.org/licenses/by/4.0/")
