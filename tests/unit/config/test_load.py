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
from vernacular.core.codes import Code
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
    assert "most: {train: 50}" in refusal(folder).what and "curve: [50]" in refusal(folder).what


@pytest.mark.parametrize(("old", "new", "code", "value"), [
    ("licence: CC0-1.0\n  consent", "licens: CC0-1.0\n  consent", "VN-CONFIG-KEY", "licence"),
    ("licence: CC0-1.0\n  consent", "licence: CCBY4\n  consent", "VN-CONFIG-VALUE", "CC-BY-4.0"),
    ("licence: CC0-1.0\n  consent", "licence: CC BY-SA 4.0\n  consent", "VN-CONFIG-VALUE", "CC-BY-SA-4.0"),
    ("licence: CC0-1.0\n  consent", "licence: public domain\n  consent", "VN-CONFIG-VALUE", "LicenseRef-NAME"),
    ("licence: CC0-1.0\n  consent", "licence: Unverified\n  consent", "VN-CONFIG-VALUE", "unverified"),
    ("path: base\n      licence: CC0-1.0", "path: base\n      licence: llama3", "VN-CONFIG-VALUE", "'llama3'"),
    ("rank: 2", "rankk: 2", "VN-CONFIG-KEY", "'rank'"),
    ("rank: 2", "rank: 0", "VN-CONFIG-VALUE", ""),
    ("seeds:\n      - 1", "seeds: [1, 2, 1]", "VN-CONFIG-VALUE", ""),
    ("steps: 12", "steps: 12\n      minutes: 5e-4", "VN-CONFIG-VALUE", "minutes"),
    ("steps: 12", "steps: .inf", "VN-CONFIG-YAML", ""),
    ("name: Invented\n", "", "VN-CONFIG-KEY", "'name'"),
    ("name: Invented", "name: !!python/object:os.system x", "VN-CONFIG-YAML", ""),
    ("name: Invented", "name: &a Invented\nautonym: *a", "VN-CONFIG-YAML", ""),
    ("name: Invented", "name: 123", "VN-CONFIG-VALUE", "name"),
    ("name: Invented", "name: Invented\ncode: qab", "VN-CONFIG-KEY", "'code'"),
    ("script: Latn", "script: Latn\nscript: Latn", "VN-CONFIG-KEY", ""),
    ("script: Latn", "script: [", "VN-CONFIG-YAML", ""),
    ("script: Latn", "1: Latn", "VN-CONFIG-KEY", ""),
    ("- sna", "- qq1x", "VN-CONFIG-CODE", "'qq1x'"),
    ("- sna", "- und", "VN-CONFIG-CODE", "'und'"),
    ("neighbours:", "identification: {contrast: {xxx: [{name: a, kind: inbox, licence: MIT, consent: unknown, "
     "register: web}]}}\nneighbours:", "VN-CONFIG-CODE", "'xxx'"),
    ("kind: files", "kind: filez", "VN-CONFIG-VALUE", "files"),
    ("  kind: files\n", "", "VN-CONFIG-KEY", "'kind'"),
    ("kind: capitalised", "kind: document_group\n      groups: {a: [x]}", "VN-CONFIG-VALUE", "kind"),
    ("genre:", "Genre x:", "VN-CONFIG-VALUE", ""),
    ("text/*/*.txt", "../secret.txt", "VN-CONFIG-PATH", ""),
    ("text/*/*.txt", "/etc/passwd", "VN-CONFIG-PATH", ""),
    ("path: base", "path: ../base", "VN-CONFIG-PATH", ""),
    ("sources:", "sources:\n- {name: a, kind: inbox, folder: ../../x, licence: MIT, consent: unknown, register: web}",
     "VN-CONFIG-PATH", "'../../x'"),
    ("neighbours:", "identification: {seed: /etc/passwd}\nneighbours:", "VN-CONFIG-PATH", "'/etc/passwd'"),
    ("steps: 12", "steps: 12\n      related: [{source: {name: a, kind: hub, dataset: ../../x, licence: MIT, consent: "
     "unknown, register: web}}]", "VN-CONFIG-PATH", "'../../x'"),
    ("steps: 12", "steps: 12\n      related: [{source: {name: a, kind: wikipedia, wiki: lg, dump: ../x, licence: MIT, "
     "consent: unknown, register: web}}]", "VN-CONFIG-PATH", "'../x'"),
    ("tasks:", "tasks:\n  a: {kind: sequence_classification, data: {kind: hub, dataset: ../x, licence: MIT}}",
     "VN-CONFIG-PATH", "'../x'"),
    ("tasks:", "tasks:\n  a: {kind: sequence_classification, data: {kind: hub, dataset: text, licence: MIT}}",
     "VN-CONFIG-VALUE", "'text'"),
    ("tasks:", "tasks:\n  a: {kind: sequence_classification, data: {kind: hub, dataset: a/../b, licence: MIT}}",
     "VN-CONFIG-VALUE", "'a/../b'"),
    ("path: base\n      licence: CC0-1.0", "path: base\n      licence: CC0-1.0\n    retention:\n"
     "    - {name: a, kind: files, files: a.txt, licence: MIT, consent: unknown, register: web}\n"
     "    - {name: a, kind: files, files: b.txt, licence: MIT, consent: unknown, register: web}",
     "VN-CONFIG-RULE", ""),
    ("path: base", "hub: some/model", "VN-CONFIG-VALUE", ""),
    ("path: base", "hub: some/model\n      revision: main", "VN-CONFIG-VALUE", ""),
    ("steps: 12", "steps: 12\n      replay: 1", "VN-CONFIG-VALUE", ""),
    ("models:", "models:\n  b: {extends: tinny}", "VN-CONFIG-RULE", "tiny"),
    ("models:", "models:\n  b: {extends: c}\n  c: {extends: b}", "VN-CONFIG-RULE", ""),
    ("models:", "models:\n" + "".join(f"  m{at}: {{extends: m{at + 1}}}\n" for at in range(2000)) + "  m2000: {}",
     "VN-CONFIG-RULE", ""),
    ("- text/text/market/*", "", "VN-CONFIG-VALUE", ""),
    ("- text/text/market/*", "  []", "VN-CONFIG-RULE", ""),
    ("owner: team:tests", "onwer:", "VN-CONFIG-KEY", "owner"),
    ("models:", "models:\n  b: {extends: [tiny]}", "VN-CONFIG-VALUE", "extends"),
    ("  kind: files", "\tkind: files", "VN-CONFIG-YAML", ""),
    ("name: Invented", "name: In: vented", "VN-CONFIG-YAML", ""),
    ("name: Invented", "name: “Invented”", "VN-CONFIG-YAML", ""),
    ("- sna", "- ['sna, zul", "VN-CONFIG-YAML", ""),
    ("sources:", "sources:\n- {name: text, kind: files, files: a.txt, licence: MIT, consent: unknown, register: web}",
     "VN-CONFIG-RULE", "qaa/language.yaml:8"),
    ("- sna", "- qaa", "VN-CONFIG-CODE", "'qaa'"),
    ("kind: sequence_classification", "kind: sequence_classification\n    language: eng", "VN-CONFIG-VALUE",
     "language"),
    ("tasks:", "tasks:\n  a: {kind: sentence_pairs, language: qaa, data: {kind: files, folder: a, train: a.csv}}",
     "VN-CONFIG-CODE", "'qaa'"),
    ("tasks:", "tasks:\n  a: {kind: sentence_pairs, language: Englisch, data: {kind: files, folder: a, train: a.csv}}",
     "VN-CONFIG-CODE", "'Englisch'"),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: eng}",
     "VN-CONFIG-VALUE", "through"),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: eng, through: "
     "translations}", "VN-CONFIG-RULE", ""),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: qaa, through: "
     "translations}", "VN-CONFIG-CODE", "'qaa'"),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: eng, data: {kind: "
     "files, train: a.csv, most: {train: 9}}}", "VN-CONFIG-VALUE", "most"),
    ("kind: sequence_classification", "kind: sequence_classification\n    transfer: {train_language: eng, data: {kind: "
     "files, train: ../a.csv}}", "VN-CONFIG-PATH", ""),
    ("tasks:", "tasks:\n  a: {kind: sentence_retrieval, data: {kind: files, train: a.csv}, transfer: {train_language: "
     "eng, data: {kind: files, train: b.csv}}}", "VN-CONFIG-VALUE", "kind"),
    ("script: Latn", "script: Abcd", "VN-CONFIG-VALUE", "'Abcd'"),
    ("script: Latn", "script: Latin", "VN-CONFIG-VALUE", "Latn"),
    ("script: Latn", "script: cyrl", "VN-CONFIG-VALUE", "Cyrl"),
    ("- name: text", "- name: My text", "VN-CONFIG-VALUE", "'My text'"),
    ("steps: 12", "steps: 12\n      related: [{source: {name: A b, kind: files, files: a.txt, licence: MIT, consent: "
     "unknown, register: web}}]", "VN-CONFIG-VALUE", "'A b'"),
    ("steps: 12", "steps: 12 or so", "VN-CONFIG-VALUE", "'12 or so'"),
])
def test_what_is_refused_reports_where_and_how_to_fix_it(language_folder: Path, old: str, new: str, code: str,
                                                         value: str) -> None:
    problem = refusal(edited(language_folder, old, new))
    assert problem.code == code and value in str(problem) and ONE_LINE.fullmatch(str(problem))


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
    assert problem.where == "languages/defaults.yaml:2" and "'cleaning'" in problem.what


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
    assert refusal(folder).code == Code.CONFIG_KEY and "'licence'" in refusal(folder).what


@pytest.mark.parametrize("code", ["qaa", "x-foo", "zh-Hant", "nya", "qaa-x-dialect"])
def test_any_valid_tag_is_a_code(tmp_path: Path, code: str) -> None:
    assert load_language(write_language(tmp_path / "languages", code, documents=3)).code == code


@pytest.mark.parametrize("code", ["no_such", "i", "abcdefghij", "zh_Hant"])
def test_an_invalid_tag_is_refused(tmp_path: Path, code: str) -> None:
    assert refusal(write_language(tmp_path / "languages", code, documents=3)).code == Code.CONFIG_CODE


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
    with pytest.raises(Problem, match=r"^languages/qaa: .*VN-CONFIG-FILE"):
        find_language(language_folder.parent, "qaa")


def test_an_unknown_language_names_the_close_ones(tmp_path: Path) -> None:
    root = tmp_path / "languages"
    write_language(root, "bem", documents=3)
    for wrong in ("ben", "Bemba"):
        with pytest.raises(Problem, match=r"\bbem\?.*\bbem;.*VN-CONFIG-FILE"):
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
