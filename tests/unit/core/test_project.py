"""Which folder is the project: the nearest with languages/, the checkout, or none, which is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from vernacular.core import project
from vernacular.core.errors import Problem
from vernacular.core.project import find_project


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VERNACULAR_LANGUAGES", "VERNACULAR_ROOT"):
        monkeypatch.delenv(name, raising=False)


def test_any_folder_below_it_is_in_the_project(tmp_path: Path) -> None:
    below = tmp_path / "mine" / "languages" / "bem" / "inbox"
    below.mkdir(parents=True)
    found = find_project(below)
    assert (found.home, found.languages) == (tmp_path / "mine", tmp_path / "mine" / "languages")


def test_an_installed_package_outside_of_any_project_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_project(tmp_path).home == project.CHECKOUT
    monkeypatch.setattr(project, "CHECKOUT", tmp_path / "site-packages")
    with pytest.raises(Problem, match="VN-PROJECT-MISSING"):
        find_project(tmp_path)
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(tmp_path / "elsewhere"))
    assert find_project(tmp_path).languages == tmp_path / "elsewhere"
