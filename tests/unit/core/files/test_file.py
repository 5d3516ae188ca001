"""A file is read and written in its folder, and never through a link, whatever a stranger put there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.strange import KINDS, contents, put
from tests.within import within
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder

USES: dict[str, Callable[[File], object]] = {
    "state": File.state, "read": File.read, "text": File.text, "rows": lambda file: list(file.rows()),
    "stream": File.stream, "write": lambda file: file.write("x"), "append": lambda file: file.append(b"x")}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["a.txt", "sub/a.txt"])
def test_only_ordinary_files_are_opened(root: Path, tmp_path: Path, kind: str, path: str, use: str) -> None:
    put(kind, root / path, tmp_path / "outside")
    before = contents(tmp_path / "outside")
    with within(60), pytest.raises(Problem) as caught:
        USES[use](Folder.of(root).file(path))
    assert caught.value.where == f"languages/qaa/{path}"
    assert contents(tmp_path / "outside") == before


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", ["link to a folder", "pipe", "socket", "dangling"])
def test_no_folder_on_the_way_is_a_link(root: Path, tmp_path: Path, kind: str, use: str) -> None:
    put(kind, root / "sub", tmp_path / "outside")
    if kind == "link to a folder":
        (tmp_path / "outside" / "folder" / "a.txt").write_bytes(b"password")
    with within(60), pytest.raises(Problem) as caught:
        USES[use](Folder.of(root).file("sub/a.txt"))
    assert caught.value.where == "languages/qaa/sub"
    assert not (tmp_path / "outside" / "new").exists()


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("path", ["../secret", "a/../../secret", "/etc/hostname", "a\0b", ".."])
def test_a_path_cannot_lead_upwards(root: Path, path: str, use: str) -> None:
    with pytest.raises(Problem):
        USES[use](File(root, path, path))


@pytest.mark.parametrize("part", [".a.jsonl.part", ".a.jsonl.PID.part"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_the_place_of_a_part_is_not_written(root: Path, tmp_path: Path, kind: str, part: str) -> None:
    put(kind, root / part.replace("PID", str(os.getpid())), tmp_path / "outside")
    before = contents(tmp_path / "outside")
    file = Folder.of(root).file("a.jsonl")
    with within(60):
        file.append(b"1")
        file.append(b"2")
        assert file.read() == b"1\n2\n"
        file.write("3\n")
    assert file.read() == b"3\n" and contents(tmp_path / "outside") == before
    assert not (tmp_path / "outside" / "new").exists()


def test_what_is_not_there(root: Path) -> None:
    for path in ("a.txt", "sub/a.txt"):
        file = Folder.of(root).file(path)
        assert not file.exists() and file.state() is None and list(file.rows()) == []
        with pytest.raises(FileNotFoundError) as caught:
            file.read()
        assert Path(caught.value.filename).is_relative_to(root)


def test_what_is_written_is_read(root: Path) -> None:
    file = Folder.of(root).file("sub/more/a.txt")
    file.write("góður\n")
    assert file.text() == "góður\n" and file.exists() and (file.name, file.stem, file.suffix) == ("a.txt", "a", ".txt")
    file.write(b"\xef\xbb\xbfother")
    assert file.text() == "other" and file.read() == b"\xef\xbb\xbfother"
    assert [path.name for path in (root / "sub/more").iterdir()] == ["a.txt"]
    with file.stream() as stream:
        assert stream.read(5) == b"\xef\xbb\xbfot"


def test_half_a_line_is_completed_and_blank_rest_goes(root: Path) -> None:
    file = Folder.of(root).file("a.jsonl")
    file.write(b"1\n2")
    file.append(b"3")
    assert file.read() == b"1\n2\n3\n"
    file.write(b"1\n  ")
    file.append(b"2")
    assert file.read() == b"1\n2\n" and list(file.rows()) == [
        ("languages/qaa/a.jsonl:1", b"1"), ("languages/qaa/a.jsonl:2", b"2")]


def test_what_is_not_utf8_is_reported_with_its_line(root: Path) -> None:
    (root / "a.jsonl").write_bytes(b"one\n\xff\n")
    for use in ("text", "rows"):
        with pytest.raises(Problem) as caught:
            USES[use](Folder.of(root).file("a.jsonl"))
        assert caught.value.where == "languages/qaa/a.jsonl:2"


def test_a_file_has_a_limit(root: Path) -> None:
    with (root / "a.txt").open("wb") as stream:
        stream.truncate(10**12)  # takes no room on the disk
    file = Folder.of(root).file("a.txt")
    with within(60):
        for use in (file.text, lambda: list(file.rows()), lambda: file.read(10**6), lambda: file.append(b"x")):
            with pytest.raises(Problem) as caught:
                use()
            assert caught.value.where == "languages/qaa/a.txt"
    (root / "a.txt").write_bytes(b"12345")
    assert file.read(5) == b"12345"
