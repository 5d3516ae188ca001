"""A web site that was made up (articles in ten sections, a sitemap, whatever a crawler can run into), as a source."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from tests.generate import make_documents
from tests.site import Answer, LoopbackSite
from vernacular.config.limits import Limits
from vernacular.config.sources import CrawlSource, FeedSource
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources import Fetched, Place, open_source

TEXTS = [text for texts in make_documents(300, seed=5, lines=4).values() for text in texts]
SECTIONS, EACH = 10, 15
XML = "application/xml"
SECRET = "Mbalame yakuda kwambiri ndiyomwe sikuyenera kupezeka kwina kulikonse."


def page(text: str, links: tuple[str, ...] = (), head: str = "", title: str = "Title", lang: str = "en") -> str:
    body = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    ends = "".join(f'<li><a href="{link}">x</a></li>' for link in links)
    return (f'<!DOCTYPE html><html lang="{lang}"><head><title>{title}</title>{head}</head><body>'
            f"<nav><ul>{ends}</ul></nav><article><h1>{title}</h1>{body}</article></body></html>")


def text(body: str) -> Answer:
    return Answer(body.encode(), type="text/plain")


def sitemap(urls: list[str]) -> str:
    return ('<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
            + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>")


def article(number: int) -> str:
    return f"/a/{number}.html"


def build(site: LoopbackSite) -> None:
    """A site of a few hundred pages with everything in it that goes wrong."""
    pages, texts = site.pages, iter(TEXTS)
    pages["/robots.txt"] = text(f"User-agent: *\nDisallow: /private/\n\nSitemap: {site.url}/maps.xml\n")
    pages["/maps.xml"] = Answer((
        b'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>/map1.xml.gz</loc></sitemap>'
        b"</sitemapindex>"), type=XML)
    mapped = [f"/mapped/{number}.html" for number in range(20)]
    pages["/map1.xml.gz"] = Answer(gzip.compress(sitemap([site.url + path for path in mapped]).encode(), mtime=0),
                                   type="application/gzip")
    for path in mapped:
        pages[path] = page(next(texts))
    pages["/feed.xml"] = Answer((
        '<rss version="2.0"><channel><title>f</title>' + "".join(
            f"<item><title>t</title><link>{site.url}/fed/{number}.html</link></item>" for number in range(5))
        + "</channel></rss>").encode(), type="application/rss+xml")
    for number in range(5):
        pages[f"/fed/{number}.html"] = page(next(texts))
    odd = ("/calendar?month=1", "/loop/a", "/session?PHPSESSID=1234", "/huge.html", "/slow.html", "/off",
           "/private/x.html", "/circle/", "/broken.html", "/utf8.html", "/cp1252.html", "/riddle.html",
           "/lg/news.html", "/many.html", "/noindex.html", "/nofollow.html", "/licence.html", "/paper.pdf", "/data",
           "/reserved.html", "/taken.html", "/moved.html", f"http://localhost:{site.port}/elsewhere.html",
           "mailto:someone@example.org", "/gone.html", "/changes.html", "/excluded/1.html", "/secret.html",
           "/secret-again.html", "/proxied.html?_x_tr_sl=en", "/bad%zz.html")
    pages["/"] = page("Kwathu.", (*(f"/s/{number}.html" for number in range(SECTIONS)), *odd),
                      head='<link rel="alternate" type="application/rss+xml" href="/feed.xml">')
    for section in range(SECTIONS):
        numbers = range(section * EACH, section * EACH + EACH)
        pages[f"/s/{section}.html"] = page(f"Gawo {next(texts)}", tuple(article(number) for number in numbers))
        for number in numbers:
            pages[article(number)] = Answer(page(next(texts), title=f"T{number}").encode(),
                                            headers={"ETag": f'"{number}"'} if number % 2 else
                                            {"Last-Modified": "Mon, 02 Jan 2023 10:00:00 GMT"})
    pages["/loop/a"] = Answer(status=302, headers={"Location": "/loop/b"})
    pages["/loop/b"] = Answer(status=302, headers={"Location": "/loop/a"})
    pages["/session"] = page(next(texts), ("/session?PHPSESSID=9876&sid=2", "/session;jsessionid=77"))
    pages["/huge.html"] = page("aeiou " * 100_000)
    pages["/slow.html"] = Answer(page(next(texts)).encode(), delay=60)
    pages["/off"] = Answer(status=301, headers={"Location": f"http://localhost:{site.port}/off-host.html"})
    pages["/private/x.html"] = page(next(texts))
    pages["/moved.html"] = Answer(status=301, headers={"Location": "/arrived.html"})
    pages["/arrived.html"] = page(next(texts))
    pages["/broken.html"] = f"<html><body><div><p>{next(texts)}<p>{next(texts)}<table><tr><td>wosweka</div></span><b"
    pages["/utf8.html"] = Answer(page("Ŵanthu ŵa ku Mzuzu ŵali na ŋombe. " + next(texts)).encode(),
                                 type="text/html; charset=ISO-8859-1")
    pages["/cp1252.html"] = Answer(page("“Café” naïveté – " + next(texts).replace("ŵ", "w")).encode("cp1252"),
                                   type="text/html; charset=windows-1252")
    pages["/riddle.html"] = Answer(b"<html><body><article>" + bytes(range(128, 256)) * 40 + b"</article></body></html>",
                                   type="text/html; charset=utf-8")
    both = "".join(f'<link rel="alternate" hreflang="{code}" href="/{code}/news.html">' for code in ("lg", "en"))
    pages["/lg/news.html"] = page(next(texts), ("/en/news.html", "/en/other.html", "/it/notes.html"), head=both)
    for path in ("/en/news.html", "/en/other.html", "/it/notes.html"):
        pages[path] = page(next(texts), head=both if "news" in path else "")
    pages["/many.html"] = page(next(texts), head="".join(
        f'<link rel="alternate" hreflang="{code}" href="/many-{code}.html">'
        for code in ("lg", "af", "am", "ar", "ha", "ig", "rw", "sn", "so", "sw", "yo", "zu")))
    pages["/noindex.html"] = page(next(texts), ("/after-noindex.html",),
                                  head='<meta name="robots" content="noindex">')
    pages["/after-noindex.html"] = page(next(texts))
    pages["/nofollow.html"] = page(next(texts), ("/after-nofollow.html",),
                                   head='<meta name="robots" content="nofollow">')
    pages["/reserved.html"] = Answer(page(next(texts)).encode(), headers={"TDM-Reservation": "1"})
    pages["/licence.html"] = page(next(texts), head=(
        '<link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">'
        '<meta name="author" content="Agnes Banda">'
        '<meta property="article:published_time" content="2021-05-04T10:00:00Z">'))
    pages["/paper.pdf"] = Answer(b"%PDF-1.4", type="application/pdf")
    pages["/data"] = Answer(b"{}", type="application/json")
    pages["/taken.html"] = page(next(texts))
    pages["/gone.html"] = page(next(texts))
    pages["/changes.html"] = page(next(texts))
    pages["/secret.html"] = pages["/secret-again.html"] = page(SECRET)
    pages["/excluded/1.html"] = page(next(texts))
    pages["/proxied.html?_x_tr_sl=en"] = page(next(texts))

    def otherwise(path: str) -> Answer | str | None:
        if path.startswith("/calendar?month="):
            month = int(path.rsplit("=", 1)[1])
            return page(f"Kalendala mwezi {month} palibe.", tuple(
                f"/calendar?month={month + more}" for more in (1, 2)))
        return page(f"Zungulira {path}", ("circle/",)) if path.startswith("/circle/") else None

    site.otherwise = otherwise


def crawl_source(site: LoopbackSite, mirror: Path, suppressed: Suppressions | None = None, **more: Any) -> Fetched:
    return opened("crawl", mirror, suppressed, **{"start": [f"{site.url}/"], **more})


def opened(kind: str, mirror: Path, suppressed: Suppressions | None = None, limits: Limits | None = None,
           **more: Any) -> Fetched:
    settings = {"name": "web", "kind": kind, "licence": "unverified", "consent": "unknown", "register": "web",
                "contact": "tests@example.org", "delay_seconds": 0, "private_addresses": True, **more}
    model = (CrawlSource if kind == "crawl" else FeedSource).model_validate(settings)
    source: Any = open_source(model, Place("lug", mirror.parent, mirror, suppressed or Suppressions(),
                                           limits or Limits()))
    return source
