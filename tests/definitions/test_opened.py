"""Whatever is done with a language folder, no file below it is opened by its path.

``vernacular.core.files`` opens names relative to a descriptor of their folder. Python reports to an audit hook every
file that
it opens or lists; a path below the folder shows that something went around it. Libraries that open files by themselves
are not asked: the files of a labelled dataset and of a base model are looked through before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.definitions.places import APPENDS, PLACES
from tests.generate import write_language
from vernacular.catalog import stages_of
from vernacular.cleaning import approvals as acceptance
from vernacular.cli.checking.folder import check_all
from vernacular.cli.planning import steps_of
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.config.yaml_edit import set_mapping
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.core.project import Project
from vernacular.core.store import Store
from vernacular.corpus.takedown import Target, make_plan
from vernacular.sources import source_versions

EVENTS = {"open", "os.scandir", "os.listdir", "os.rename", "os.remove", "os.mkdir", "os.truncate", "os.link",
          "os.symlink", "shutil.copyfile", "shutil.copytree", "shutil.move", "glob.glob", "pathlib.Path.glob"}
_watched: list[Path] = []
_opened: list[str] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched or event not in EVENTS:
        return
    for argument in arguments[:2]:
        if isinstance(argument, str | bytes | os.PathLike):
            path = Path(os.fsdecode(argument))
            if path.is_absolute() and path != _watched[0] and path.is_relative_to(_watched[0]):
                _opened.append(f"{event} {path.relative_to(_watched[0])}")


sys.addaudithook(_hook)  # it cannot be taken away again, but watches nothing outside of `opened`


@contextmanager
def opened(folder: Path) -> Iterator[list[str]]:
    """What was opened below ``folder`` by its path, in the block."""
    _opened.clear()
    _watched.append(folder)
    try:
        yield _opened
    finally:
        _watched.clear()


def test_the_hook_sees_what_is_opened_by_its_path(language_folder: Path) -> None:
    with opened(language_folder) as seen:
        (language_folder / "language.yaml").read_bytes()
        list((language_folder / "text").iterdir())
        (language_folder / "text").rename(language_folder / "texts")
        File(language_folder, "language.yaml", "").read()
    assert seen == ["open language.yaml", "os.listdir text", "os.rename text", "os.rename texts"]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_what_is_read_goes_through_it(tmp_path: Path, place: Any) -> None:
    language = load_language(write_language(tmp_path / "languages", documents=3, **place.more))
    path = language.folder / place.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() and path.suffix:
        path.write_text('{"text": "one two three four"}\n')
    with opened(language.folder) as seen, suppress(Problem):  # the content does not matter here
        place.read(language, tmp_path / "artifacts")
    assert seen == []


def uses(language: Language, root: Path) -> dict[str, Callable[[], object]]:
    folder, store = language.folder, Store(root)
    return {
        "load": lambda: load_language(folder),
        "check": lambda: check_all(Project(folder.parent.parent, folder.parent, root), language.code),
        "versions": lambda: source_versions(language, root),
        "plan": lambda: steps_of(stages_of(language), language, store),
        "accepted": lambda: acceptance.versions(language),
        "takedown": lambda: make_plan(language, store, Target(url="https://example.org/a")),
        "edit": lambda: set_mapping(File(folder, "behaviour/a.yaml", "a"), ["tests", 0], "author", "me", "name"),
        **{path: (lambda append=append: append(folder)) for path, append in APPENDS.items()}}


@pytest.mark.parametrize("use", ["load", "check", "versions", "plan", "accepted",
                                 "takedown", "edit", *APPENDS])
def test_whatever_is_done_goes_through_it(language: Language, tmp_path: Path, use: str) -> None:
    (language.folder / "behaviour").mkdir()
    (language.folder / "behaviour" / "a.yaml").write_text("tests:\n  - name: x\n    author: you\n")
    with opened(language.folder) as seen, suppress(Problem):
        uses(language, tmp_path / "artifacts")[use]()
    assert seen == []
