"""Files of behavioral tests: read, or refused with their file and line; and what the page on them shows."""

from __future__ import annotations

import random
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from tests.unit.behavior_tests.suites import GOOD, HEAD, with_tests
from vernacular.behavior_tests.lexicons import resolve
from vernacular.behavior_tests.load import load_suite, marks_of
from vernacular.behavior_tests.operators import AnyOperator
from vernacular.behavior_tests.operators.base import Context
from vernacular.behavior_tests.schema import Suite, percent
from vernacular.config.tasks import Task
from vernacular.core.errors import Problem
from vernacular.evaluation.fairness.plan import Plan
from vernacular.evaluation.stages import gate_specs


def test_a_suite_is_read_and_declares_its_gates(language_folder: Path) -> None:
    language = with_tests(language_folder, one=GOOD)
    assert [test.name for test in load_suite(language).tests] == ["spaces"]
    assert [(spec.name, spec.blocking) for spec in gate_specs(load_suite(language))] == [("spaces", False)]


def test_a_test_without_a_task_asks_the_first_that_can_answer(language_folder: Path) -> None:
    anywhere = GOOD.replace("    task: names\n", "")
    language = with_tests(language_folder, one=anywhere)
    kinds = {name: task.kind for name, task in language.tasks.items()}
    first = next(name for name, kind in kinds.items() if kind in ("token_classification", "sequence_classification"))
    assert [test.task for test in load_suite(language).tests] == [first]
    assert load_suite(language.model_copy(update={"tasks": {}})).tests == []
    language = with_tests(language_folder, one=anywhere.replace("invariance", "minimum"))
    with pytest.raises(Problem):
        load_suite(language)


def test_a_small_threshold_is_not_rounded_away(language_folder: Path) -> None:
    visible = GOOD.replace("spaces}", "digits}")
    for threshold, phrase in (("0.005", "at most 0.5% of"), ("0.15", "at most 15% of"), ("0", "at most 0% of")):
        spec, = gate_specs(load_suite(with_tests(language_folder, one=visible + f"    threshold: {threshold}\n")))
        assert phrase in spec.description
    assert (percent(1 - 0.005), percent(1)) == ("99.5%", "100%")


@pytest.mark.parametrize(("text", "line", "code", "named"), [
    (GOOD.replace("capability", "capabilty"), 3, "VN-CONFIG-KEY", "capabilty"),
    (GOOD.replace("task: names", "task: nmes"), 5, "VN-CONFIG-VALUE", "'names'"),
    (HEAD, 2, "VN-CONFIG-VALUE", "change"),
    (GOOD.replace("spaces}", "space}"), 7, "VN-CONFIG-VALUE", "'spaces'"),
    (GOOD.replace("{operator: spaces}", "{operator: swap_words, lexicon: nouns}"), 2, "VN-CONFIG-RULE", "nouns"),
    (GOOD + GOOD.removeprefix("tests:\n"), 8, "VN-CONFIG-RULE", "one.yaml:2"),
    (GOOD + "    threshold: 2\n", 8, "VN-CONFIG-VALUE", "0.1"),
    (GOOD + "    threshold: 10%\n", 8, "VN-CONFIG-VALUE", "10%"),
    (GOOD.replace("[{operator: spaces}]", "spaces"), 7, "VN-CONFIG-VALUE", "spaces"),
    (GOOD.replace("[{operator: spaces}]", "[spaces]"), 7, "VN-CONFIG-VALUE", "{operator: spaces}"),
    (GOOD.replace("name: spaces", "name: My spaces"), 2, "VN-CONFIG-VALUE", "My spaces"),
    (GOOD + "    expect: O\n", 8, "VN-CONFIG-VALUE", "valid keys: label, probab"),
    (GOOD.replace("type: invariance", "type: minimum") + "    expect: {label: NAMES}\n", 8, "VN-DATA-LABEL",
     "'NAME'"),
    (GOOD + "lexicons:\n  names: {from: text, min: 2}\n", 9, "VN-CONFIG-KEY", "min_count"),
    (GOOD.replace("type: invariance", "type: directional")
     + "    expect: {label: NAME, probability: rises}\n", 2, "VN-CONFIG-RULE", "directional"),
    (": [", 1, "VN-CONFIG-YAML", ""),
])
def test_errors_are_one_line_with_file_and_line(language_folder: Path, text: str, line: int, code: str,
                                                    named: str) -> None:
    language = with_tests(language_folder, one=text)
    with pytest.raises(Problem) as caught:
        load_suite(language)
    message = str(caught.value)
    assert "\n" not in message
    assert f"qaa/behaviour/one.yaml:{line}:" in message
    assert code in message and named in message


