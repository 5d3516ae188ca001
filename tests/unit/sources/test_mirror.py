"""What sources on the network keep."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from vernacular.config.sources import HubSource
from vernacular.core import clock
from vernacular.core.errors import Problem
from vernacular.provenance.document import make_document
from vernacular.provenance.suppression_list import Suppressions, line_digest
from vernacular.sources.mirror import Mirror

SETTINGS = HubSource.model_validate({"name": "s", "kind": "hub", "dataset": "a/b", "revision": "x", "licence": "MIT",
                                     "consent": "unknown", "register": "web"})


def row(number: int, text: str = "") -> dict[str, str]:
    return {"path": f"http://example.org/{number}", "text": text or f"text {number}"}


def fill(mirror: Mirror, rows: list[dict[str, str]], key: str = "k") -> None:
    fetch = mirror.begin(key)
    for number, each in enumerate(rows):
        fetch.add(each, number)
    fetch.flush(len(rows))
    mirror.publish(fetch)


def test_rows_come_back_in_order_and_a_killed_fetch_goes_on(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, "x")
    fetch = mirror.begin("k")
    for number in range(1500):
        fetch.add(row(number), number + 1)
    del fetch  # a kill: the second shard was not whole
    assert mirror.state == {}
    with pytest.raises(Problem, match="VN-SOURCE-MISSING"):
        list(mirror.rows())
    fetch = mirror.begin("k")
    assert (fetch.rows, fetch.position) == (1000, 1000)
    for number in range(fetch.position, 1500):
        fetch.add(row(number), number + 1)
    fetch.flush(1500)
    mirror.publish(fetch)
    assert [each["path"] for each in mirror.rows()] == [row(number)["path"] for number in range(1500)]


def test_a_fetch_of_something_else_starts_again_and_what_was_there_counts_until_it_is_whole(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, "x")
    fill(mirror, [row(1)])
    fetch = mirror.begin("other")
    fetch.add(row(2), 1)
    fetch.flush(1)
    assert [each["text"] for each in mirror.rows()] == ["text 1"]
    fill(mirror, [row(3)], "third")
    assert [each["text"] for each in mirror.rows()] == ["text 3"]
    assert len(list(tmp_path.glob("rows-*"))) == 1 and not (tmp_path / "partial.json").exists()


def test_the_version_is_that_of_the_rows(tmp_path: Path) -> None:
    one, two = Mirror(tmp_path / "1", "x"), Mirror(tmp_path / "2", "x")
    assert one.version() == two.version()
    fill(one, [row(1)])
    before = one.version()
    fill(one, [row(1)])
    assert one.version() == before != two.version()
    fill(one, [row(2)])
    assert one.version() != before


def test_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror(tmp_path, "x")
    assert mirror.due("k", None)
    fill(mirror, [row(1)])
    assert not mirror.due("k", None) and not mirror.due("k", 1) and mirror.due("other", None)
    time.sleep(0.01)
    assert mirror.due("k", 1e-8)
    looked = time.time()
    for later, due in ((6.9, False), (7.1, True), (-365, True)):  # the last: the clock was ahead when it looked
        monkeypatch.setattr(clock, "read", lambda later=later: looked + later * 86_400)
        assert mirror.due("k", 7) == due


def test_what_is_forgotten_leaves_no_byte_also_in_an_unfinished_fetch(tmp_path: Path) -> None:
    mirror, line = Mirror(tmp_path, "x"), "a line that is long enough to be known by its digest alone"
    rows = [row(1, "gone by path"), row(2, f"stays\n{line}"), row(3, "gone by text"), row(4)]
    fill(mirror, rows)
    fetch = mirror.begin("other")
    for each in rows:
        fetch.add(each, 0)
    fetch.flush(0)
    before = mirror.version()
    digest = line_digest(line)
    assert digest is not None
    down = Suppressions(texts=frozenset([make_document(SETTINGS, "x", "gone by text").raw_digest]),
                        lines=frozenset([digest]))
    mirror.forget(["https://www.example.org/1/"], SETTINGS, down)
    assert [each["text"] for each in mirror.rows()] == ["stays", "text 4"]
    assert mirror.version() != before
    for file in tmp_path.rglob("*.gz"):
        content = gzip.decompress(file.read_bytes()).decode()
        assert "gone" not in content and line not in content
    assert len(list(tmp_path.rglob("*.gz"))) == 2


def test_two_processes_do_not_fetch_at_once(tmp_path: Path) -> None:
    with Mirror(tmp_path, "x").locked(), pytest.raises(Problem, match="VN-SOURCE-BUSY"), Mirror(tmp_path, "x").locked():
        pass


def test_a_state_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(Problem, match="VN-SOURCE-DAMAGED"):
        Mirror(tmp_path, "x").version()
