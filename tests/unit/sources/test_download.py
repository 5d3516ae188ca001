"""Downloads, from a real server that breaks off."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.sources.serve import Site, serve
from vernacular.core.errors import Problem
from vernacular.pipeline.stage import silent
from vernacular.sources.download import Mark, download, fetch_text

DATA = bytes(range(256)) * 4000


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        site.files["/dump"] = DATA
        yield site


def test_a_file_comes_whole_and_is_not_asked_for_twice(site: Site, tmp_path: Path) -> None:
    mark = download(f"{site.url}/dump", tmp_path / "dump", Mark(), silent)
    assert mark is not None and (tmp_path / "dump").read_bytes() == DATA
    assert download(f"{site.url}/dump", tmp_path / "dump", mark, silent) is None
    assert [path.name for path in tmp_path.iterdir()] == ["dump"]


def test_what_broke_off_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.break_after = 300_000
    with pytest.raises(Problem, match="VN-SOURCE-NETWORK"):
        download(f"{site.url}/dump", tmp_path / "dump", Mark(), silent)
    assert not (tmp_path / "dump").exists()
    have = (tmp_path / "dump.part").stat().st_size
    assert 0 < have <= 300_000
    assert download(f"{site.url}/dump", tmp_path / "dump", Mark(), silent) is not None
    assert (tmp_path / "dump").read_bytes() == DATA and site.asked[1] == ("/dump", f"bytes={have}-")


def test_a_full_disk_is_no_lost_network(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("vernacular.sources.download._copy", fails)
    with pytest.raises(OSError, match="No space left"):
        download(f"{site.url}/dump", tmp_path / "dump", Mark(), silent)


def test_a_server_that_only_trickles_hangs(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vernacular.sources.download._SECONDS", 1)
    site.trickle = True
    with pytest.raises(Problem, match="VN-SOURCE-NETWORK"):
        download(f"{site.url}/dump", tmp_path / "dump", Mark(), silent)
    site.trickle = False
    assert download(f"{site.url}/dump", tmp_path / "dump", Mark(), silent) is not None
    assert (tmp_path / "dump").read_bytes() == DATA and not site.asked[1][1].startswith("bytes=0")


def test_a_file_that_changed_meanwhile_starts_again(site: Site, tmp_path: Path) -> None:
    site.break_after = 300_000
    with pytest.raises(Problem):
        download(f"{site.url}/dump", tmp_path / "dump", Mark(), silent)
    site.files["/dump"] = DATA[::-1]
    download(f"{site.url}/dump", tmp_path / "dump", Mark(), silent)
    assert (tmp_path / "dump").read_bytes() == DATA[::-1]


def test_refusals_are_one_line(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"404.*VN-SOURCE-NETWORK"):
        download(f"{site.url}/none", tmp_path / "dump", Mark(), silent)
    with pytest.raises(Problem, match="VN-SOURCE-NETWORK"):
        download("http://127.0.0.1:1/dump", tmp_path / "dump", Mark(), silent)
    assert fetch_text(f"{site.url}/none") is None
