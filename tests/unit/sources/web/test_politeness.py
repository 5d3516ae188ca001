"""When a host is left alone: after failures of every kind, and for as long as it asks."""

from __future__ import annotations

import time

import pytest

from vernacular.core import clock
from vernacular.sources.web.politeness import FAILURES, Manners, seconds_until
from vernacular.sources.web.robots import Rules

HOST = "https://example.org"


@pytest.mark.parametrize(("header", "seconds"), [
    ("120", 120.0), ("", None), ("soon", None), ("Thu, 01 Jan 1970 00:02:00 GMT", 60.0),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)])
def test_what_a_server_asks_for(monkeypatch: pytest.MonkeyPatch, header: str, seconds: float | None) -> None:
    monkeypatch.setattr(clock, "now", lambda: 60.0)
    assert seconds_until(header) == seconds


def test_a_host_that_only_fails_is_left_alone() -> None:
    manners = Manners(1.0)
    messages = [manners.fail(HOST, 1, "") for _ in range(FAILURES + 2)]
    assert messages == [False] * (FAILURES - 1) + [True, False, False]


def test_a_failure_shortens_no_wait() -> None:
    manners = Manners(1.0)
    manners.wait[HOST] = time.monotonic() + 30  # a crawl delay
    manners.fail(HOST, 1, "")
    assert manners.wait[HOST] > time.monotonic() + 25
    manners.fail(HOST, 1, "600")
    manners.fail(HOST, 1, "")
    assert manners.wait[HOST] > time.monotonic() + 550


def test_a_host_that_asks_for_a_day_is_left_alone_at_once() -> None:
    manners = Manners(1.0, rules={HOST: Rules(open=True, reason="no file")})
    assert not manners.fail(HOST, 1, "60") and manners.wait[HOST] > time.monotonic() + 50
    assert manners.fail(HOST, 1, "86400") and manners.shut() == [HOST]
