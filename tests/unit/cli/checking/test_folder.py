"""A check finds all errors of all files of a folder at once, the same that a run finds, and lists what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tests.generate import TINY_MODEL, write_language
from vernacular.cli.checking import texts
from vernacular.cli.checking.folder import Checked, check_all
from vernacular.cli.checking.printed import errors_of
from vernacular.cli.main import app
from vernacular.config.load import load_language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, Problems
from vernacular.core.project import Project
from vernacular.datasets.raw_pairs import read_raw_pairs
from vernacular.pipeline.stage import silent
from vernacular.tasks.labeled_items import load_items

SIDE = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "news"}
TRANSLATIONS = {"alignment": {"translations": [
    {side: {**SIDE, "name": f"news_{side}", "files": f"news.{side}.txt"} for side in ("source", "translation")}]}}
TOPIC = {"kind": "sequence_classification", "data": {"kind": "files", "folder": "topic", "train": "train.tsv"}}
NAMES = {"kind": "token_classification", "data": {"kind": "files", "folder": "names", "train": "train.txt"}}
TEXT = {"name": "text", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}


def folder_with(tmp_path: Path, files: dict[str, str | bytes], **more: Any) -> Path:
    """A language with two tasks, translations, and ``files``."""
    folder = write_language(tmp_path / "languages", documents=3, **{
        "tasks": {"topic": TOPIC, "names": NAMES}, "models": {"tiny": {**TINY_MODEL, **TRANSLATIONS}}, **more})
    sound: dict[str, str | bytes] = {
        "topic/train.tsv": "text\tlabel\n" + "".join(f"mawu {n}\t{'ab'[n % 2]}\n" for n in range(60)),
        "names/train.txt": "".join(f"Mwana{n} B-PER\nali O\n\n" for n in range(60)),
        "news.source.txt": "".join(f"mawu a nambala {n}\n" for n in range(60)),
        "news.translation.txt": "".join(f"words of number {n}\n" for n in range(60))}
    for name, content in (sound | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def check(tmp_path: Path) -> Checked:
    checked, = check_all(Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts"), "qaa")
    return checked


def places(problem: Problem | None) -> set[str]:
    assert problem is not None
    return {each.where for each in (problem.problems if isinstance(problem, Problems) else [problem])}


BROKEN: dict[str, str | bytes] = {
    "topic/train.tsv": "text\tlabel\none\ntwo\ta\nthree\tb\tc\n\ta\n" + "".join(
        f"mawu {n}\t{'ab'[n % 2]}\n" for n in range(60)),
    "names/train.txt": "Mwana PER\nali\n\n" + "".join(f"Mwana{n} B-PER\nali O\n\n" for n in range(60)),
    "news.translation.txt": "".join(f"words of number {n}\n" for n in range(59)),
    "behaviour/a.yaml": "tests:\n  - {name: a, type: invariance}\n",
    "behaviour/b.yaml": "lexicon: {}\n",
    "behaviour/marks.jsonl": "x\n{}\n",
    "accepted.jsonl": "x\n",
    "seed.txt": b"caf\xe9 mu\n"}
FOUND = {"qaa/topic/train.tsv:2", "qaa/topic/train.tsv:4", "qaa/topic/train.tsv:5", "qaa/names/train.txt:2",
         "languages/qaa/news.source.txt", "languages/qaa/behaviour/a.yaml:2", "languages/qaa/behaviour/b.yaml:1",
         "languages/qaa/behaviour/marks.jsonl:1", "languages/qaa/behaviour/marks.jsonl:2",
         "languages/qaa/accepted.jsonl:1", "qaa/seed.txt"}


def test_everything_that_is_wrong_is_found_at_once(tmp_path: Path) -> None:
    folder_with(tmp_path, BROKEN)
    checked = check(tmp_path)
    assert places(checked.faults.combined()) == FOUND
    assert errors_of(checked)[-1].startswith("qaa: 12 errors in 8 files")


def test_a_run_finds_the_same(tmp_path: Path) -> None:
    language = load_language(folder_with(tmp_path, BROKEN))
    for name, wanted in (("topic", "qaa/topic/"), ("names", "qaa/names/")):
        with pytest.raises(Problem) as caught:
            load_items(language, name, tmp_path)
        assert places(caught.value) == {place for place in FOUND if place.startswith(wanted)}
    asked = language.models["tiny"].alignment
    assert asked is not None
    with pytest.raises(Problem) as caught:
        read_raw_pairs(language, tmp_path, asked, silent)
    assert places(caught.value) == {"languages/qaa/news.source.txt"}


def test_files_are_checked_though_settings_are_wrong(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, BROKEN)
    settings = yaml.safe_load((folder / "language.yaml").read_text())
    settings["ownr"] = "me"
    settings["neighbours"] = ["xxq", "zul"]
    settings["tasks"]["names"]["kind"] = "tokens"
    settings["models"]["tiny"]["pretraining"] = {"steps": "many"}
    (folder / "language.yaml").write_text(yaml.safe_dump(settings))
    found = places(check(tmp_path).faults.combined())
    lines = (folder / "language.yaml").read_text().split("\n")
    wrong = {lines[int(place.rpartition(":")[2]) - 1].strip() for place in found if "language.yaml" in place}
    assert wrong == {"ownr: me", "- xxq", "kind: tokens", "steps: many"}
    left_out = {"qaa/names/train.txt:2", "languages/qaa/news.source.txt"}  # of the entries that are wrong
    assert {place for place in found if "language.yaml" not in place} == FOUND - left_out


def test_a_key_that_is_misspelled_is_not_missing_as_well(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, {})
    settings = yaml.safe_load((folder / "language.yaml").read_text())
    settings["sources"][0]["registr"] = settings["sources"][0].pop("register")
    (folder / "language.yaml").write_text(yaml.safe_dump(settings))
    problem = check(tmp_path).faults.combined()
    assert not isinstance(problem, Problems)


def test_no_more_than_ten_of_a_file_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    folder_with(tmp_path, {"topic/train.tsv": "text\tlabel\n" + "one\n" * 200 + "mawu\ta\n" * 60})
    lines = errors_of(check(tmp_path))
    assert sum(line.startswith("  line ") for line in lines) == 10
    assert lines[-2].split()[:2] == ["and", "190"] and lines[-1].startswith("qaa: 200 errors in 1 file")


def test_every_file_of_a_source_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    sources = [{**TEXT, "kind": "files", "files": "text/*"}]
    folder_with(tmp_path, {"text/a.csv": "mawu\nx\n", "text/b.txt": b"caf\xe9 mu\n", "text/c.xlsx": "x"},
                sources=sources)
    wanted = {"languages/qaa/text/a.csv:1", "languages/qaa/text/b.txt", "languages/qaa/text/c.xlsx"}
    assert places(check(tmp_path).faults.combined()) == wanted


def test_what_was_found_is_counted(tmp_path: Path) -> None:
    inbox = {**TEXT, "name": "inbox", "kind": "inbox"}
    folder_with(tmp_path, {"inbox/a.txt": "Moni nonse, muli bwanji?\n", "inbox/b.xlsx": "x"}, sources=[inbox])
    checked = check(tmp_path)
    assert not checked.faults
    assert [(source.name, source.words, source.files) for source in checked.texts.sources] == [("inbox", 4, 2)]
    assert checked.texts.pairs == {"tiny": 60}
    assert {name: len(items.train) + len(items.dev) + len(items.test) for name, items in checked.items.items()} == {
        "topic": 60, "names": 60}
    assert [(remark.code, remark.file) for remark in checked.remarks] == [("set_aside", "qaa/inbox/b.xlsx")]


def test_a_file_without_empty_lines_is_remarked(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages")
    file = folder / "text" / "river" / "text.txt"
    file.write_text("\n".join(line for line in file.read_text(encoding="utf-8").splitlines() if line), encoding="utf-8")
    checked, = check_all(Project(tmp_path, tmp_path / "languages", tmp_path / "artifacts"), "qaa")
    remark, = (remark for remark in checked.remarks if remark.code == "lines_as_documents")
    assert remark.file.endswith("river/text.txt") and remark.number == 200


def test_a_check_ends_and_says_what_it_did_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST_BYTES", 300)
    sources = [{**TEXT, "kind": "files", "files": "text/*"}]
    folder_with(tmp_path, {"text/a.txt": "Moni nonse " * 20, "text/b.txt": b"caf\xe9 " * 40}, sources=sources)
    checked = check(tmp_path)
    assert not checked.faults and checked.texts.pairs == {} and checked.texts.sources[0].words == 40
    assert [remark.code for remark in checked.remarks] == ["not_read", "not_read"]


def test_the_command_ends_with_2_and_prints_errors_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(tmp_path / "languages"))
    monkeypatch.setenv("VERNACULAR_ROOT", str(tmp_path / "artifacts"))
    folder = folder_with(tmp_path, BROKEN)
    result = CliRunner().invoke(app, ["check", "qaa"])
    assert result.exit_code == 2 and result.stdout == ""
    files = [line for line in result.stderr.splitlines()[:-1] if not line.startswith(" ")]
    assert set(files) == {Problem("", where=place, fix="").file for place in FOUND}
    for name in BROKEN:
        (folder / name).unlink()
    folder_with(tmp_path, {})
    result = CliRunner().invoke(app, ["check", "qaa"])
    assert result.exit_code == 0 and result.stderr == "" and result.stdout.splitlines()[-1].startswith("next: ")


def test_a_base_without_the_classifiers_of_the_tasks_is_an_error(tmp_path: Path) -> None:
    """It would be refused after hours of training."""
    folder_with(tmp_path, {"base/config.json": '{"model_type": "granite"}'},
                models={"tiny": {**TINY_MODEL, "objective": "causal"}})
    problem = check(tmp_path).faults.combined()
    assert problem is not None
    assert [one.code for one in problem.problems] == [Code.MODEL_KIND] * 2
    assert {name for one in problem.problems for name in ("topic", "names") if name in one.what} == {"topic", "names"}