@pytest.mark.parametrize("name", ["one.yml", "one.YAML", "one.yaml.txt", "one.docx"])
def test_a_file_of_tests_with_another_ending_is_not_passed_over(language_folder: Path, name: str) -> None:
    language = with_tests(language_folder, one=GOOD)
    (language_folder / "behaviour" / "notes.md").write_text("of mine\n")
    assert load_suite(language).tests
    (language_folder / "behaviour" / "one.yaml").rename(language_folder / "behaviour" / name)
    with pytest.raises(Problem, match=rf"behaviour/{name}: .*VN-CONFIG-FILE"):
        load_suite(language)


def test_a_task_of_several_labels_is_not_judged_as_if_it_gave_one(language_folder: Path) -> None:
    language = with_tests(language_folder, one=GOOD.replace("task: names", "task: topic"))
    topic = Task.model_validate({"kind": "sequence_classification", "multi_label": True, "data": {
        "kind": "files", "train": "a.csv"}})
    language = language.model_copy(update={"tasks": {**language.tasks, "topic": topic}})
    with pytest.raises(Problem, match=r"one.yaml:5: .*VN-CONFIG-RULE"):
        load_suite(language)
    path = language_folder / "behaviour" / "marks.jsonl"
    path.write_text('{"text": "kale", "task": "topic", "answer": "weather", "right": true}\n', encoding="utf-8")
    with pytest.raises(Problem, match=r"marks.jsonl:1: .*VN-DATA-LABEL"):
        marks_of(language)


def test_a_file_without_anything_is_not_passed_over_either(language_folder: Path) -> None:
    with pytest.raises(Problem, match=r"behaviour/two.yaml: .*VN-CONFIG-FILE"):
        load_suite(with_tests(language_folder, one=GOOD, two="# nothing yet\n"))


def test_a_name_is_in_one_file_alone(language_folder: Path) -> None:
    with pytest.raises(Problem, match=r"two.yaml:2: .*one.yaml:2.*VN-CONFIG-RULE"):
        load_suite(with_tests(language_folder, one=GOOD, two=GOOD))


def test_the_template_tests_are_usable(language_folder: Path) -> None:
    template = Path(__file__).parents[3] / "languages" / "_template" / "behaviour" / "robustness.yaml"
    assert len(load_suite(with_tests(language_folder, one=template.read_text(encoding="utf-8"))).tests) == 3


DOCS = Path(__file__).parents[3] / "docs"
PAGES = (DOCS / "how-to" / "write-behavioral-tests.md", DOCS / "reference" / "behavioral-tests.md")


def text_of_the_pages() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def blocks_of_the_pages() -> list[dict[str, Any]]:
    found = re.findall(r"```yaml\n(.*?)```", text_of_the_pages(), re.DOTALL)
    return [yaml.safe_load(block) for block in found]


def test_the_examples_of_the_page_are_usable(language_folder: Path) -> None:
    tests, lists = {}, {}
    for block in blocks_of_the_pages():
        if "comparisons" in block:
            assert Plan.model_validate(block).likelihood
        else:
            part = Suite.model_validate(block)
            tests |= {test.name: test for test in part.tests}
            lists |= part.lexicons
    assert {test.type for test in tests.values()} == {"invariance", "directional", "minimum", "likelihood"}
    assert all(test.lexicons_used() | test.pairs_used() <= set(lists) for test in tests.values())


def test_the_changes_of_the_page_are_what_it_says() -> None:
    blocks = [block for block in blocks_of_the_pages() if "keyboard" in block]
    lists = resolve(Suite.model_validate(blocks[0]), [])
    rows = re.findall(r"^\| `(\{operator: .*?\})` \| .*? \| `(.*?)` \| `(.*?)` \|$", text_of_the_pages(),
                      re.MULTILINE)
    assert len(rows) > 15
    for change, line, expected in rows:
        step = TypeAdapter(AnyOperator).validate_python(yaml.safe_load(change))
        assert step.apply(line, Context(random.Random(1), lists)) == unicodedata.normalize(
            "NFD" if "NFD" in change else "NFC", expected), change


def test_a_suite_of_some_tasks_has_no_test_of_others(language_folder: Path) -> None:
    suite = load_suite(with_tests(language_folder, one=GOOD))
    assert suite.of_tasks(["names"]) == suite and not suite.of_tasks(["genre"]).tests
