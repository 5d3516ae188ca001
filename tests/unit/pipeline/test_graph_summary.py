"""Outlines: used again while nothing that decides them changes, made again when it does, never a broken one kept."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.generate import write_language
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.pipeline.graph_summary import Outline, Outlines, digest_of_folder, outline_of


def read(folder: Path) -> Outline:
    language = load_language(folder)
    return outline_of(language, stages_of(language))


def refuse() -> Outline:
    raise AssertionError("parsed again")


def test_an_outline_that_was_kept_is_the_one_that_was_made(language_folder: Path, tmp_path: Path) -> None:
    made = Outlines(tmp_path).get(language_folder, lambda: read(language_folder))
    assert Outlines(tmp_path).get(language_folder, refuse) == made
    assert {stage.name for stage in made.stages} >= {"corpus/documents", "release/tiny"}
    assert any(gate.blocking for stage in made.stages for gate in stage.gates)


@pytest.mark.parametrize("change", [
    lambda folder: append(folder / "language.yaml"), lambda folder: append(folder.parent / "defaults.yaml"),
    lambda folder: append(folder / "behaviour" / "more.yaml")], ids=["language", "defaults", "behaviour"])
def test_what_decides_it_makes_it_again(language_folder: Path, change: Callable[[Path], None]) -> None:
    (language_folder / "behaviour").mkdir()
    before = digest_of_folder(language_folder)
    append(language_folder / "text" / "more.txt")
    (language_folder / "inbox").mkdir()
    assert digest_of_folder(language_folder) == before  # text is read by stages, when they run
    change(language_folder)
    assert digest_of_folder(language_folder) != before


def test_the_chosen_model_decides_it(language_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of_folder(language_folder)
    monkeypatch.setenv("VERNACULAR_MODELS", "qaa:tiny")
    assert digest_of_folder(language_folder) != before


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"digest": 1}'])
def test_a_damaged_file_is_made_again(language_folder: Path, tmp_path: Path, damage: bytes) -> None:
    made = Outlines(tmp_path).get(language_folder, lambda: read(language_folder))
    file, = (tmp_path / ".outlines").iterdir()
    file.write_bytes(damage)
    assert Outlines(tmp_path).get(language_folder, lambda: read(language_folder)) == made
    assert Outlines(tmp_path).get(language_folder, refuse) == made


def test_what_cannot_be_loaded_is_not_kept(language_folder: Path, tmp_path: Path) -> None:
    def fail() -> Outline:
        raise Problem("broken", where="here", fix="mend it")

    with pytest.raises(Problem, match="broken"):
        Outlines(tmp_path).get(language_folder, fail)
    assert not list(tmp_path.rglob("*.json"))


def test_all_that_is_read_for_an_outline_is_in_its_digest(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=3)
    (folder / "behaviour").mkdir()
    (folder / "behaviour" / "few.yaml").write_text("tests: []\n", encoding="utf-8")
    (folder / "seed.txt").write_text("Mbandi ngolo.\n", encoding="utf-8")
    by_digest, by_reading = opened(tmp_path, lambda: digest_of_folder(folder)), opened(tmp_path, lambda: read(folder))
    assert by_reading and by_reading <= by_digest


def opened(below: Path, work: Callable[[], Any]) -> set[str]:
    """The files below a folder that ``work`` opens."""
    seen: set[str] = set()
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and str(arguments[0]).startswith(str(below)):
            seen.add(str(arguments[0]))

    sys.addaudithook(watch)  # stays for the life of the process; the flag ends its work
    try:
        work()
    finally:
        watching = False
    return seen


def append(path: Path) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n# more\n")
