"""Fetching apart from a run, from a real server: what is due, what fails and is left alone for a while."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.generate import write_language
from tests.unit.sources.serve import serve
from tests.wikipedia_dump import LONG, dump, page
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.pipeline.stage import silent
from vernacular.sources.fetch_schedule import _lock, due, failures, fetch, fetching


def language(root: Path, *dumps: str, **more: Any) -> Language:
    return load_language(write_language(root / "languages", sources=[
        {"name": f"wiki{number}", "kind": "wikipedia", "wiki": "lg", "dump": url, "licence": "CC-BY-SA-4.0",
         "consent": "public-licence", "register": "encyclopedic", **more} for number, url in enumerate(dumps)]))


def test_what_was_fetched_is_not_due(tmp_path: Path) -> None:
    with serve() as site:
        site.files["/dump.xml.bz2"] = dump(page("New", LONG))
        found = language(tmp_path, f"{site.url}/dump.xml.bz2")
        assert due(found, tmp_path / "store", time.time()) == ["wiki0"]
        assert fetch(found, tmp_path / "store", silent) == []
        assert due(found, tmp_path / "store", time.time()) == []
        assert fetch(found, tmp_path / "store", silent) == [] and len(site.asked) == 1


def test_a_source_that_fails_is_asked_less_and_less_often_and_keeps_no_other(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, now = tmp_path / "store", 1000.0
    with serve() as site:
        site.files["/dump.xml.bz2"] = dump(page("New", LONG))
        found = language(tmp_path, f"{site.url}/nothing", f"{site.url}/dump.xml.bz2")
        waits = []
        for times in range(1, 12):
            monkeypatch.setattr(clock, "read", lambda at=now: at)
            problem, = fetch(found, root, silent)
            failure = failures(found, root)["wiki0"]
            assert failure.times == times and "404" in failure.why == str(problem)
            assert due(found, root, failure.until - 1) == []
            waits.append(failure.until - now)
            now = failure.until
        assert waits[:3] == [300, 600, 1200] and waits[-1] == waits[-2] == 86400
        assert [path for path, _ in site.asked].count("/dump.xml.bz2") == 1

        site.files["/nothing"] = dump(page("There", LONG))
        monkeypatch.setattr(clock, "read", lambda: now)
        assert fetch(found, root, silent) == [] and failures(found, root) == {}


def test_who_asks_by_hand_need_not_wait_for_a_source_that_failed(tmp_path: Path) -> None:
    root, messages = tmp_path / "store", list[str]()
    with serve() as site:
        found = language(tmp_path, f"{site.url}/dump.xml.bz2")
        assert len(fetch(found, root, silent)) == 1
        site.files["/dump.xml.bz2"] = dump(page("New", LONG))
        assert fetch(found, root, messages.append) == [] and messages == ["wiki0: not due"]
        assert fetch(found, root, silent, at_once=True) == [] and failures(found, root) == {}
        assert due(found, root, time.time()) == []


def test_a_source_that_cannot_say_whether_it_is_due_keeps_no_other(tmp_path: Path) -> None:
    root = tmp_path / "store"
    with serve() as site:
        site.files["/dump.xml.bz2"] = dump(page("New", LONG))
        found = language(tmp_path, "gone.xml.bz2", f"{site.url}/dump.xml.bz2")  # the first in the language's folder
        problem, = fetch(found, root, silent)
    assert Code.SOURCE_MISSING in str(problem) == failures(found, root)["wiki0"].why
    assert due(found, root, time.time()) == [] and due(found, root, time.time() + 400) == ["wiki0"]


def test_old_rows_stay_while_the_server_is_away_and_the_source_backs_off(tmp_path: Path) -> None:
    root = tmp_path / "store"
    with serve() as site:
        site.files["/dump.xml.bz2"] = dump(page("New", LONG))
        found = language(tmp_path, f"{site.url}/dump.xml.bz2", refresh_days=5e-6)
        fetch(found, root, silent)
        time.sleep(0.5)  # longer than refresh_days
        site.files.clear()
        problem, = fetch(found, root, silent)
        assert problem.code == Code.SOURCE_NETWORK
        assert due(found, root, time.time()) == [] and failures(found, root)["wiki0"].times == 1


def test_a_clock_that_was_ahead_and_is_set_right_keeps_no_source_waiting(tmp_path: Path,
                                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    root, now = tmp_path / "store", time.time()
    with serve() as site:
        site.files["/dump.xml.bz2"] = dump(page("New", LONG))
        found = language(tmp_path, f"{site.url}/nothing", f"{site.url}/dump.xml.bz2", refresh_days=7)
        monkeypatch.setattr(clock, "read", lambda: now + 365 * 86_400)
        fetch(found, root, silent)
        assert due(found, root, clock.now()) == []
        monkeypatch.setattr(clock, "read", lambda: now)  # both would have to wait for a year
        assert due(found, root, now) == ["wiki0", "wiki1"]
        fetch(found, root, silent)
        assert due(found, root, now + 200) == [] and due(found, root, now + 700) == ["wiki0"]
        assert due(found, root, now - 30) == []  # no two clocks are the same to the second


def test_one_process_fetches_at_a_time(tmp_path: Path) -> None:
    found, root = language(tmp_path, "https://example.invalid/x"), tmp_path / "store"
    assert not fetching(found, root)
    (root / "qaa").mkdir(parents=True)
    with FileLock(_lock(found, root)):
        assert fetching(found, root)
        with pytest.raises(Problem, match="VN-SOURCE-BUSY"):
            fetch(found, root, silent)
    assert not fetching(found, root)
