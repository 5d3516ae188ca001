"""The page of ``report`` and that of ``try`` in a real browser: they fit a phone, load nothing, and can be used."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.chromium import WITHOUT, Tab, browser, find
from tests.unit.release.made_up import NAME, made_up_reports, put
from vernacular.artifacts import Store
from vernacular.config.load import load_language
from vernacular.plots import bars
from vernacular.release.answers import Answers
from vernacular.release.page import write_page
from vernacular.release.report import current_artifacts, results
from vernacular.release.try_page import make_server

pytestmark = pytest.mark.skipif(find() is None, reason=WITHOUT)
PHONE, DESK = (390, 844), (1200, 900)
LONG = "ng'ombe" * 40
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def colours(path: Path) -> int:
    with Image.open(path) as image:
        return len(image.convert("RGB").getcolors(maxcolors=10**7) or [])


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_the_report_fits_and_shows_its_pictures(tab: Tab, language_folder: Path, tmp_path: Path,
                                                size: tuple[int, int]) -> None:
    language, store = load_language(language_folder), Store(tmp_path / "artifacts")
    reports = made_up_reports()
    reports["corpus/clean"].samples["rejected"] = [{"rule": "script", "reason": LONG, "text": LONG}]
    reports["corpus/clean"].plots["Words dropped, by rule"] = "rejects.png"
    put(store, language, reports)
    artifacts = current_artifacts(store, language, NAME)
    bars(artifacts["corpus/clean"].folder / "rejects.png", "Words dropped", ["script"], [1000], "words")
    path = write_page(results(store, language, NAME), artifacts, tmp_path / "report.html")
    tab.trouble.clear()
    tab.open(path.as_uri(), *size)
    assert tab.ask(FITS)
    assert tab.ask("document.querySelector('#short li').getBoundingClientRect().height") > 10
    assert not tab.ask("document.querySelector('details img').checkVisibility()")
    tab.ask("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert tab.ask("[...document.images].every(image => image.complete && image.naturalWidth > 100)")
    assert tab.ask(FITS)
    assert tab.ask("[...document.querySelectorAll('nav a')].every(link => document.querySelector("
                   "link.getAttribute('href')))")
    assert colours(tab.picture(tmp_path / "report.png")) > 20
    assert tab.trouble == []


def test_the_report_prints_what_is_folded(tab: Tab, language_folder: Path, tmp_path: Path) -> None:
    language, store = load_language(language_folder), Store(tmp_path / "artifacts")
    put(store, language, made_up_reports())
    path = write_page(results(store, language, NAME), current_artifacts(store, language, NAME), tmp_path / "r.html")
    tab.open(path.as_uri(), *DESK)
    tab.tell("Emulation.setEmulatedMedia", media="print")
    try:
        tab.wait_for("document.querySelector('details table').checkVisibility({contentVisibilityAuto: true})")
        assert not tab.ask("document.querySelector('nav').checkVisibility()")
    finally:
        tab.tell("Emulation.setEmulatedMedia", media="")


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_a_person_asks_and_marks(tab: Tab, language_folder: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    language = load_language(language_folder)
    answers = Answers({"genre": [("river", 0.7), ("school", 0.3)]},
                      {"names": [(LONG, "O", 0.9), ("Mbewe", "NAME", 0.8)]}, [("amo", 0.5)],
                      labels={"genre": ("market", "river", "school"), "names": ("O", "NAME")})
    server = make_server(lambda text: {"base": answers, "adapted": answers}, language, NAME, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    try:
        tab.trouble.clear()
        tab.open(address, *size)
        tab.wait_for("document.activeElement.id === 'text'")  # autofocus comes with the first frame, after the load
        tab.tell("Input.insertText", text="kale ___ Mbewe")
        tab.ask("document.querySelector('form.ask button').click()")
        tab.wait_for("document.querySelector('section.adapted')")
        assert tab.ask(FITS)
        assert tab.ask("getComputedStyle(document.querySelector('mark')).backgroundColor").startswith("rgba(")
        assert colours(tab.picture(tmp_path / "try.png")) > 20
        tab.ask("document.querySelector('#by').value = 'Ada'")
        tab.ask("document.querySelector('#by').focus()")
        for kind in ("keyDown", "keyUp"):  # marks nothing
            tab.tell("Input.dispatchKeyEvent", type=kind, key="Enter", text="\r", windowsVirtualKeyCode=13)
        tab.ask("document.querySelector('[name=\"should_be adapted genre\"]').value = 'school'")
        tab.ask("document.querySelector('section.adapted button.wrong').click()")
        tab.wait_for("document.querySelector('[role=status]')")
        assert tab.ask("document.querySelector('#by').value") == "Ada"
        assert tab.trouble == []
    finally:
        server.shutdown()
        server.server_close()
    mark = json.loads((language.folder / "behaviour" / "marks.jsonl").read_text(encoding="utf-8"))
    assert mark.pop("when")
    assert mark == {"text": "kale Mbewe", "task": "genre", "model": "adapted", "answer": "river", "right": False,
                    "should_be": "school", "by": "Ada"}


def test_another_page_cannot_mark_in_ones_name(tab: Tab, language_folder: Path, tmp_path: Path) -> None:
    language = load_language(language_folder)
    server = make_server(lambda text: {"base": Answers({"genre": [("river", 0.7)]})}, language, NAME, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    evil = tmp_path / "evil.html"
    evil.write_text(f"<form method=post action='http://127.0.0.1:{server.server_port}/mark'><input name=text value=x>"
                    "<input name=mark value='base genre right'><button>go</button></form>", encoding="utf-8")
    try:
        tab.open(evil.as_uri())
        tab.ask("document.querySelector('button').click()")
        tab.wait_for("document.title === 'Refused'")
    finally:
        server.shutdown()
        server.server_close()
    assert not (language.folder / "behaviour" / "marks.jsonl").exists()
