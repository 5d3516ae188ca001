"""A new folder: filled, valid, and able to run as soon as text is in its inbox."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.generate import make_documents
from vernacular.behavior_tests.load import load_suite
from vernacular.config.load import load_language
from vernacular.config.new import doubts, new_language
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage

LANGUAGES = Path(__file__).parents[3] / "languages"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(LANGUAGES / "_template", tmp_path / "languages" / "_template")
    shutil.copy(LANGUAGES / "defaults.yaml", tmp_path / "languages")
    return tmp_path / "languages"


@pytest.mark.parametrize(("code", "name", "script", "tasks"), [
    ("bem", "Bemba", "Latn", ["names"]), ("amh", "Amharic", "Ethi", []), ("qaa", "qaa", "Latn", ["names"]),
    ("x-foo", "x-foo", "Latn", ["names"]), ("kat", "Georgian", "Geor", []), ("ady", "Adyghe", "Cyrl", ["names"]),
    ("zh-Hant", "Chinese (Traditional)", "Hant", []), ("qaa-x-mine", "qaa-x-mine", "Latn", ["names"]),
    ("nya-Arab", "Nyanja (Arabic)", "Arab", []), ("i-klingon", "Klingon", "Latn", ["names"]),
    ("bzr", "Biri", "Latn", ["names"]), ("zzz", "zzz", "Latn", ["names"])])
def test_a_new_folder_loads(root: Path, code: str, name: str, script: str, tasks: list[str]) -> None:
    folder = new_language(root, code)
    language = load_language(folder)
    assert (language.name, language.script, list(language.tasks)) == (name, script, tasks)
    assert (folder / "language.yaml").read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../")
    tests = load_suite(language).tests
    assert {test.task for test in tests if test.task} == set(tasks)
    assert {"word_order", "word_in_its_place"} <= {test.name for test in tests}
    assert "$" not in (folder / "statement.md").read_text(encoding="utf-8")


def test_a_project_that_begins_gets_what_lies_beside_its_folders(tmp_path: Path) -> None:
    root = tmp_path / "languages"
    root.mkdir()
    assert load_language(new_language(root, "bem")).behaviour.cases == 60  # of the defaults
    assert sorted(path.name for path in root.iterdir()) == [
        "behaviour.schema.json", "bem", "defaults.yaml", "language.schema.json"]


def test_defaults_do_not_come_to_languages_that_had_none(tmp_path: Path) -> None:
    root = tmp_path / "languages"
    root.mkdir()
    new_language(root, "bem")
    (root / "defaults.yaml").unlink()
    assert load_language(new_language(root, "lug")).behaviour.cases == 200


@pytest.mark.parametrize(("code", "wiki", "config"), [
    ("bem", "bem", "bem_Latn"), ("nya-Arab", "ny", "nya_Arab"), ("qaa", "", ""), ("qaa-x-mine", "", ""),
    ("x-foo", "", ""), ("zzz", "", "")])
def test_no_public_source_is_proposed_for_a_tag_that_only_its_owner_knows(root: Path, code: str, wiki: str,
                                                                         config: str) -> None:
    text = (new_language(root, code) / "language.yaml").read_text(encoding="utf-8")
    assert re.findall(r"#    (?:wiki|config): (\S+)", text) == [part for part in (wiki, config) if part]
    assert "wikipedia.org" in text if wiki else "wikipedia" not in text
    assert "#  - name: news" in text


def test_neighbours_are_those_nearby(root: Path) -> None:
    language = load_language(new_language(root, "bem"))
    assert "nya" in language.neighbours and "eng" not in language.neighbours and "bem" not in language.neighbours


@pytest.mark.parametrize(("code", "messages"), [
    ("bem", []), ("bzr", ["the script is unknown", "neighboring languages are unknown"]),
    ("zzz", ["'zzz' is not a registered", "the script is unknown", "neighboring languages are unknown"])])
def test_what_nobody_could_look_up_is_reported(root: Path, code: str, messages: list[str]) -> None:
    found = doubts(code)
    assert len(found) == len(messages)
    assert all(note.startswith(start) for note, start in zip(found, messages, strict=True))
    neighbours = load_language(new_language(root, code)).neighbours
    assert bool(neighbours) == (code == "bem")  # an unknown language is not one of the United States


def test_text_in_the_inbox_is_enough_to_run(root: Path, tmp_path: Path) -> None:
    folder = new_language(root, "qaa")
    language, store = load_language(folder), Store(tmp_path / "artifacts")
    with pytest.raises(Problem, match="VN-SOURCE-EMPTY"):
        run_stage(stages(language)[0], language, store)
    texts = [text for topic in make_documents(30).values() for text in topic]
    (folder / "inbox" / "text.txt").write_text("\n\n".join(texts), encoding="utf-8")
    for stage in stages(language):
        report = run_stage(stage, language, store).manifest.report
    assert report.counts["words_train"].value > 1000


def test_what_is_there_is_not_overwritten(root: Path) -> None:
    new_language(root, "bem")
    with pytest.raises(Problem, match="VN-CONFIG-FILE"):
        new_language(root, "bem")
    with pytest.raises(Problem, match=r"bem: .*VN-CONFIG-FILE"):
        new_language(root, "BEM")
    for code, phrase in (("kg_CD", r"\bkg-CD\b.*VN-CONFIG-CODE"), ("Chichewa", r"\bnya\b.*VN-CONFIG-CODE"),
                         ("../evil", "VN-CONFIG-CODE")):
        with pytest.raises(Problem, match=phrase):
            new_language(root, code)
    assert sorted(path.name for path in root.iterdir()) == [
        "_template", "behaviour.schema.json", "bem", "defaults.yaml", "language.schema.json"]
