"""What speakers marked on the page of ``try`` becomes tests; what was learned from is set aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.behavior_tests.suites import GOOD, with_tests
from tests.unit.evaluation.fakes import TEST, FakeWords
from tests.unit.tasks.made import task_of
from vernacular.behavior_tests.feedback import Known, Mark
from vernacular.behavior_tests.load import load_suite, marks_of
from vernacular.behavior_tests.operators.base import Given
from vernacular.behavior_tests.schema import BehaviourTest
from vernacular.core.errors import Problem
from vernacular.evaluation.behavior.askers import Asker
from vernacular.evaluation.behavior.cases import make_cases
from vernacular.evaluation.behavior.run import gate, summarise
from vernacular.evaluation.behavior.training_overlap import find_matches
from vernacular.tasks.weak_labels import lower
from vernacular.text.words import words


def mark(**more: Any) -> str:
    return json.dumps({"text": "kale Amo wafika", "task": "names", "model": "adapted", "answer": "O NAME O",
                       "right": True, "by": "Kemi", "when": "2026-03-01T10:00:00Z", **more})


def test_marks_become_a_test(language_folder: Path) -> None:
    language = with_tests(language_folder, one=GOOD)
    path = language_folder / "behaviour" / "marks.jsonl"
    path.write_text("\n".join([
        mark(answer="O O O", right=False), mark(), mark(text="Badu", answer="O", right=False, should_be="NAME"),
        mark(text="Zola", answer="O", right=False)]) + "\n", encoding="utf-8")
    suite = load_suite(language)
    test = suite.tests[-1]
    assert (test.name, test.source) == ("marked_by_speakers_names", "marks")
    assert suite.review_of(test) == "Kemi, 2026-03-01"
    cases = make_cases(test, [], Given(), most=10, seed=1, prepare=lower, marks=marks_of(language))
    assert len(cases) == 3  # one of a text
    for known, failed in ((("amo", "badu", "zola"), [False] * 3), ((), [True] * 3), (("amo",), [False, True, True])):
        assert [outcome.failed for outcome in Asker(FakeWords(*known), words).outcomes(test, cases)] == failed
    own = GOOD.replace("change: [{operator: spaces}]", "from: marks").replace("invariance", "minimum")
    assert [found.name for found in load_suite(with_tests(language_folder, one=own)).tests] == ["spaces"]


@pytest.mark.parametrize(("messages", "right", "wrong"), [
    ([("sports", True, None), ("weather", False, None)], "sports", ("weather",)),  # of two models
    ([("weather", False, None), ("sports", True, None)], "sports", ("weather",)),
    ([("weather", False, None), ("news", False, None), ("weather", False, None)], None, ("weather", "news")),
    ([("weather", False, "sports"), ("news", False, None)], "sports", ("weather", "news")),
    ([("weather", False, "sports"), ("news", False, "law")], "law", ("weather", "news")),
    ([("sports", True, None), ("sports", False, None)], None, ("sports",)),  # the first press was a slip
    ([("sports", False, None), ("sports", True, None)], "sports", ())])
def test_marks_of_one_text_are_taken_together(messages: list[tuple[str, bool, str | None]], right: str | None,
                                              wrong: tuple[str, ...]) -> None:
    marks = [Mark(text="Kale", task="names", answer=answer, right=good, should_be=other)
             for answer, good, other in messages]
    case, = make_cases(BehaviourTest.model_validate({**TEST, "type": "minimum", "from": "marks"}), [], Given(), most=9,
                       seed=1, prepare=lower, marks=marks)
    assert case.known == Known(right, wrong)


def test_no_answer_that_was_called_wrong_may_be_given() -> None:
    test = BehaviourTest.model_validate({**TEST, "type": "minimum", "from": "marks"})
    marks = [Mark(text="Amo wafika", task="names", model=model, answer=answer, right=False)
             for model, answer in (("base", "O O"), ("adapted", "O NAME"))]
    cases = make_cases(test, [], Given(), most=9, seed=1, prepare=str, marks=marks)
    for known, failed in ((("Amo",), False), ((), True), (("wafika",), True)):
        outcome, = Asker(FakeWords(*known), words).outcomes(test, cases)
        assert (outcome.failed, outcome.before) == (failed, "not O O or O NAME")


def test_a_marked_sentence_is_found_in_what_was_learned_from() -> None:
    long = " ".join(f"w{number}" for number in range(20))
    texts = ["Kale, Amo!", "amo wafika kuno lero m'mawa", f"x {long} y", "moni", "palibe dzina", ""]
    lines = ["kale amo", "iye anati: Amo wafika kuno lero m'mawa ndi", f"z {long}", "moni moni", "dzina palibe", ""]
    assert find_matches(texts, iter(lines), 13) == ["equals a line of", "shares 5 words in a row with",
                                             "shares 13 words in a row with", "", "", ""]
    assert find_matches(texts, [], 13) == [""] * 6
    assert find_matches(texts, iter(lines), 21)[2] == ""


def test_every_marked_task_has_a_test_of_its_own_name(language_folder: Path) -> None:
    tasks = [f"named_entity_recognition_of_{kind}" for kind in ("news", "verses")]
    made = with_tests(language_folder, one=GOOD)
    made = made.model_copy(update={"tasks": made.tasks | dict.fromkeys(tasks, made.tasks["names"])})
    (language_folder / "behaviour" / "marks.jsonl").write_text(
        "".join(f"{mark(task=task)}\n" for task in tasks), encoding="utf-8")
    found = [test for test in load_suite(made).tests if test.source]
    assert sorted(test.task or "" for test in found) == tasks and len({test.name for test in found}) == len(tasks)


def test_the_gate_says_how_many_marks_are_set_aside() -> None:
    test = BehaviourTest.model_validate({**TEST, "type": "minimum", "from": "marks"})
    found = gate(test, summarise(test, {"adapted": [], "base": []}, "none", 9, 2))
    assert not found.passed
    assert found.reason == ("not measured: no answer to new text has been marked yet; "
                            "2 marked sentences are excluded because the models were trained on them")


def test_a_mark_that_no_model_can_satisfy_is_refused(language_folder: Path) -> None:
    language = with_tests(language_folder, one=GOOD)
    language = language.model_copy(update={"tasks": {"names": task_of("token_classification")}})
    path = language_folder / "behaviour" / "marks.jsonl"
    path.write_text(mark(answer="I-PER O O", right=False) + "\n", encoding="utf-8")
    assert len(marks_of(language)) == 1  # that it is wrong is true
    for phrase in ({"answer": "O I-PER O"}, {"answer": "O O O", "right": False, "should_be": "B-LOC I-PER O"}):
        path.write_text(mark(**phrase) + "\n", encoding="utf-8")
        with pytest.raises(Problem, match=r"marks.jsonl:1: .*VN-DATA-LABEL"):
            marks_of(language)


@pytest.mark.parametrize(("line", "code"), [
    ("{", "VN-DATA-FORMAT"), ("{}", "VN-DATA-FORMAT"), (mark(task="topics"), "VN-DATA-LABEL"),
    (mark(answer="NAME"), "VN-DATA-LABEL"), (mark(right=False, should_be="O"), "VN-DATA-LABEL"),
    (mark(extra=1), "VN-DATA-FORMAT")])
def test_a_broken_mark_is_one_line(language_folder: Path, line: str, code: str) -> None:
    language = with_tests(language_folder, one=GOOD)
    (language_folder / "behaviour" / "marks.jsonl").write_text(f"{mark()}\n{line}\n", encoding="utf-8")
    with pytest.raises(Problem, match=rf"qaa/behaviour/marks.jsonl:2: .*{code}"):
        load_suite(language)
