"""The mirror: what was kept comes back, a kill leaves no half record, and what is forgotten is gone."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sources.mirror import lock_mirror
from vernacular.sources.web.frontier import BARREN, Frontier, begin_run
from vernacular.sources.web.page_store import Mirror
from vernacular.sources.web.warc import Exchange

URL = "http://example.org/{}.html"


def exchange(url: str, body: bytes) -> Exchange:
    return Exchange(url, "2024-01-02T03:04:05Z", [("User-Agent", "x")], [("Content-Type", "text/html"),
                    ("Content-Encoding", "gzip")], body, hashlib.sha256(body).hexdigest())


def queue(mirror: Mirror, **more: int) -> Frontier:
    return Frontier(mirror, ["example.org"], frozenset({"lg"}), lambda url: url.endswith("taken.html"), **more)


def filled(folder: Path, bodies: list[bytes]) -> Mirror:
    mirror = Mirror(folder, write=True)
    begin_run(mirror, "settings", 0)
    frontier = queue(mirror)
    for number, body in enumerate(bodies):
        with mirror.transaction():
            frontier.add(URL.format(number))
        mirror.keep(exchange(URL.format(number), body), due=0)
    return mirror


@settings(max_examples=15)
@given(st.lists(st.binary(max_size=500), min_size=1, max_size=5))
def test_what_was_kept_comes_back(tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("mirror")
    filled(folder, bodies).close()
    mirror = Mirror(folder)
    assert [mirror.body(page.url) for page in mirror.pages()] == bodies


def test_what_a_kill_left_is_cut_off_and_swept_away(tmp_path: Path) -> None:
    filled(tmp_path, [b"one", b"two"]).close()
    file = tmp_path / "00001.warc.gz"
    whole = file.read_bytes()
    file.write_bytes(whole + b"half a record")
    (tmp_path / "00001-00001.warc.gz").write_bytes(b"of a rewrite that was killed")
    mirror = Mirror(tmp_path, write=True)
    assert file.read_bytes() == whole and not (tmp_path / "00001-00001.warc.gz").exists()
    with mirror.transaction():
        queue(mirror).add(URL.format(7))
    mirror.keep(exchange(URL.format(7), b"three"), due=0)
    assert mirror.body(URL.format(7)) == b"three" and mirror.body(URL.format(0)) == b"one"


def test_forgetting_and_compacting(tmp_path: Path) -> None:
    mirror = filled(tmp_path, [b"first words", b"secret words", b"third words"])
    version = mirror.version()
    mirror.forget([URL.format(1)])
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    text = b"".join(gzip.decompress(path.read_bytes()) for path in tmp_path.glob("*.gz"))
    assert b"secret" not in data + text and b"/1.html" not in data + text and b"first words" in text
    assert [page.url for page in mirror.pages()] == [URL.format(0), URL.format(2)] and mirror.version() != version
    assert mirror.body(URL.format(2)) == b"third words"
    for body in (b"second edition", b"third edition"):
        for number in (0, 2):
            mirror.keep(exchange(URL.format(number), body), due=0)
    mirror.compact()
    text = b"".join(gzip.decompress(path.read_bytes()) for path in tmp_path.glob("*.gz"))
    assert b"second edition" not in text and mirror.body(URL.format(0)) == b"third edition"


@pytest.mark.parametrize("column", ["type", "robots", "label"])
def test_the_version_depends_on_whatever_the_documents_are_made_from(tmp_path: Path, column: str) -> None:
    mirror = filled(tmp_path, [b"words"])
    version = mirror.version()
    mirror.note(URL.format(0), note="looked at", checked="2024-02-02T00:00:00Z")
    assert mirror.version() == version
    mirror.note(URL.format(0), **{column: "another"})
    assert mirror.version() != version


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with lock_mirror(tmp_path, "x"), pytest.raises(Problem, match=Code.SOURCE_BUSY), lock_mirror(tmp_path, "y"):
        pass


def test_the_queue_asks_lists_then_hinted_pages_then_breadth_first(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, write=True)
    frontier = queue(mirror)
    with mirror.transaction():
        for path, more in (("deep", {"depth": 3}), ("en/x", {}), ("a", {"depth": 1}), ("lg/b", {"depth": 2}),
                           ("start", {"start": True}), ("map.xml", {"kind": "list"})):
            assert frontier.add(f"http://example.org/{path}", **more)  # type: ignore[arg-type]
        for path in ("taken.html", "a", "photo.jpg", "x/x/x/"):
            assert not frontier.add(f"http://example.org/{path}")
        assert not frontier.add("http://elsewhere.org/") and not frontier.add("http://example.org/far", depth=9)
    order = []
    while (row := frontier.next([], order)) is not None:
        order.append(row["url"])
    paths = [url.removeprefix("http://example.org/") for url in order]
    assert paths == ["map.xml", "start", "lg/b", "a", "deep", "en/x"]
    assert frontier.next(["http://example.org"], []) is None


def test_a_shape_that_brings_nothing_new_is_closed(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, write=True)
    frontier = queue(mirror)
    with mirror.transaction():
        for number in range(100):
            frontier.add(f"http://example.org/calendar?month={number}")
    asked = 0
    while (row := frontier.next([], [])) is not None:
        asked += 1
        mirror.note(row["url"], state="repeat", due=0)
        frontier.settled(row, "repeat")
    assert asked == BARREN
