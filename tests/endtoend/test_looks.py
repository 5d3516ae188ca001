"""A site that is looked at again and again: what its bad days, moves and edits do to the text that is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.endtoend.crawl_site import TEXTS, crawl_source, page, text
from tests.site import Answer, LoopbackSite
from vernacular.core import clock
from vernacular.pipeline.stage import silent
from vernacular.sources import Fetched
from vernacular.sources.web.frontier import BARREN

BAD = {"login": page("Log in to read this site."), "empty": page(""),
       "redirect": Answer(status=302, headers={"Location": "/works.html"}),
       "format": Answer(b"%PDF-1.4", type="application/pdf")}
EACH = 5  # pages of each way to fail


def test_days_on_which_a_site_answers_for_its_pages_lose_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time()
    paths = {bad: [f"/{bad}/{number}.html" for number in range(EACH)] for bad in BAD}
    texts = {bad: set(TEXTS[number * EACH:number * EACH + EACH]) for number, bad in enumerate(BAD)}
    good = {path: page(one) for bad in BAD for path, one in zip(paths[bad], sorted(texts[bad]), strict=True)}
    away = {path: answer for bad, answer in BAD.items() for path in paths[bad]}
    with LoopbackSite({"/robots.txt": text(""), "/": page("Start", tuple(good)), **good}) as site:
        source = crawl_source(site, tmp_path / "mirror")

        def look(day: int, pages: dict[str, Answer]) -> dict[str, set[str]]:
            site.pages |= pages
            monkeypatch.setattr(clock, "read", lambda: start + day * 8 * 86400)
            source.refresh(silent)
            found = "\n".join(document.text for document in source.documents(silent))
            return {bad: {one for one in some if one in found} for bad, some in texts.items()}

        assert look(0, good) == texts
        for bad, found in look(1, away).items():
            assert len(found) >= EACH - 1, bad  # the first took the answer for its new text
        assert look(2, good) == texts
        look(3, away)
        for bad, found in look(4, away).items():  # it is no accident
            assert len(found) <= 1, bad
        assert look(5, good) == texts


def test_a_page_that_repeats_one_that_is_gone_takes_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time()
    with LoopbackSite({"/robots.txt": text(""), "/": page("Start", ("/a.html", "/b.html")), "/a.html": page(TEXTS[1]),
                       "/b.html": page(TEXTS[1])}) as site:
        source = crawl_source(site, tmp_path / "mirror")
        source.refresh(silent)
        kept, = {document.path for document in source.documents(silent)} - {f"{site.url}/"}
        del site.pages[kept.removeprefix(site.url)]
        for day in (1, 2, 3):
            monkeypatch.setattr(clock, "read", lambda day=day: start + day * 8 * 86400)
            source.refresh(silent)
        other, = {document.path for document in source.documents(silent)} - {f"{site.url}/"}
        assert other != kept


def put(site: LoopbackSite, section: str, number: int) -> None:
    """Have ``site`` hold so many pages in a section, and a start page that names them."""
    site.pages["/"] = page("Start", tuple(f"{section}/{index}.html" for index in range(number)))
    site.pages |= {f"{section}/{index}.html": page(TEXTS[index]) for index in range(number)}


def looks(source: Fetched, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The texts of ``source`` after each look at it, eight days apart."""
    start = time.time()
    for day in range(0, 80, 8):
        monkeypatch.setattr(clock, "read", lambda day=day: start + day * 86400)
        source.refresh(silent)
        yield {document.text for document in source.documents(silent)}


def test_an_article_stays_when_the_page_that_showed_it_first_shows_the_next(tmp_path: Path,
                                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    with LoopbackSite({"/robots.txt": text("")}) as site:
        look = looks(crawl_source(site, tmp_path / "mirror"), monkeypatch)
        for number in range(1, 4):
            site.pages[f"/{number}.html"] = page(TEXTS[number])
            site.pages["/"] = page(TEXTS[number], tuple(f"/{known}.html" for known in range(1, number + 1)))
            found = next(look)
            assert all(any(TEXTS[known] in text for text in found) for known in range(1, number + 1)), number


def test_a_section_that_moves_loses_no_page_at_any_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = BARREN + 5
    with LoopbackSite({"/robots.txt": text("")}) as site:
        put(site, "/old", number)
        look = looks(crawl_source(site, tmp_path / "mirror"), monkeypatch)
        whole = next(look)
        assert len(whole) == number + 1
        put(site, "/new", number)
        site.pages |= {f"/old/{index}.html": Answer(status=301, headers={"Location": f"/new/{index}.html"})
                       for index in range(number)}
        for _ in range(4):
            assert whole <= next(look)
        assert not any("/old/" in page.path for page in crawl_source(site, tmp_path / "mirror").documents(silent))


def test_a_site_that_was_away_is_not_closed_to_its_new_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = BARREN + 5
    with LoopbackSite({"/robots.txt": text("")}) as site:
        put(site, "", number)
        look = looks(crawl_source(site, tmp_path / "mirror"), monkeypatch)
        assert len(next(look)) == number + 1
        site.pages |= {f"/{index}.html": Answer(status=302, headers={"Location": "/works.html"})
                       for index in range(number)}
        next(look), next(look)
        put(site, "", number + 3)
        assert len(next(look)) == number + 4


def test_what_was_left_out_is_asked_when_the_settings_want_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [f"/a/{index}.html" for index in range(5)]
    with LoopbackSite({"/robots.txt": text("")}) as site:
        site.pages["/"] = Answer(page("Start", tuple(paths)).encode(), headers={"ETag": '"1"'})
        site.pages |= {path: page(TEXTS[index]) for index, path in enumerate(paths)}
        few = crawl_source(site, tmp_path / "mirror", most_pages=2)
        few.refresh(silent)  # three wait
        none = crawl_source(site, tmp_path / "mirror", exclude=["/a/"])
        none.refresh(silent)
        assert len(list(none.documents(silent))) == 1
        crawl_source(site, tmp_path / "other", exclude=["/a/"]).refresh(silent)  # which are never in the queue
        for name in ("mirror", "other"):
            source = crawl_source(site, tmp_path / name)
            source.refresh(silent)
            assert len(list(source.documents(silent))) == 6, name


def test_other_bytes_with_the_same_text_are_no_new_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time()
    with LoopbackSite({"/robots.txt": text("")}) as site:
        source = crawl_source(site, tmp_path / "mirror")
        ledgers = []
        for number in range(3):  # a number in a form, as most sites send it; in the last answer the date is another
            form = f'<form><input type="hidden" name="nonce" value="{number}"></form></body>'
            site.pages |= {path: page(words, links).replace("</body>", form) for path, words, links in (
                ("/", "Start", ("/a.html",)), ("/a.html", f"{TEXTS[1]} Pa {number // 2}.", ()))}
            monkeypatch.setattr(clock, "read", lambda number=number: start + number * 8 * 86400)
            source.refresh(silent)
            ledgers.append([document.row() for document in source.documents(silent)])
        assert ledgers[0] == ledgers[1]
        assert ledgers[2][0] == ledgers[0][0] and "Pa 1." in ledgers[2][1]["text"]
