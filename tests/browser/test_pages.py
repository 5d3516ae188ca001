"""The page of ``report`` and that of ``try`` in a real browser: they fit a phone, load nothing, and can be used."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.browser.conftest import DESK, FITS, PHONE
from tests.unit.release.made_up import NAME, made_up_reports, put
from vernacular.config.load import load_language
from vernacular.core.plots import bars
from vernacular.core.store import Store
from vernacular.release.inference import Answers
from vernacular.reporting.demo_server import make_server
from vernacular.reporting.full_report import current_artifacts, results
from vernacular.reporting.html import write_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

    OpenPage = Callable[[str, tuple[int, int]], Page]

LONG = "ng'ombe" * 40


def colours(page: Page, path: Path) -> int:
    """How many colours the whole page has."""
    page.screenshot(path=path, full_page=True)
    with Image.open(path) as image:
        return len(image.convert("RGB").getcolors(maxcolors=10**7) or [])


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_report_fits_and_shows_its_pictures(open_page: OpenPage, trouble: list[str], language_folder: Path,
                                                tmp_path: Path, size: tuple[int, int]) -> None:
    language, store = load_language(language_folder), Store(tmp_path / "artifacts")
    reports = made_up_reports()
    reports["corpus/clean"].samples["rejected"] = [{"rule": "script", "reason": LONG, "text": LONG}]
    reports["corpus/clean"].plots["Words dropped, by rule"] = "rejects.png"
    put(store, language, reports)
    artifacts = current_artifacts(store, language, NAME)
    bars(artifacts["corpus/clean"].folder / "rejects.png", "Words dropped", ["script"], [1000], "words")
    path = write_page(results(store, language, NAME), artifacts, tmp_path / "report.html")
    page = open_page(path.as_uri(), size)
    assert page.evaluate(FITS)
    assert page.evaluate("document.querySelector('#measured .bar i').getBoundingClientRect().width") > 10
    assert not page.evaluate("document.querySelector('#publish').checkVisibility()")
    page.click("#red a[href='#publish']")
    page.wait_for_function("document.querySelector('#publish').checkVisibility()")
    assert not page.evaluate("document.querySelector('details img').checkVisibility()")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 100)")
    assert page.evaluate(FITS)
    assert page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].every(link => document.querySelector("
                         "link.getAttribute('href')))")
    assert colours(page, tmp_path / "report.png") > 20
    assert trouble == []


def test_the_report_prints_what_is_folded(open_page: OpenPage, language_folder: Path, tmp_path: Path) -> None:
    language, store = load_language(language_folder), Store(tmp_path / "artifacts")
    put(store, language, made_up_reports())
    path = write_page(results(store, language, NAME), current_artifacts(store, language, NAME), tmp_path / "r.html")
    page = open_page(path.as_uri(), DESK)
    folded = "document.querySelector('details table').checkVisibility({contentVisibilityAuto: true})"
    assert not page.evaluate(folded)
    page.emulate_media(media="print")
    page.wait_for_function(folded)


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_a_person_asks_and_marks(open_page: OpenPage, trouble: list[str], language_folder: Path, tmp_path: Path,
                                 size: tuple[int, int]) -> None:
    language = load_language(language_folder)
    answers = Answers({"genre": [("river", 0.7), ("school", 0.3)]},
                      {"names": [(LONG, "O", 0.9), ("Mbewe", "NAME", 0.8)]}, [("amo", 0.5)],
                      labels={"genre": ("market", "river", "school"), "names": ("O", "NAME")})
    server = make_server(lambda text: {"base": answers, "adapted": answers}, language, NAME, 0)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        page = open_page(f"http://127.0.0.1:{server.port}/", size)
        page.wait_for_function("document.activeElement.id === 'text'")  # autofocus comes with the first frame
        page.keyboard.insert_text("kale ___ Mbewe")
        page.click("form.ask button")
        page.wait_for_selector("section.adapted")
        assert page.evaluate(FITS)
        assert page.evaluate("getComputedStyle(document.querySelector('mark')).backgroundColor").startswith("rgba(")
        assert colours(page, tmp_path / "try.png") > 20
        page.fill("#by", "Ada")
        page.press("#by", "Enter")  # marks nothing
        page.select_option("[name='should_be adapted genre']", "school")
        page.locator("section.adapted button.wrong").first.click()
        page.wait_for_selector("[role=status]")
        assert page.input_value("#by") == "Ada"
        assert trouble == []
    finally:
        server.close()
    mark = json.loads((language.folder / "behaviour" / "marks.jsonl").read_text(encoding="utf-8"))
    assert mark.pop("when")
    assert mark == {"text": "kale Mbewe", "task": "genre", "model": "adapted", "answer": "river", "right": False,
                    "should_be": "school", "by": "Ada"}


def test_another_page_cannot_mark_in_ones_name(open_page: OpenPage, language_folder: Path, tmp_path: Path) -> None:
    language = load_language(language_folder)
    server = make_server(lambda text: {"base": Answers({"genre": [("river", 0.7)]})}, language, NAME, 0)
    threading.Thread(target=server.run, daemon=True).start()
    evil = tmp_path / "evil.html"
    evil.write_text(f"<form method=post action='http://127.0.0.1:{server.port}/mark'><input name=text value=x>"
                    "<input name=mark value='base genre right'><button>go</button></form>", encoding="utf-8")
    try:
        page = open_page(evil.as_uri(), DESK)
        page.click("button")
        page.wait_for_function("document.title === 'Refused'")
    finally:
        server.close()
    assert not (language.folder / "behaviour" / "marks.jsonl").exists()
