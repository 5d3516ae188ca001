"""``vernacular check CODE`` lists what a folder lacks, and no more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.generate import TINY_MODEL, make_documents, write_language
from tests.tiny import ENGLISH, write_bert
from vernacular.behavior_tests.load import load_suite
from vernacular.cli.readiness import lacking_by_kind
from vernacular.config.load import load_language
from vernacular.config.new import new_language
from vernacular.core.codes import Code
from vernacular.core.jsonl import write_jsonl
from vernacular.langid.seed_check import LEAST, seed_similarity
from vernacular.tasks.labeled_items import load_items

LANGUAGES = Path(__file__).parents[3] / "languages"
LINES = [line for texts in make_documents(30).values() for text in texts for line in text.split("\n")]
REVIEWED = """\
tests:
  - name: spaces
    capability: robustness
    type: invariance
    task: names
    author: Amo
    reviewed: {by: Amo, on: 2026-01-31}
    change: [{operator: spaces}]
"""
PLAN = """\
author: Amo
tasks: [names]
comparisons: [{name: two, groups: {old: [Amo], new: [Kemi]}}]
"""


def lacks_of(folder: Path) -> list[str]:
    language = load_language(folder)
    root = folder.parent / "artifacts"
    items = {name: load_items(language, name, root) for name, task in language.tasks.items() if task.data is not None}
    return [line for lines in lacking_by_kind(language, load_suite(language), root, items).values() for line in lines]


def test_a_new_folder_lacks_text_and_people(tmp_path: Path) -> None:
    for name in ("_template", "defaults.yaml"):
        (shutil.copytree if name == "_template" else shutil.copy)(LANGUAGES / name, tmp_path / name)
    folder = new_language(tmp_path, "kat")  # Georgian has no capitals: no task of names
    assert [line.split(":")[0] for line in lacks_of(folder)] == [
        "no text", "no task",
        "no speaker has reviewed 2 of 2 behavioral tests. `vernacular review kat` writes a page for a review",
        "no seed.txt", "before publishing, set owner"]
    assert "no file in languages/kat/inbox" in lacks_of(folder)[0]
    (folder / "inbox" / "a.txt").write_text("გამარჯობა", encoding="utf-8")
    assert lacks_of(folder)[0].startswith("no task")


def test_settings_without_an_effect_and_missing_lists_are_named(tmp_path: Path) -> None:
    mined = {"name": "mined", "kind": "commoncrawl", "crawls": ["CC-MAIN-2025-43"], "domain_list": "domains.md",
             "contact": "you@example.org", "licence": "unverified", "consent": "unknown", "register": "web"}
    folder = write_language(tmp_path, documents=3, sources=[mined], cleaning={
        "mixed_lines": "cut", "reject_languages": ["eng", "kea"]})
    found = lacks_of(folder)
    assert len([line for line in found if "mixed_lines" in line]) == 2
    assert [line for line in found if "kea" in line and "mixed_lines" in line]
    assert [line for line in found if Code.SOURCE_MISSING in line and "domains.md" in line]
    (folder / "domains.md").write_text("example.org\n", encoding="utf-8")
    assert not [line for line in lacks_of(folder) if "domains.md" in line]


def test_a_filled_folder_lacks_nothing(tmp_path: Path) -> None:
    english = {"name": "english", "kind": "files", "files": "english.txt", "licence": "MIT", "consent": "contributor",
               "register": "other"}
    model = {**TINY_MODEL, "retention": [english]}
    folder = write_language(tmp_path / "languages", models={"tiny": model}, trusted=True,
                            neighbours=[])
    assert "no model at base" in lacks_of(folder)[0]
    write_bert(folder / "base")
    (folder / "behaviour").mkdir()
    (folder / "behaviour" / "a.yaml").write_text(REVIEWED, encoding="utf-8")
    unreviewed, blank = lacks_of(folder)
    assert unreviewed.startswith("no speaker has reviewed 1 of 1 behavioral tests")
    assert blank.startswith("reviews without a digest do not count: spaces (of: v")
    digest = blank.partition("(of: ")[2].partition(")")[0]
    whole = REVIEWED.replace("2026-01-31", f"2026-01-31, of: {digest}")
    (folder / "behaviour" / "a.yaml").write_text(whole, encoding="utf-8")
    assert lacks_of(folder) == []
    (folder / "behaviour" / "fairness.yaml").write_text(PLAN, encoding="utf-8")
    line, = lacks_of(folder)
    assert line.startswith("no speaker has reviewed the current behaviour/fairness.yaml")
    review = line.removesuffix("`").rpartition("`")[2].replace("NAME", "Amo").replace("YYYY-MM-DD", "2026-01-31")
    (folder / "behaviour" / "fairness.yaml").write_text(PLAN + review + "\n", encoding="utf-8")
    assert lacks_of(folder) == []
    (folder / "behaviour" / "marks.jsonl").write_text(
        '{"text": "kale", "task": "genre", "answer": "market", "right": true}\n', encoding="utf-8")
    assert lacks_of(folder) == []
    (folder / "behaviour" / "a.yaml").write_text(whole.replace("author: Amo", 'author: ""'), encoding="utf-8")
    assert lacks_of(folder)[-1].startswith("the behavioral tests spaces have no author")


def test_what_publishing_wants_is_reported_before_anything_runs(tmp_path: Path) -> None:
    base = {**TINY_MODEL["base"], "licence": "unverified"}
    folder = write_language(tmp_path / "languages", models={"tiny": {**TINY_MODEL, "base": base}}, trusted=True)
    assert lacks_of(folder)[-1] == (
        "before publishing, set licence: of every source, base and set of labels, retention: of every model")


def test_an_empty_word_list_is_named_with_who_waits_for_it(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", trusted=True)
    (folder / "behaviour").mkdir()
    (folder / "behaviour" / "a.yaml").write_text("lexicons:\n  animals: []\n  unused: []\n" + REVIEWED.replace(
        "type: invariance", "type: minimum").replace("change: [{operator: spaces}]", """templates: ["{animals} ali"]
    expect: {label: O}"""), encoding="utf-8")
    line, = [line for line in lacks_of(folder) if "word list" in line]
    assert line.startswith("the word list animals is empty, so spaces fail") and "vernacular suggest qaa spaces" in line


def test_a_seed_of_few_lines_is_no_seed(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=30)
    for lines, few in ((0, True), (5, True), (200, False)):
        (folder / "seed.txt").write_text("\n".join(LINES[:lines]), encoding="utf-8")
        assert any(line.startswith(f"seed.txt has {lines} usable lines") and "100 are needed" in line
                   for line in lacks_of(folder)) == few


def test_labels_that_are_never_scored_or_never_learned_are_named(tmp_path: Path) -> None:
    data = {"kind": "files", "folder": "topic", "train": "train.jsonl", "test": "test.jsonl", "licence": "CC0-1.0"}
    folder = write_language(tmp_path / "languages",
                            tasks={"topic": {"kind": "sequence_classification", "data": data}})
    (folder / "topic").mkdir()
    for part, labels in (("train", "abc"), ("test", "aad")):
        write_jsonl(folder / "topic" / f"{part}.jsonl",
                    ({"text": f"mawu {part} {number}", "label": labels[number % 3]} for number in range(60)))
    assert [line for line in lacks_of(folder) if line.startswith("no item")] == [
        "no item in test has the labels 'b', 'c' of the task topic: their scores cannot be measured",
        "no item in train has the labels 'd' of the task topic: no model can learn them"]


def test_parts_of_a_task_that_are_too_small_are_remarked(tmp_path: Path) -> None:
    data = {"kind": "files", "folder": "topic", "train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl",
            "licence": "CC0-1.0"}
    folder = write_language(tmp_path / "languages",
                            tasks={"topic": {"kind": "sequence_classification", "data": data}})
    (folder / "topic").mkdir()
    for part, size in (("train", 100), ("dev", 12), ("test", 60)):
        write_jsonl(folder / "topic" / f"{part}.jsonl",
                    ({"text": f"mawu {part} {number}", "label": "ab"[number % 2]} for number in range(size)))
    assert [line.rpartition("[")[2].rstrip("]") for line in lacks_of(folder) if "[VN-FEW" in line] == [
        "VN-FEW-DEV", "VN-FEW-TEST"]


def test_labels_that_are_most_likely_one_are_named(tmp_path: Path) -> None:
    labels = ["Sport", "sport ", "की", "का", "(", ")", "B-PER", "I-PER"]
    data = {"kind": "files", "folder": "topic", "train": "train.jsonl", "licence": "CC0-1.0"}
    folder = write_language(tmp_path / "languages",
                            tasks={"topic": {"kind": "sequence_classification", "data": data}})
    (folder / "topic").mkdir()
    write_jsonl(folder / "topic" / "train.jsonl", ({"text": f"mawu {number}", "label": labels[number % len(labels)]}
                                                   for number in range(80)))
    of_labels = [line for line in lacks_of(folder) if line.startswith("the labels")]
    assert of_labels == ["the labels 'Sport' and 'sport' of the task topic differ only in spelling. If they are the "
                         "same, spell them alike in the data"]


def test_a_text_with_two_labels_is_named(tmp_path: Path) -> None:
    data = {"kind": "files", "folder": "topic", "train": "train.jsonl", "licence": "CC0-1.0"}
    folder = write_language(tmp_path / "languages",
                            tasks={"topic": {"kind": "sequence_classification", "data": data}})
    (folder / "topic").mkdir()
    rows = [{"text": f"mawu {number}", "label": "ab"[number % 2]} for number in range(80)]
    write_jsonl(folder / "topic" / "train.jsonl", [*rows, {**rows[3], "label": "a"}])
    assert [line for line in lacks_of(folder) if line.startswith("texts")] == [
        "texts of the task topic with contradictory labels: 1, the first 'mawu 3' at "
        "qaa/topic/train.jsonl:4 (b) and qaa/topic/train.jsonl:81 (a). Keep the right one: no model can learn both"]


def test_what_is_read_elsewhere_is_named(tmp_path: Path) -> None:
    inbox = {"name": "inbox", "kind": "inbox", "folder": str(tmp_path / "private"), "licence": "CC0-1.0",
             "consent": "contributor", "register": "other"}
    folder = write_language(tmp_path / "languages", sources=[inbox])
    assert any(line.startswith(f"it reads outside of the folder: {tmp_path / 'private'}.") for line in lacks_of(folder))


def test_so_is_what_is_asked_that_no_rule_on_addresses_guards(tmp_path: Path) -> None:
    common = {"licence": "CC0-1.0", "consent": "contributor", "register": "other"}
    sources = [{"name": "wiki", "kind": "wikipedia", "wiki": "lg", "dump": "http://10.0.0.1/x", **common},
               {"name": "own", "kind": "wikipedia", "wiki": "lg", **common},
               {"name": "site", "kind": "crawl", "start": ["http://intranet/"], "contact": "a@b.c",
                "private_addresses": True, **common}]
    line, = [line for line in lacks_of(write_language(tmp_path / "languages", sources=sources)) if "addresses" in line]
    assert line.startswith("it requests addresses of its own choice: http://10.0.0.1/x, private ones (source site).")


def test_so_is_what_models_and_the_identifier_read_elsewhere(tmp_path: Path) -> None:
    def private(name: str) -> dict[str, str]:
        return {"name": name, "kind": "inbox", "folder": str(tmp_path / name), "licence": "CC0-1.0",
                "consent": "contributor", "register": "other"}

    folder = write_language(tmp_path / "languages", identification={"contrast": {"sna": [private("a")]}})
    settings = yaml.safe_load((folder / "language.yaml").read_text(encoding="utf-8"))
    settings["models"]["tiny"] |= {"retention": [private("b")], "enabled": False}
    settings["models"]["other"] = {"extends": "tiny", "enabled": True, "retention": []}
    (folder / "language.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    line, = [line for line in lacks_of(folder) if line.startswith("it reads outside of the folder")]
    assert str(tmp_path / "a") in line and str(tmp_path / "b") in line


def test_a_seed_in_another_language_is_noticed(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages")
    for seed, strange in ((LINES[::7], False), (ENGLISH, True), (ENGLISH[:3], False)):  # too little is no evidence
        (folder / "seed.txt").write_text("\n".join(seed), encoding="utf-8")
        assert any(line.startswith("seed.txt does not look like the text") for line in lacks_of(folder)) == strange


@pytest.mark.parametrize("name", ["nya", "lug", "fao"])
def test_real_seeds(name: str) -> None:
    data = Path(__file__).parents[4] / "shared" / "data"
    if not data.is_dir():
        pytest.skip("no real text here")
    text = (data / name / "mono.txt").read_text(encoding="utf-8").split("\n")[:1000]
    files = [*sorted((data / "sib200_dev").glob("*.txt"))[::5], data / "sib200_dev" / f"{name}_Latn.txt"]
    found = {path.stem.split("_")[0]: seed_similarity(path.read_text(encoding="utf-8").split("\n"), text)
             for path in files}
    assert found[name] is not None and found[name] > 0.6
    others = [value < LEAST for code, value in found.items() if code != name and value is not None]
    assert sum(others) > 0.9 * len(others) > 30
