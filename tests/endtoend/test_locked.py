"""The index of a crawl, locked by another process for too long: reported in one line, and nothing lost."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.endtoend.crawl_site import TEXTS, page, text
from tests.generate import write_language
from tests.site import Answer, LoopbackSite
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.pipeline.stage import silent
from vernacular.sources import open_source, place_of
from vernacular.sources.fetch_schedule import due, failures, fetch
from vernacular.sources.web import page_store as mirror

PAGES = 20
HOLD = """import sqlite3, sys
index = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
index.execute("PRAGMA locking_mode = " + sys.argv[2])
index.execute("BEGIN EXCLUSIVE")
index.execute("UPDATE runs SET asked = asked")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked_by(index: Path, mode: str) -> Iterator[None]:
    """A process that holds the index: against writing (mode ``NORMAL``), or against reading too (``EXCLUSIVE``)."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(index), mode], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.stdin.close()


@pytest.fixture
def site() -> Iterator[LoopbackSite]:
    with LoopbackSite({"/robots.txt": text("")}) as site:
        site.pages["/"] = page(TEXTS[0], tuple(f"/{number}.html" for number in range(1, PAGES)))
        for number in range(1, PAGES):
            site.pages[f"/{number}.html"] = Answer(page(TEXTS[number]).encode(), delay=0.05)
        yield site


@pytest.fixture
def language(tmp_path: Path, site: LoopbackSite) -> Language:
    return load_language(write_language(tmp_path / "languages", documents=3, sources=[{
        "name": "web", "kind": "crawl", "start": [f"{site.url}/"], "licence": "CC0-1.0", "consent": "contributor",
        "register": "web", "contact": "tests@example.org", "delay_seconds": 0, "private_addresses": True}]))


def documents(language: Language, root: Path) -> int:
    source, = language.sources
    return len(list(open_source(source, place_of(language, source, root)).documents(silent)))


@pytest.mark.parametrize("mode", ["NORMAL", "EXCLUSIVE"])
def test_a_fetch_of_what_is_locked_is_a_failed_one_and_the_next_one_heals(
        language: Language, tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    assert fetch(language, tmp_path, silent) == []
    monkeypatch.setattr(clock, "read", lambda: now + 8 * 86_400)
    monkeypatch.setattr(mirror, "PATIENCE", 0.3)
    with locked_by(tmp_path / "qaa" / ".mirror" / "web" / mirror.INDEX, mode):
        problem, = fetch(language, tmp_path, silent)
    assert problem.code == Code.DATABASE_BUSY
    assert due(language, tmp_path, clock.now()) == [] and documents(language, tmp_path) == PAGES
    monkeypatch.setattr(clock, "read", lambda: now + 8 * 86_400 + 301)
    assert fetch(language, tmp_path, silent) == [] == list(failures(language, tmp_path))
    assert due(language, tmp_path, clock.now()) == [] and documents(language, tmp_path) == PAGES


def test_a_crawl_whose_index_is_locked_meanwhile_ends_and_continues_later(
        language: Language, site: LoopbackSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began, over, locked, answer = time.time(), threading.Event(), threading.Event(), site.answer

    def hold() -> None:
        while len(site.log) < 8:
            time.sleep(0.01)
        with locked_by(tmp_path / "qaa" / ".mirror" / "web" / mirror.INDEX, "NORMAL"):
            locked.set()
            over.wait(240)

    def in_time(path: str, headers: dict[str, str]) -> Answer:  # the crawl is not to be over before the index is locked
        if len(site.log) >= 8:
            locked.wait(240)
        return answer(path, headers)

    monkeypatch.setattr(site, "answer", in_time)
    holder = threading.Thread(target=hold)
    holder.start()
    try:
        problem, = fetch(language, tmp_path, silent)
        assert time.time() - began < mirror.PATIENCE + 120
        assert Code.DATABASE_BUSY in str(problem)
    finally:
        over.set()
        holder.join()
    monkeypatch.setattr(clock, "read", lambda: began + 600)
    assert fetch(language, tmp_path, silent) == [] and documents(language, tmp_path) == PAGES
    again = [path for path, times in Counter(site.asked()).items() if times > 1]
    assert len({*again} - {"/", "/robots.txt"}) <= 2, again  # those in flight
