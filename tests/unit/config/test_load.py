"""The loader: what it merges, what it refuses, and that every refusal is one line with file, line and fix."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.generate import TINY_MODEL, write_language
from vernacular.config.load import find_language, load_all, load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem

ONE_LINE = re.compile(r"languages/qaa/language\.yaml:\d+: .+[.?] .+")


def edited(folder: Path, old: str, new: str) -> Path:
    path = folder / "language.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def refusal(folder: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        load_language(folder)
    assert "\n" not in str(caught.value) and caught.value.fix
    return caught.value


def test_defaults_lie_under_the_file_and_its_tasks(language_folder: Path) -> None:
    language = load_language(language_folder)
    assert language.code == "qaa" and language.cleaning.reject_languages == ["eng"]
    assert language.tasks["names"].train == 30
    assert language.splits.test == 0.2


def test_defaults_of_derived_items_do_not_limit_labeled_data(tmp_path: Path) -> None:
    task = {"kind": "sentence_pairs", "data": {"kind": "files", "train": "t.jsonl"}}
    folder = write_language(tmp_path / "languages", documents=2, tasks={"pairs": task})
    defaults = folder.parent / "defaults.yaml"
    defaults.write_text("task:\n  train: 30\n  description: of all\n", encoding="utf-8")
    found = load_language(folder).tasks["pairs"]
    assert found.train == 200 and found.description == "of all"
    edited(folder, "kind: sentence_pairs", "kind: sentence_pairs\n    train: 50")
    assert "for data write most: {train: 50}, or curve: [50]" in refusal(folder).what


@pytest.mark.parametrize(("old", "new", "expected"), [
    ("licence: CC0-1.0\n  consent", "licens: CC0-1.0\n  consent", "unknown key 'licens', did you mean 'licence'?"),
    ("licence: CC0-1.0\n  consent", "licence: CCBY4\n  consent", "'CCBY4' is not an SPDX id, did you mean CC-BY-4.0?"),
    ("licence: CC0-1.0\n  consent", "licence: CC BY-SA 4.0\n  consent", "did you mean CC-BY-SA-4.0?"),
    ("licence: CC0-1.0\n  consent", "licence: public domain\n  consent", "LicenseRef-NAME for terms without one"),
    ("licence: CC0-1.0\n  consent", "licence: Unverified\n  consent", "did you mean unverified?"),
    ("path: base\n      licence: CC0-1.0", "path: base\n      licence: llama3", "'llama3' is not an SPDX id"),
    ("rank: 2", "rankk: 2", "did you mean 'rank'?"),
    ("rank: 2", "rank: 0", "greater than or equal to 1"),
    ("seeds:\n      - 1", "seeds: [1, 2, 1]", "seeds: a seed is repeated"),
    ("steps: 12", "steps: 12\n      minutes: 5e-4", "exactly one of minutes and steps"),
    ("steps: 12", "steps: .inf", "not a finite number"),
    ("name: Invented\n", "", "the key 'name' is missing"),
    ("name: Invented", "name: !!python/object:os.system x", "tag"),
    ("name: Invented", "name: &a Invented\nautonym: *a", "anchors and aliases"),
    ("name: Invented", "name: 123", "name must be text, not 123. Put it in quotes"),
    ("name: Invented", "name: Invented\ncode: qab", "unknown key 'code'"),
    ("script: Latn", "script: Latn\nscript: Latn", "VN-CONFIG-KEY"),
    ("script: Latn", "script: [", "not valid YAML"),
    ("script: Latn", "1: Latn", "key must be text"),
    ("- sna", "- qq1x", "'qq1x' is not a valid language code"),
    ("kind: files", "kind: filez", "did you mean 'files'?"),
    ("  kind: files\n", "", "the key 'kind' is missing"),
    ("kind: capitalised", "kind: document_group\n      groups: {a: [x]}", "need kind: sequence_classification"),
    ("genre:", "Genre x:", "VN-CONFIG-VALUE"),
    ("text/*/*.txt", "../secret.txt", "leaves the language folder"),
    ("text/*/*.txt", "/etc/passwd", "leaves the language folder"),
    ("path: base", "path: ../base", "leaves the language folder"),
    ("sources:", "sources:\n- {name: a, kind: inbox, folder: ../../x, licence: MIT, consent: unknown, register: web}",
     "'../../x' leaves the language folder"),
    ("neighbours:", "identification: {seed: /etc/passwd}\nneighbours:", "'/etc/passwd' leaves the language folder"),
    ("steps: 12", "steps: 12\n      related: [{source: {name: a, kind: hub, dataset: ../../x, licence: MIT, consent: "
     "unknown, register: web}}]", "'../../x' leaves the language folder"),
    ("steps: 12", "steps: 12\n      related: [{source: {name: a, kind: wikipedia, wiki: lg, dump: ../x, licence: MIT, "
     "consent: unknown, register: web}}]", "'../x' leaves the language folder"),
    ("tasks:", "tasks:\n  a: {kind: sequence_classification, data: {kind: hub, dataset: ../x, licence: MIT}}",
     "'../x' leaves the language folder"),
    ("tasks:", "tasks:\n  a: {kind: sequence_classification, data: {kind: hub, dataset: text, licence: MIT}}",
     "'text' is not a hub id"),
    ("tasks:", "tasks:\n  a: {kind: sequence_classification, data: {kind: hub, dataset: a/../b, licence: MIT}}",
     "'a/../b' is not a hub id"),
    ("path: base\n      licence: CC0-1.0", "path: base\n      licence: CC0-1.0\n    retention:\n"
     "    - {name: a, kind: files, files: a.txt, licence: MIT, consent: unknown, register: web}\n"
     "    - {name: a, kind: files, files: b.txt, licence: MIT, consent: unknown, register: web}",
     "another text of retention is also called a"),
    ("path: base", "hub: some/model", "hub needs a revision"),
    ("path: base", "hub: some/model\n      revision: main", "the 40 letters of a commit"),
    ("steps: 12", "steps: 12\n      replay: 1", "less than 1"),
    ("models:", "models:\n  b: {extends: tinny}", "did you mean 'tiny'?"),
    ("models:", "models:\n  b: {extends: c}\n  c: {extends: b}", "in a circle"),
    ("models:", "models:\n" + "".join(f"  m{at}: {{extends: m{at + 1}}}\n" for at in range(2000)) + "  m2000: {}",
     "VN-CONFIG-RULE"),
    ("- text/text/market/*", "", "must be a list, not None"),
    ("- text/text/market/*", "  []", "VN-CONFIG-RULE"),
    ("owner: team:tests", "onwer:", "did you mean 'owner'?"),
    ("models:", "models:\n  b: {extends: [tiny]}", "extends must be text"),
    ("  kind: files", "\tkind: files", "a tab is used for indentation. Use spaces instead"),
    ("name: Invented", "name: In: vented", "Quote the whole text if it contains a colon"),
    ("name: Invented", "name: “Invented”", "typographic quotation marks"),
    ("- sna", "- ['sna, zul", "a quotation mark is never closed"),
    ("sources:", "sources:\n- {name: text, kind: files, files: a.txt, licence: MIT, consent: unknown, register: web}",
     "two sources are called text: this one and that at languages/qaa/language.yaml:8. Rename one of the two"),
    ("- sna", "- qaa", "'qaa' is this language itself"),
    ("kind: sequence_classification", "kind: sequence_classification\n    language: eng", "language needs data"),
    ("tasks:", "tasks:\n  a: {kind: sentence_pairs, language: qaa, data: {kind: files, folder: a, train: a.csv}}",
     "'qaa' is this language itself. Remove it"),
    ("tasks:", "tasks:\n  a: {kind: sentence_pairs, language: Englisch, data: {kind: files, folder: a, train: a.csv}}",
     "'Englisch' is not a valid language code"),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: eng}",
     "exactly one of through (translations) and data"),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: eng, through: "
     "translations}", "no model of this folder has any"),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: qaa, through: "
     "translations}", "'qaa' is this language itself"),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: eng, data: {kind: "
     "files, train: a.csv, most: {train: 9}}}", "remove most from its data, and set transfer: {train: NUMBER}"),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: eng, data: {kind: "
     "files, train: ../a.csv}}", "leaves the task's folder"),
    ("tasks:", "tasks:\n  a: {kind: sentence_retrieval, data: {kind: files, train: a.csv}, transfer: {train_language: "
     "eng, data: {kind: files, train: b.csv}}}", "transfer needs kind: token_classification"),
    ("script: Latn", "script: Abcd", "'Abcd' is not a script; write its ISO 15924 code"),
    ("script: Latn", "script: Latin", "did you mean Latn?"), ("script: Latn", "script: cyrl", "did you mean Cyrl?"),
    ("- name: text", "- name: My text", "sources.1.name is not a valid name, not 'My text'. Use lower-case letters"),
    ("steps: 12", "steps: 12\n      related: [{source: {name: A b, kind: files, files: a.txt, licence: MIT, consent: "
     "unknown, register: web}}]", "related.1.source.name is not a valid name, not 'A b'"),
    ("steps: 12", "steps: 12 or so", "steps must be a whole number, not '12 or so'. Write only the number"),
])
def test_what_is_refused_reports_where_and_how_to_fix_it(language_folder: Path, old: str, new: str,
                                                       expected: str) -> None:
    problem = refusal(edited(language_folder, old, new))
    assert expected in str(problem) and ONE_LINE.fullmatch(str(problem))


def test_the_line_is_that_of_the_key(language_folder: Path) -> None:
    lines = (language_folder / "language.yaml").read_text(encoding="utf-8").split("\n")
    number = next(index for index, line in enumerate(lines, 1) if "rank: 2" in line)
    assert refusal(edited(language_folder, "rank: 2", "rank: -2")).where == f"languages/qaa/language.yaml:{number}"


def test_a_mistake_in_the_defaults_is_placed_there(language_folder: Path) -> None:
    defaults = language_folder.parent / "defaults.yaml"
    defaults.write_text("cleaning:\n  script_share: 7\n", encoding="utf-8")
    assert refusal(language_folder).where == "languages/defaults.yaml:2"
    defaults.write_text("\nclean: {}\n", encoding="utf-8")
    problem = refusal(language_folder)
    assert problem.where == "languages/defaults.yaml:2" and "did you mean 'cleaning'" in problem.what


def test_not_utf8_names_the_byte_and_line(language_folder: Path) -> None:
    path = language_folder / "language.yaml"
    path.write_bytes(b"name: x\nautonym: Fran\xe7ais\n")
    problem = refusal(language_folder)
    assert "0xE7" in problem.what and problem.where.endswith(":2")


def test_numbers_and_words_follow_yaml_1_2(language_folder: Path) -> None:
    folder = edited(language_folder, "- sna", "- no\n- on")  # Norwegian; "on" is no language
    assert "'on'" in refusal(folder).what
    folder = edited(folder, "- on\n", "")
    folder = edited(folder, "steps: 12", "minutes: 5e-4")
    language = load_language(folder)
    assert language.neighbours[0] == "no"
    assert language.models["tiny"].pretraining.minutes == 5e-4


def test_extends_takes_all_but_enabled_and_one_budget_replaces_the_other(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=3, models={
        "tiny": {**TINY_MODEL, "enabled": False},
        "longer": {"extends": "tiny", "pretraining": {"minutes": 3}, "lora": {"rank": 8}},
        "other": {"extends": "longer", "base": {"hub": "some/model", "revision": "0" * 40, "licence": "mit"}}})
    language = load_language(folder)
    longer, other = language.models["longer"], language.models["other"]
    assert longer.enabled and longer.pretraining.steps is None and longer.pretraining.minutes == 3
    assert longer.lora.rank == 8 and longer.lora.alpha == 4 and longer.base.path == "base"
    assert other.base.path is None and other.lora.rank == 8
    assert list(language.models_to_run()) == ["longer", "other"]
    assert [language.cli_args(name) for name in ("longer", "other", "tiny")] == [
        "qaa", "qaa --model other", "qaa --model tiny"]  # the first enabled is meant where none is named


def test_another_base_does_not_inherit_the_licence(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=3, models={
        "tiny": TINY_MODEL, "other": {"extends": "tiny", "base": {"hub": "some/model", "revision": "0" * 40}}})
    assert "the key 'licence' is missing" in refusal(folder).what


@pytest.mark.parametrize("code", ["qaa", "x-foo", "zh-Hant", "nya", "qaa-x-dialect"])
def test_any_valid_tag_is_a_code(tmp_path: Path, code: str) -> None:
    assert load_language(write_language(tmp_path / "languages", code, documents=3)).code == code


@pytest.mark.parametrize("code", ["no_such", "i", "abcdefghij", "zh_Hant"])
def test_an_invalid_tag_is_refused(tmp_path: Path, code: str) -> None:
    assert "BCP 47" in refusal(write_language(tmp_path / "languages", code, documents=3)).what


def test_a_broken_folder_leaves_the_others_alone(tmp_path: Path) -> None:
    root = tmp_path / "languages"
    write_language(root, "qaa", documents=3)
    (write_language(root, "qab", documents=3) / "language.yaml").write_text("[" * 5000, encoding="utf-8")
    (root / "qac" / "language.yaml").mkdir(parents=True)
    write_language(root, "_template", documents=3)
    found = load_all(root)
    assert list(found) == ["qaa", "qab", "qac"]
    assert isinstance(found["qaa"], Language)
    assert isinstance(found["qab"], Problem) and isinstance(found["qac"], Problem)


@pytest.mark.parametrize("name", ["statement.md", "behaviour/a.yaml", "behaviour"])
def test_a_link_in_the_folder_is_refused_wherever_it_leads(language_folder: Path, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir() if name == "behaviour" else secret.write_text("password", encoding="utf-8")
    (language_folder / name).parent.mkdir(exist_ok=True)
    (language_folder / name).unlink(missing_ok=True)
    (language_folder / name).symlink_to(secret)
    assert refusal(language_folder).where == f"languages/qaa/{name}"
    (language_folder / name).unlink()
    inside = language_folder / "kept"
    inside.mkdir() if name == "behaviour" else inside.write_text("", encoding="utf-8")
    (language_folder / name).symlink_to(inside)
    assert refusal(language_folder).where == f"languages/qaa/{name}"


def test_a_folder_without_its_file_is_not_called_unknown(language_folder: Path) -> None:
    (language_folder / "language.yaml").unlink()
    with pytest.raises(Problem, match=r"languages/qaa: the folder has no language.yaml. Restore it"):
        find_language(language_folder.parent, "qaa")


def test_an_unknown_language_names_the_close_ones(tmp_path: Path) -> None:
    root = tmp_path / "languages"
    write_language(root, "bem", documents=3)
    for wrong in ("ben", "Bemba"):
        with pytest.raises(Problem, match=r"did you mean bem\? Existing: bem;"):
            find_language(root, wrong)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=20), data=st.data())
def test_any_unknown_key_anywhere_is_refused_in_one_line(language_folder: Path, key: str, data: st.DataObject) -> None:
    path = language_folder / "language.yaml"
    original = path.read_text(encoding="utf-8")
    content = yaml.safe_load(original)
    tiny = content["models"]["tiny"]
    place = data.draw(st.sampled_from([content, content["sources"][0], tiny, tiny["base"], tiny["lora"],
                                       content["splits"], content["tasks"]["names"]["labels"]]))
    known = {"url", "quality", "text_field", "cleaning", "behaviour", "description", "autonym", "enabled", "extends",
             "retention", "seed", "package", "hub", "revision", "languages", "dropout", "learning_rate", "batch_size",
             "overlap_words", *place}
    if key in known:
        return
    place[key] = 1
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    try:
        problem = refusal(language_folder)
        assert problem.where.startswith("languages/qaa/language.yaml:")
    finally:
        path.write_text(original, encoding="utf-8")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_give_a_language_or_a_problem(language_folder: Path, content: bytes) -> None:
    (language_folder / "language.yaml").write_bytes(content)
    assert isinstance(load_all(language_folder.parent)["qaa"], Problem)


@pytest.mark.parametrize("pattern", [
    "((a{1,1000}){1,1000}){1,1000}b", r"\p{L}{900}", "a" * 501, "(", r"(?<!\d)\d{8}", r"(a)\1", "(?>a)b", "a++b"])
def test_an_expression_that_is_not_linear_is_refused(language_folder: Path, pattern: str) -> None:
    path = language_folder / "language.yaml"
    text = path.read_text(encoding="utf-8")
    for section in (f"cleaning:\n  private_patterns: {{id: '{pattern}'}}\n",
                    "sources:\n- {name: web, kind: crawl, start: ['https://example.org/'], contact: a@example.org, "
                    f"licence: CC0-1.0, consent: unknown, register: news, exclude: ['{pattern}']}}\n"):
        key = section.partition(":")[0]
        settings_now = yaml.safe_load(text)
        settings_now.pop(key, None)
        path.write_text(yaml.safe_dump(settings_now) + section, encoding="utf-8")
        began = time.process_time()
        assert ONE_LINE.fullmatch(str(refusal(language_folder))), refusal(language_folder)
        assert time.process_time() - began < 1


@pytest.mark.parametrize("pattern", ["x*", r"\bx", r"[\W]x", "(a)(b)"])
def test_a_pattern_of_private_data_must_mask_something(language_folder: Path,
                                                                                     pattern: str) -> None:
    path = language_folder / "language.yaml"
    settings_now = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings_now["cleaning"] = {"private_patterns": {"id": pattern}}
    path.write_text(yaml.safe_dump(settings_now), encoding="utf-8")
    assert ONE_LINE.fullmatch(str(refusal(language_folder)))
