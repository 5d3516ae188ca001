"""Nothing that a stranger puts into a language folder is read, written or waited for outside of it.

Every place that the program reads or appends to gets a link, a pipe, a socket and so on in its stead.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.generate import write_language
from tests.strange import KINDS, contents, put
from tests.within import within
from vernacular.behavior_tests.load import load_suite, marks_of
from vernacular.cleaning.approvals import accepted_ids
from vernacular.cleaning.holdout_texts import held_items
from vernacular.cli.checking.folder import check_all
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.config.statement import read_statement
from vernacular.config.translations import FilesSide
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.project import Project
from vernacular.core.store import Gate
from vernacular.datasets.keyed_texts import references_of
from vernacular.evaluation.fairness.plan import load_plan
from vernacular.langid.seed import seed_lines
from vernacular.modeling.base_models import locate
from vernacular.pipeline.graph_summary import digest_of_folder
from vernacular.pipeline.stage import silent
from vernacular.provenance.suppression_list import Suppressions, append_row
from vernacular.release.marks import Mark, keep
from vernacular.release.waivers import read_waivers, waive
from vernacular.sources import open_source, place_of
from vernacular.sources.files import FolderFiles
from vernacular.tasks.labeled_items import load_items

SOURCE = {"licence": "CC0-1.0", "consent": "contributor", "register": "other"}
INBOX = {"name": "inbox", "kind": "inbox", **SOURCE}
TEXT = {"name": "text", "kind": "files", "files": "text/*/*.txt", **SOURCE}
HUB = {"name": "hub", "kind": "hub", "dataset": "./data", **SOURCE}
WIKI = {"name": "wiki", "kind": "wikipedia", "wiki": "lg", "dump": "dumps/wiki.xml", **SOURCE}
DATA = {"kind": "files", "train": "train.jsonl", "folder": "tasks/names"}


def source(language: Language, name: str, root: Path) -> Any:
    settings = next(one for one in language.sources if one.name == name)
    return open_source(settings, place_of(language, settings, root))


def references(language: Language, root: Path) -> Any:
    side = FilesSide.model_validate({**TEXT, "key": {"kind": "vref", "file": "text/vref.txt"}})
    opened = open_source(side, place_of(language, side, root))
    assert isinstance(opened, FolderFiles)
    return references_of(opened, side)


@dataclass(frozen=True)
class Place:
    """A path in the folder, how the program reads what is there, and what language.yaml says besides."""

    path: str
    read: Callable[[Language, Path], object]
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.path


def task(name: str) -> dict[str, Any]:
    return {"tasks": {"names": {"kind": "sequence_classification", "data": {**DATA, "folder": name}}}}


PLACES = [
    Place("language.yaml", lambda language, root: load_language(language.folder)),
    Place("statement.md", lambda language, root: read_statement(language.folder)),
    Place("takedowns.jsonl", lambda language, root: Suppressions.of(language.folder)),
    Place("accepted.jsonl", lambda language, root: accepted_ids(language.folder)),
    Place("waivers.jsonl", lambda language, root: read_waivers(language.folder)),
    Place("behaviour/marks.jsonl", lambda language, root: marks_of(language)),
    Place("behaviour/a.yaml", lambda language, root: load_suite(language)),
    Place("behaviour/fairness.yaml", lambda language, root: load_plan(language)),
    Place("behaviour", lambda language, root: load_suite(language)),
    Place("inbox", lambda language, root: source(language, "inbox", root).located(), {"sources": [INBOX, TEXT]}),
    Place("drop/here", lambda language, root: source(language, "inbox", root).located(),
          {"sources": [{**INBOX, "folder": "drop/here"}, TEXT]}),
    Place("text/more/b.txt", lambda language, root: source(language, "text", root).located()),
    Place("text/vref.txt", references),
    Place("data/a.jsonl", lambda language, root: source(language, "hub", root).refresh(silent), {"sources": [HUB]}),
    Place("data", lambda language, root: source(language, "hub", root).refresh(silent), {"sources": [HUB]}),
    Place("dumps/wiki.xml", lambda language, root: source(language, "wiki", root).refresh(silent), {"sources": [WIKI]}),
    Place("dumps", lambda language, root: source(language, "wiki", root).refresh(silent), {"sources": [WIKI]}),
    Place("seed.txt", lambda language, root: seed_lines(language, language.cleaning.orthography, root)),
    Place("seed/a.txt", lambda language, root: seed_lines(language, language.cleaning.orthography, root),
          {"identification": {"seed": "seed/a.txt"}}),
    Place("tasks/more.jsonl", held_items),
    Place("tasks", held_items),
    Place("tasks/names/train.jsonl", lambda language, root: load_items(language, "names", root), task("tasks/names")),
    Place("tasks/names", lambda language, root: load_items(language, "names", root), task("tasks/names")),
    Place("labels", lambda language, root: load_items(language, "names", root), task("labels")),
    Place("base", lambda language, root: locate(language.models["tiny"].base, language)),
    Place("base/config.json", lambda language, root: locate(language.models["tiny"].base, language)),
]


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Language]:
    """Writes a language and loads it."""
    def make(**more: Any) -> Language:
        return load_language(write_language(tmp_path / "languages", documents=3, **more))
    return make


def problems_of(home: Path) -> list[Problem]:
    """What a check of all languages finds."""
    found = [checked.faults.together() for checked in check_all(
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
    with within(5):
        with pytest.raises(Problem) as caught:
            place.read(language, tmp_path / "artifacts")
        assert caught.value.where.endswith(place.path)
        broken = problems_of(tmp_path)
        digest_of_folder(folder)
    assert [problem.where for problem in broken] == [f"languages/qaa/{place.path}"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_inbox_sets_it_aside_and_goes_on(made: Callable[..., Language], tmp_path: Path, kind: str) -> None:
    language = made(sources=[INBOX])
    (language.folder / "inbox").mkdir()
    put(kind, language.folder / "inbox" / "a.txt", tmp_path / "outside")
    put(kind, language.folder / "inbox" / "sub" / "b.txt", tmp_path / "elsewhere")
    opened = source(language, "inbox", tmp_path / "artifacts")
    with within(5):
        assert list(opened.documents(silent)) == []
    assert [problem.where for problem in opened.problems] == ["qaa/inbox/a.txt", "qaa/inbox/sub/b.txt"]


MARK = Mark("text", "genre", "base", "market", True, None, "me", "2026-01-01T00:00:00Z")
RED = Gate(name="owner", passed=False, reason="nobody", blocking=False)
APPENDS: dict[str, Callable[[Path], object]] = {
    "takedowns.jsonl": lambda folder: append_row(Folder.of(folder).file("takedowns.jsonl"), {"ids": ["a"]}),
    "accepted.jsonl": lambda folder: append_row(Folder.of(folder).file("accepted.jsonl"), {"ids": ["a"]}),
    "waivers.jsonl": lambda folder: waive(folder, "tiny", [RED], "owner", "Amo", "because it is so"),
    "behaviour/marks.jsonl": lambda folder: keep(folder, MARK)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", APPENDS)
def test_what_is_appended_stays_in_the_folder(made: Callable[..., Language], tmp_path: Path, path: str,
                                              kind: str) -> None:
    folder = made().folder
    put(kind, folder / path, tmp_path / "outside")
    before = contents(tmp_path / "outside")
    with within(5), pytest.raises(Problem) as caught:
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
    with within(5):
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
