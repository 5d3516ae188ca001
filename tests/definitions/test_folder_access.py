"""Nothing that a stranger puts into a language folder is read, written or waited for outside of it.

Every place that the program reads or appends to gets a link, a pipe, a socket and so on in its stead.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.definitions.places import (
    APPENDS,
    DATA,
    INBOX,
    MARK,
    PLACES,
    TEXT,
    Place,
    source,
)
from tests.generate import write_language
from tests.strange import KINDS, contents, put
from tests.within import within
from vernacular.cli.checking.folder import check_all
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.project import Project
from vernacular.pipeline.stage import silent
from vernacular.release.marks import keep


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Language]:
    """Writes a language and loads it."""
    def make(**more: Any) -> Language:
        return load_language(write_language(tmp_path / "languages", documents=3, **more))
    return make


def problems_of(home: Path) -> list[Problem]:
    """What a check of all languages finds."""
    found = [checked.faults.combined() for checked in check_all(
        Project(home, home / "languages", home / "artifacts"), None)]
    return [each for problem in found if problem for each in getattr(problem, "found", [problem])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_what_is_no_file_is_refused_when_it_is_read_and_named_by_check(
        made: Callable[..., Language], tmp_path: Path, place: Place, kind: str) -> None:
    language = made(**place.more)
    folder = language.folder
    path = folder / place.path
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    put(kind, path, tmp_path / "outside")
    with within(60):
        with pytest.raises(Problem) as caught:
            place.read(language, tmp_path / "artifacts")
        assert caught.value.where.endswith(place.path)
        broken = problems_of(tmp_path)
    assert [problem.where for problem in broken] == [f"languages/qaa/{place.path}"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_inbox_sets_it_aside_and_goes_on(made: Callable[..., Language], tmp_path: Path, kind: str) -> None:
    language = made(sources=[INBOX])
    (language.folder / "inbox").mkdir()
    put(kind, language.folder / "inbox" / "a.txt", tmp_path / "outside")
    put(kind, language.folder / "inbox" / "sub" / "b.txt", tmp_path / "elsewhere")
    opened = source(language, "inbox", tmp_path / "artifacts")
    with within(60):
        assert list(opened.documents(silent)) == []
    assert [problem.where for problem in opened.problems] == ["qaa/inbox/a.txt", "qaa/inbox/sub/b.txt"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", APPENDS)
def test_what_is_appended_stays_in_the_folder(made: Callable[..., Language], tmp_path: Path, path: str,
                                              kind: str) -> None:
    folder = made().folder
    put(kind, folder / path, tmp_path / "outside")
    before = contents(tmp_path / "outside")
    with within(60), pytest.raises(Problem) as caught:
        APPENDS[path](folder)
    assert caught.value.where == f"languages/qaa/{path}"
    assert contents(tmp_path / "outside") == before


@pytest.mark.parametrize("name", [".{}.part", ".{}.lock", ".{}.new"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", APPENDS)
def test_nor_does_it_leave_by_the_name_of_a_part_or_a_lock(made: Callable[..., Language], tmp_path: Path, path: str,
                                                          kind: str, name: str) -> None:
    folder = made().folder
    put(kind, (folder / path).with_name(name.format(Path(path).name)), tmp_path / "outside")
    before = contents(tmp_path / "outside")
    with within(60):
        APPENDS[path](folder)
    assert (folder / path).is_file() and not (folder / path).is_symlink()
    assert contents(tmp_path / "outside") == before


def test_nor_through_the_folder_of_what_is_appended(made: Callable[..., Language], tmp_path: Path) -> None:
    folder = made().folder
    put("link to a folder", folder / "behaviour", tmp_path / "outside")
    with pytest.raises(Problem):
        keep(folder, MARK)
    assert contents(tmp_path / "outside") == {}


@pytest.mark.parametrize(("path", "read"), [
    (place.path, place.read) for place in PLACES if place.path in (
        "statement.md", "takedowns.jsonl", "accepted.jsonl", "waivers.jsonl", "behaviour/marks.jsonl",
        "behaviour/a.yaml")])
def test_what_is_not_utf8_is_a_problem_with_its_line(made: Callable[..., Language], tmp_path: Path, path: str,
                                                     read: Callable[[Language, Path], object]) -> None:
    language = made()
    (language.folder / path).parent.mkdir(exist_ok=True)
    (language.folder / path).write_bytes(b"\n\xff\xfe\n")
    with pytest.raises(Problem) as caught:
        read(language, tmp_path / "artifacts")
    assert caught.value.where == f"languages/qaa/{path}:2"
    broken = problems_of(tmp_path)
    assert [problem.where for problem in broken] == [f"languages/qaa/{path}:2"]


@pytest.mark.parametrize("path", ["takedowns.jsonl", "accepted.jsonl", "waivers.jsonl", "behaviour/marks.jsonl"])
@pytest.mark.parametrize("row", [b"[" * 200_000, b'{"a":' * 200_000, b"1" * 10_000, b"\x00", b'"\\ud800"'])
def test_a_row_of_anything_is_a_problem_with_its_line(made: Callable[..., Language], tmp_path: Path, path: str,
                                                      row: bytes) -> None:
    language = made()
    (language.folder / path).parent.mkdir(exist_ok=True)
    (language.folder / path).write_bytes(row + b"\n")
    with pytest.raises(Problem) as caught:
        next(place for place in PLACES if place.path == path).read(language, tmp_path)
    assert caught.value.where == f"languages/qaa/{path}:1"


@pytest.mark.parametrize("more", [{"sources": [{**TEXT, "files": "***/a"}]},
                                  {"tasks": {"names": {"kind": "sequence_classification",
                                                       "data": {**DATA, "test": "a**/b"}}}}])
def test_a_glob_that_is_none_is_refused_with_its_line(tmp_path: Path, more: dict[str, Any]) -> None:
    folder = write_language(tmp_path / "languages", documents=3, **more)
    with pytest.raises(Problem) as caught:
        load_language(folder)
    line = int(caught.value.where.removeprefix("languages/qaa/language.yaml:"))
    assert "**" in (folder / "language.yaml").read_text().split("\n")[line - 1]
    assert yaml.safe_load((folder / "language.yaml").read_text())
