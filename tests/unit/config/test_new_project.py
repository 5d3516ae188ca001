"""A project of one's own: what is written, what is never replaced unasked, and that a language runs in it at once."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vernacular.cli.main import app
from vernacular.config.load import load_language
from vernacular.config.new import new_language
from vernacular.config.new_project import plan_project, write_project
from vernacular.core.errors import Problem

CHECKOUT = Path(__file__).parents[3]
COMMAND = Path("/somewhere else/it's here/bin/vernacular")
FILES = {"languages/defaults.yaml", "languages/language.schema.json", "languages/behaviour.schema.json",
         "dagster.yaml", "workspace.yaml", "Makefile", "README.md", ".gitignore"}


def make(folder: Path, force: bool = False) -> set[str]:
    return set(write_project(plan_project(folder, COMMAND), force))


def test_a_project_is_made_and_a_language_loads_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mine"
    assert make(folder) == FILES
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == FILES
    assert load_language(new_language(folder / "languages", "bem")).behaviour.cases == 60  # of the defaults
    assert (folder / "README.md").read_text().startswith("# mine\n")
    assert not re.search(r"\$(name|command)", (folder / "README.md").read_text() + (folder / "Makefile").read_text())
    for name in FILES - {"Makefile", "README.md", ".gitignore"}:
        assert (folder / name).read_bytes() == (CHECKOUT / name).read_bytes()


def test_a_project_gets_what_it_lacks_and_what_was_edited_stays(tmp_path: Path) -> None:
    make(tmp_path)
    assert make(tmp_path) == set()
    (tmp_path / "Makefile").write_text("mine: \n")
    (tmp_path / "workspace.yaml").unlink()
    (tmp_path / "languages" / "language.schema.json").write_text("{}")  # of an earlier version
    (tmp_path / "own.txt").touch()
    assert make(tmp_path) == {"workspace.yaml", "languages/language.schema.json"}
    assert (tmp_path / "Makefile").read_text() == "mine: \n"
    assert make(tmp_path, force=True) == {"Makefile"}


def test_a_project_with_languages_gets_no_defaults_that_would_change_them(tmp_path: Path) -> None:
    (tmp_path / "languages").mkdir()
    new_language(tmp_path / "languages", "bem")
    (tmp_path / "languages" / "defaults.yaml").unlink()
    assert "languages/defaults.yaml" not in make(tmp_path)
    assert not (tmp_path / "languages" / "defaults.yaml").exists()


def test_what_would_be_replaced_is_named(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("mine: \n")
    with pytest.raises(Problem) as refused:
        make(tmp_path)
    assert "Makefile" in refused.value.what
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]
    assert make(tmp_path, force=True) == FILES


def test_a_folder_that_holds_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert plan_project(tmp_path, COMMAND).others == []
    for name in ("thesis.docx", "photos"):
        (tmp_path / name).mkdir()
    with pytest.raises(Problem, match=r"photos, thesis.*VN-CONFIG-FILE"):
        make(tmp_path)
    assert make(tmp_path, force=True) == FILES and (tmp_path / "photos").is_dir()
    with pytest.raises(Problem, match="VN-CONFIG-FILE"):
        plan_project(tmp_path / "Makefile", COMMAND)


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("not mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").symlink_to(tmp_path / "elsewhere")
    make(tmp_path / "mine", force=True)
    assert (tmp_path / "elsewhere").read_text() == "not mine" and not (tmp_path / "mine" / "README.md").is_symlink()


def test_git_sees_neither_results_nor_keys(tmp_path: Path) -> None:
    make(tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    kept_out = ("artifacts/bem/.mirror/x", "artifacts/bem/x", "history/x", "storage/x", "signing-key.pem", ".env")
    for name in (*kept_out, "languages/bem/language.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    seen = subprocess.run(["git", "ls-files", "-o", "--exclude-standard"], cwd=tmp_path, capture_output=True, text=True,
                          check=True).stdout.split()
    assert set(seen) == FILES | {"languages/bem/language.yaml"}


def test_make_calls_the_command_that_made_the_project_or_the_one_on_the_path(tmp_path: Path) -> None:
    command = tmp_path / "it's here" / "vernacular"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\necho "first $*"\n')
    command.chmod(0o755)
    write_project(plan_project(tmp_path / "mine", command))

    def answer_of(*words: str, path: str = "/usr/bin:/bin") -> str:
        return subprocess.run(["make", *words], cwd=tmp_path / "mine", env={"PATH": path}, capture_output=True,
                              text=True, check=False).stdout.strip()

    assert answer_of("ui") == "first ui --port 3000" and answer_of("run", "LANGUAGE=bem") == "first run bem"
    assert answer_of("reload", "PORT=3001") == "first reload --port 3001" and answer_of("check") == "first check"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "vernacular").write_text('#!/bin/sh\necho "second $*"\n')
    (tmp_path / "bin" / "vernacular").chmod(0o755)
    assert answer_of("ui", path=f"{tmp_path / 'bin'}:/usr/bin:/bin") == "second ui --port 3000"


def test_the_command_says_what_comes_next_and_refuses_with_code_2(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["init", str(tmp_path / "mine")])
    assert done.exit_code == 0 and f"cd {tmp_path / 'mine'}" in done.stdout
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "own.txt").touch()
    refused = CliRunner().invoke(app, ["init", str(tmp_path / "other")])
    assert refused.exit_code == 2 and refused.stderr.count("\n") == 1
