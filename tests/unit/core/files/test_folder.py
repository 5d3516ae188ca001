"""A folder is listed without following a link; what is no file is refused, or named to a caller that skips it."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from tests.strange import KINDS, put
from tests.within import within
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.files.folder import DEEPEST


def names(folder: Folder, pattern: str = "**") -> list[str]:
    return [path for path, _ in folder.list_files(pattern)]


def test_files_are_listed_in_order_without_hidden_ones(root: Path) -> None:
    for path in ("b.txt", "a/c.txt", "a/.hidden", ".git/x", "a/b/d.md"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    folder = Folder.of(root)
    assert names(folder) == ["a/b/d.md", "a/c.txt", "b.txt"]
    assert names(folder, "*/*.txt") == ["a/c.txt"] and names(folder, "**/*.txt") == ["a/c.txt", "b.txt"]
    assert [path for path, _ in folder.list_files(hidden=True)] == ["a/.hidden", "a/b/d.md", "a/c.txt", "b.txt"]
    inner = folder.folder("./a")
    assert names(inner) == ["b/d.md", "c.txt"] and inner.shown == "languages/qaa/a"
    assert [(file.shown, file.text(), inner.name_of(file)) for _, file in inner.list_files("*")] == [
        ("languages/qaa/a/c.txt", "a/c.txt", "c.txt")]
    assert names(folder.folder(str(root / "a"))) == names(inner)
    assert names(folder.folder("nowhere")) == [] and not folder.folder("nowhere").exists() and inner.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_refused_where_it_matches(root: Path, tmp_path: Path, kind: str) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "a.txt").write_text("text")
    put(kind, root / "sub" / "b.txt", tmp_path / "outside")
    folder, found = Folder.of(root), list[str]()
    with within(60):
        with pytest.raises(Problem) as caught:
            folder.list_files("sub/*.txt")
        assert caught.value.where == "languages/qaa/sub/b.txt"
        assert names(folder, "sub/a.*") == ["sub/a.txt"]
        listed = folder.list_files(on_error=lambda path, error: found.append(path))
        assert [path for path, _ in listed] == ["sub/a.txt"] and found == ["sub/b.txt"]
        assert [problem.where for problem in folder.find_strange()] == ["languages/qaa/sub/b.txt"]


def test_a_link_to_a_folder_is_refused_where_the_pattern_goes_on(root: Path, tmp_path: Path) -> None:
    put("link to a folder", root / "sub", tmp_path / "outside")
    (tmp_path / "outside" / "folder" / "a.txt").write_text("password")
    folder = Folder.of(root)
    for pattern in ("**", "*/*.txt", "**/a.txt", "sub/a.txt"):
        with pytest.raises(Problem) as caught:
            folder.list_files(pattern)
        assert caught.value.where == "languages/qaa/sub"
    for use in (folder.folder("sub").list_files, folder.folder("sub").exists, folder.folder("sub").find_strange):
        with pytest.raises(Problem) as caught:
            use()
        assert caught.value.where == "languages/qaa/sub"


def test_hidden_links_are_found_too(root: Path, tmp_path: Path) -> None:
    put("dangling", root / ".a.part", tmp_path / "outside")
    put("link", root / ".git" / "a", tmp_path / "outside")
    assert [problem.where for problem in Folder.of(root).find_strange()] == ["languages/qaa/.a.part"]


def test_a_name_that_is_not_utf8_and_a_folder_too_deep_are_refused(root: Path) -> None:
    wrong = root / os.fsdecode(b"a\xff")
    wrong.touch()
    with pytest.raises(Problem):
        Folder.of(root).list_files()
    wrong.unlink()
    (root / "/".join(["a"] * DEEPEST)).mkdir(parents=True)
    assert names(Folder.of(root)) == []
    (root / "/".join(["a"] * (DEEPEST + 1))).mkdir(parents=True)
    with pytest.raises(Problem):
        Folder.of(root).list_files()


def test_a_folder_that_cannot_be_listed_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "shut").mkdir()
    (root / "a.txt").touch()
    opened = os.open

    def broken(path: Any, *more: Any, **named: Any) -> int:
        if path == "shut":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return opened(path, *more, **named)

    monkeypatch.setattr(os, "open", broken)
    assert [problem.where for problem in Folder.of(root).find_strange()] == [str(root / "shut")]
    with pytest.raises(PermissionError):
        Folder.of(root).list_files()
    assert names(Folder.of(root), "*") == ["a.txt"]
