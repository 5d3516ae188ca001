"""Behavioural tests: drawing cases, judging answers. A fake predictor stands in for the model."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from tests.unit.evaluation.fakes import TEST, FakeLines, FakeWords, InOneGo, Likeliest
from vernacular.behavior_tests.feedback import Mark
from vernacular.behavior_tests.labels import columns_of
from vernacular.behavior_tests.lexicons import names_in, resolve
from vernacular.behavior_tests.operators.base import Given
from vernacular.behavior_tests.schema import BehaviourTest, Suite
from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.evaluation.behavior.askers import Asker
from vernacular.evaluation.behavior.cases import make_cases
from vernacular.evaluation.behavior.judge import Outcome, judge_likelihood
from vernacular.evaluation.behavior.run import _note_counts, gate, note_worst, summarise
from vernacular.evaluation.behavior.word_alignment import aligned, exchanged
from vernacular.tasks.weak_labels import lower
from vernacular.text.words import words

LINES = [f"kale {name} anati moni" for name in ("Amo", "Badu", "Kemi", "Amo")] + ["palibe dzina lina pano"]


def outcomes(predictor: Any, splitter: Any, lexicons: dict[str, list[str]] | None = None, prepare: Any = str,
             lines: Sequence[str] = LINES, pairs: dict[str, dict[str, str]] | None = None,
             **test: Any) -> tuple[BehaviourTest, list[Any], list[Any]]:
    made = BehaviourTest.model_validate({**TEST, **test})
    cases = make_cases(made, lines, Given(lexicons or {}, pairs or {}), most=10, seed=1, prepare=prepare,
                       by_word=splitter is not None)
    return made, cases, Asker(predictor, splitter).outcomes(made, cases)


def test_the_cases_of_several_tests_are_answered_at_once() -> None:
    class Counting(FakeLines):
        asked: ClassVar[list[list[str]]] = []

        def probabilities(self, texts: Sequence[str]) -> list[Any]:
            self.asked.append(list(texts))
            return super().probabilities(texts)

    changes = [{"operator": "letter_case"}, {"operator": "spaces", "where": "double"}]
    tests = [BehaviourTest.model_validate({**TEST, "name": f"test_{number}", "change": [change]})
             for number, change in enumerate(changes)]
    made = [(test, make_cases(test, LINES, Given(), most=10, seed=1, prepare=str)) for test in tests]
    asker = Asker(Counting(), None)
    asker.ask_ahead([case for _, cases in made for case in cases])
    judged = [asker.outcomes(test, cases) for test, cases in made]
    assert judged == [Asker(FakeLines(), None).outcomes(test, cases) for test, cases in made]
    texts, = Counting.asked
    assert len(texts) == len(set(texts)) < sum(len(case.versions) for _, cases in made for case in cases)


def test_spaces_never_fail_for_a_model_that_reads_words() -> None:
    test, cases, judged = outcomes(FakeWords("amo", "badu"), words, prepare=lower,
                                   change=[{"operator": "spaces", "where": "double"}])
    assert len(cases) == 4  # a repeated line is one case
    assert not any(outcome.failed for outcome in judged)
    summary = summarise(test, {"adapted": judged, "base": judged}, "none", 9)
    assert gate(test, summary).passed
    assert summary.adapted.rate == 0


def test_the_interval_of_ten_failures_in_a_hundred() -> None:  # Newcombe 1998, method 3
    judged = [Outcome(row < 10, 0.0, "", "") for row in range(100)]
    test = BehaviourTest.model_validate({**TEST, "change": [{"operator": "digits"}]})
    found = summarise(test, {"base": [], "adapted": judged}, "none", 9)
    assert (found.adapted.low, found.adapted.high) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert (found.base.low, found.base.high) == (0, 1)


def test_a_change_that_changes_nothing_gives_no_case_and_no_green() -> None:
    test, cases, judged = outcomes(FakeWords(), words, change=[{"operator": "digits"}])
    assert not cases
    found = gate(test, summarise(test, {"adapted": judged, "base": judged}, "none", 9))
    assert not found.passed
    assert "not measured" in found.reason
    test, _, judged = outcomes(FakeWords(), words, change=[{"operator": "normal_form"}])
    # Green where both forms of nine lines are the same, red where there was no line to look at.
    assert [gate(test, summarise(test, {"adapted": judged, "base": judged}, "none", lines)).passed
            for lines in (9, 0)] == [True, False]


def test_case_is_lost_on_a_task_that_reads_lower_case() -> None:
    assert not outcomes(FakeWords(), words, prepare=lower, change=[{"operator": "letter_case"}])[1]


def test_a_flipped_label_fails_and_tolerance_forgives_small_moves() -> None:
    change = [{"operator": "letter_case", "to": "upper"}]
    assert all(outcome.failed for outcome in outcomes(FakeLines(), None, change=change)[2])
    assert not any(outcome.failed for outcome in outcomes(FakeLines(), None, change=change, tolerance=1.0)[2])


class Torn(Likeliest):
    """Torn between three labels; an ``x`` turns the answer, though the first label loses nothing."""

    labels = ("a", "b", "c")

    def __init__(self, by_word: bool) -> None:
        self.by_word = by_word

    def probabilities(self, texts: Sequence[str]) -> list[Any]:
        rows = [np.array([.35, .60, .05] if "x" in text else [.34, .33, .33]) for text in texts]
        return [np.tile(row, (len(words(text)), 1)) for row, text in zip(rows, texts, strict=True)
                ] if self.by_word else rows


@pytest.mark.parametrize("splitter", [None, words])
def test_an_answer_is_changed_though_the_old_label_loses_nothing(splitter: Any) -> None:
    change = [{"operator": "insert", "texts": ["x"]}]
    for tolerance, failed in ((0.0, True), (0.2, True), (0.3, False)):  # the new label wins .27
        judged = outcomes(Torn(splitter is not None), splitter, change=change, tolerance=tolerance)[2]
        assert [outcome.failed for outcome in judged] == [failed] * 4


def test_directional() -> None:
    change = [{"operator": "letter_case", "to": "upper"}]
    for way, failed in (("rises", False), ("falls", True)):
        judged = outcomes(FakeLines(), None, type="directional", change=change,
                          expect={"label": "loud", "probability": way})[2]
        assert [outcome.failed for outcome in judged] == [failed] * 4


def test_swapped_names_must_be_found() -> None:
    names = {"names": ["Amo", "Badu", "Kemi"]}
    options: dict[str, Any] = {"prepare": lower, "compare": "changed",
                               "change": [{"operator": "swap_words", "lexicon": "names"}]}
    knows_all = outcomes(FakeWords("amo", "badu", "kemi"), words, names, **options)[2]
    assert len(knows_all) == 3
    assert not any(outcome.failed for outcome in knows_all)
    knows_none = outcomes(FakeWords(), words, names, **options, type="minimum", expect={"label": "NAME"})[2]
    assert all(outcome.failed for outcome in knows_none)


def test_templates_are_filled_and_their_words_judged() -> None:
    test, cases, judged = outcomes(FakeWords("Amo", "Badu"), words, {"names": ["Amo", "Kemi"]}, type="minimum",
                                   templates=["{names} wafika", "lero {names} wapita"], expect={"label": "NAME"})
    assert {case.after for case in cases} <= {"Amo wafika", "Kemi wafika", "lero Amo wapita", "lero Kemi wapita"}
    assert [outcome.failed for outcome in judged] == ["Kemi" in case.after for case in cases]
    report = Report()
    note_worst(report, test, cases, judged)
    assert all("Kemi" in row["changed line"] for row in report.samples["worst_failures"])


def test_an_expected_label_that_is_not_there_is_a_problem() -> None:
    with pytest.raises(Problem, match=r"PLACE.*VN-DATA-LABEL"):
        outcomes(FakeWords(), words, {"names": ["Amo"]}, type="minimum", templates=["{names} wafika"],
                 expect={"label": "PLACE"})


def test_cases_depend_on_the_seed_alone() -> None:
    made = BehaviourTest.model_validate({**TEST, "change": [{"operator": "typo"}]})
    first, again, other = (make_cases(made, LINES, Given(), most=10, seed=seed, prepare=str) for seed in (1, 1, 2))
    assert first == again != other


def test_alignment() -> None:
    assert aligned(["a", "b"], ["a", "x"], True) == [(0, 0), (1, 1)]
    assert aligned(["a", "b"], ["a"], True) == [(0, 0)]
    assert aligned(["a", "b"], ["7", "a", "b", "c"], False) == [(0, 1), (1, 2)]
    assert aligned(["a", "b", "c"], ["x", "y", "c"], False) == [(2, 2)]
    assert exchanged(["a", "b", "c"], ["a", "x", "y", "c"]) == [1, 2]
    assert exchanged(["a", "b", "c"], ["a", "c"]) == []


@pytest.mark.parametrize(("line", "change"), [
    ("zaka 2000 zapita", {"operator": "digits"}), ("zaka 2,000 zapita", {"operator": "digits", "style": "plain"}),
    ("anapita ku Zomba dzulo", {"operator": "swap_words", "lexicon": "towns"}),
    ("anapita ku Zomba dzulo", {"operator": "replace", "pairs": {"ku Z": "kuZ"}}),
    ("anapita ku Zomba dzulo", {"operator": "replace", "pairs": {"apita": "a-pita"}}),
    ("anapita ku Zomba dzulo msanga lero", {"operator": "word_order", "do": "shuffle"}),
    ("anapita ku Zomba dzulo", {"operator": "code_switch", "lexicon": "en"})])
def test_no_change_is_a_fault_of_a_model_that_always_answers_alike(line: str, change: dict[str, Any]) -> None:
    _, cases, judged = outcomes(FakeWords(), words, {"towns": ["Zomba", "Cape Town"]}, lines=[line], change=[change],
                                pairs={"en": {"anapita": "went", "ku": "to", "dzulo": "yesterday"}})
    assert [outcome.failed for outcome in judged] == [False] == [False] * len(cases)


def test_of_a_word_exchanged_for_two_both_are_judged() -> None:
    options: dict[str, Any] = {"lexicons": {"towns": ["Zomba", "Cape Town"]}, "lines": ["anapita ku Zomba dzulo"],
                               "change": [{"operator": "swap_words", "lexicon": "towns"}]}
    for known, failed in ((("Cape", "Town"), False), (("Zomba", "Cape"), True)):
        judged = outcomes(FakeWords(*known), words, **options, type="minimum", expect={"label": "NAME"})[2]
        assert [outcome.failed for outcome in judged] == [failed]
    assert not outcomes(FakeWords(), words, **options, compare="changed")[1]  # which of the two was Zomba?


def test_without_a_word_to_compare_there_is_no_case() -> None:
    everything: dict[str, Any] = {"change": [{"operator": "code_switch", "lexicon": "en"}], "lines": ["anapita ku"],
                                  "pairs": {"en": {"anapita": "went", "ku": "to"}}}
    assert not outcomes(FakeWords(), words, **everything)[1]
    assert outcomes(FakeLines(), None, **everything)[1]


def test_names_in_text() -> None:
    assert names_in(["Kale Amo anati, Badu ndi Kemi", "Amo"]) == {"Amo": 1, "Kemi": 1}
    suite = Suite.model_validate({"lexicons": {"names": {"from": "text", "min_count": 1, "exclude": ["Kemi"]},
                                               "own": ["x"]}})
    assert resolve(suite, ["Kale Amo anati, Badu ndi Kemi"]).lexicons == {"names": ["Amo"], "own": ["x"]}


def made(**test: Any) -> BehaviourTest:
    return BehaviourTest.model_validate({**TEST, **test})


@pytest.mark.parametrize(("test", "message"), [
    ({"type": "likelihood", "change": [{"operator": "word_order"}]}, "remove task"),
    ({"type": "minimum", "task": None, "templates": ["Amo ali"], "expect": {"label": "O"}}, "'task' is missing"),
    ({"change": [{"operator": "normal_form", "to": "NFC"}], "threshold": 0.01}, "invisible"),
    ({"change": [{"operator": "spaces"}, {"operator": "normal_form"}], "threshold": 0.5}, "invisible"),
    ({"change": [{"operator": "quotes"}], "growing": [1, 2]}, "growing needs a directional"),
    ({"change": [{"operator": "typo"}], "growing": [2, 1]}, "two increasing numbers"),
    ({"change": [{"operator": "typo"}], "growing": [1, 1000]}, "growing allows at most 100"),
    ({"change": [{"operator": "typo", "count": 1000}]}, "less than or equal to 100"),
    ({"change": [{"operator": "quotes"}] * 21}, "at most 20 items"),
    ({"change": [{"operator": "quotes"}], "compare": "changed"}, "preserve the number of words"),
    ({"change": [{"operator": "quotes"}], "pairs": [{"good": "a", "bad": "b"}]}, "give one of change"),
    ({"type": "likelihood", "task": None, "pairs": [{"good": "{x} a", "bad": "b"}]}, "the same slots"),
    ({"type": "minimum", "templates": ["{Animals} ali"], "expect": {"label": "O"}}, "'{Animals} ali' are not"),
    ({"type": "minimum", "templates": ["{animals ali"], "expect": {"label": "O"}}, "are not a slot"),
    ({"type": "likelihood", "task": None, "pairs": [{"good": "{x} a", "bad": "{x} {y-z}"}]}, "are not a slot"),
    ({"change": [{"operator": "quotes"}], "reviewed": "Amo Badu"}, "reviewed: {by: Amo Badu, on: YYYY-MM-DD}"),
    ({"change": [{"operator": "quotes"}], "reviewed": {"by": "Amo"}}, "Field required"),
    ({"type": "minimum", "from": "marks", "expect": {"label": "NAME"}}, "remove expect"),
    ({"from": "marks"}, "needs change"),
])
def test_what_makes_no_sense_is_refused(test: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        made(**test)


def test_a_visible_change_may_be_forgiven() -> None:
    assert made(change=[{"operator": "normal_form", "to": "NFKC"}], threshold=0.1).threshold == 0.1


class Sure(Likeliest):
    """Sure of ``loud`` by the share of letters that are not ``z``: the more slips into z, the less."""

    labels = ("loud", "quiet")

    def __init__(self, turn: int = 99) -> None:
        self.turn = turn

    def probabilities(self, texts: Sequence[str]) -> list[Any]:
        slips = [text.count("z") for text in texts]
        shares = [1 - 0.1 * min(count, self.turn) + 0.2 * max(0, count - self.turn) for count in slips]
        return [np.array([share, 1 - share]) for share in shares]


def test_a_line_that_doubles_without_end_gives_no_case() -> None:
    test = made(type="directional", expect={"probability": "falls"}, growing=[1, 60],
                change=[{"operator": "spaces", "where": "double"}])
    assert make_cases(test, ["a b", "b c"], Given(), most=10, seed=1, prepare=str) == []


def test_growing_noise_must_lower_the_probability_at_every_step() -> None:
    grown: dict[str, Any] = {"type": "directional", "expect": {"probability": "falls"}, "growing": [1, 2, 4],
                             "change": [{"operator": "replace", "pairs": {"k": "z"}},
                                        {"operator": "replace", "pairs": {"z": "kz"}}]}
    _, cases, judged = outcomes(Sure(), None, **grown)
    assert [case.after.count("z") for case in cases] == [8 * case.between[0].count("z") for case in cases]
    assert not any(outcome.failed for outcome in judged)
    assert all(len(case.versions) == 4 for case in cases)
    assert any(outcome.failed for outcome in outcomes(Sure(turn=2), None, **grown)[2])  # it becomes surer again


def test_a_margin_asks_for_a_move_of_some_size() -> None:
    options: dict[str, Any] = {"type": "directional", "change": [{"operator": "replace", "pairs": {"a": "z"}}]}
    few, many = ({"label": "loud", "probability": "falls", "margin": margin} for margin in (0.2, 0.9))
    assert not any(outcome.failed for outcome in outcomes(Sure(), None, expect=few, **options)[2])
    assert all(outcome.failed for outcome in outcomes(Sure(), None, expect=many, **options)[2])


def test_likelihood_pairs_are_written_with_the_same_words() -> None:
    test = made(type="likelihood", task=None, pairs=[{"good": "{names} wafika", "bad": "{names} zafika"}])
    cases = make_cases(test, [], Given({"names": ["Amo", "Badu"]}), most=10, seed=1, prepare=str)
    assert {(case.before, case.after) for case in cases} == {(f"{name} wafika", f"{name} zafika")
                                                             for name in ("Amo", "Badu")}
    assert make_cases(test, [], Given({"names": []}), most=10, seed=1, prepare=str) == []  # a list yet to be filled


def test_likelihood_is_judged_step_by_step() -> None:
    test = made(type="likelihood", task=None, change=[{"operator": "word_order"}], tolerance=0.1)
    assert not judge_likelihood(test, [1.0, 1.5]).failed
    assert not judge_likelihood(test, [1.0, 0.95]).failed
    assert judge_likelihood(test, [1.0, 0.8]).failed
    assert judge_likelihood(test, [1.0, 2.0, 1.5]).failed
    assert judge_likelihood(test, [1.0, 1.0]).failed  # no difference is no preference
    assert judge_likelihood(test, [1.0, math.nan]).failed


def test_lines_of_many_words_are_passed_over() -> None:
    assert len(make_cases(made(change=[{"operator": "quotes"}], most_words=4), [*LINES, "a b c d e"], Given(), most=9,
                          seed=1, prepare=str)) == 4
    assert len(make_cases(made(change=[{"operator": "quotes"}], cases=2), LINES, Given(), most=9, seed=1,
                          prepare=str)) == 2


def test_a_changed_test_is_unreviewed_again() -> None:
    change = [{"operator": "swap_words", "lexicon": "names"}]
    suite = Suite(lexicons={"names": ["Amo", "Badu"]}, tests=[made(change=change)])
    review = {"by": "Kemi", "on": "2026-01-31", "of": suite.digest(suite.tests[0])}
    same, changed, looser = (Suite(lexicons={"names": names}, tests=[made(change=change, reviewed=review, **more)])
                             for names, more in ((["Amo", "Badu"], {}), (["Amo", "Zola"], {}),
                                                 (["Amo", "Badu"], {"threshold": 0.5})))
    assert same.review_of(same.tests[0]) == looser.review_of(looser.tests[0]) == "Kemi, 2026-01-31"
    blank = Suite(lexicons=same.lexicons, tests=[made(change=change, reviewed=review | {"of": ""})])
    assert changed.review_of(changed.tests[0]) == blank.review_of(blank.tests[0]) == "none"
    assert not blank.outdated(blank.tests[0]) and blank.of_nothing(blank.tests[0])
    assert changed.outdated(changed.tests[0])


def test_unreviewed_tests_count_apart() -> None:
    report = Report()
    results = {}
    for name, reviewer, predictor in (("one", "Kemi, 2026-01-31", FakeWords()), ("two", "none", FakeWords("amo"))):
        test, _, judged = outcomes(predictor, words, {"names": ["Amo", "Badu", "Kemi"]}, prepare=lower,
                                   name=name, change=[{"operator": "swap_words", "lexicon": "names"}])
        results[name] = summarise(test, {"adapted": judged, "base": judged}, reviewer, 9)
        report.gates.append(gate(test, results[name]))
    _note_counts(report, results)
    counts = {name: count.value for name, count in report.counts.items()}
    assert (counts["tests_reviewed"], counts["tests_reviewed_green"]) == (1, 1)
    assert counts["failure_rate_adapted_reviewed"] == 0
    assert counts["failure_rate_adapted_unreviewed"] > 0
    assert [found.reason.startswith("unreviewed test") for found in report.gates] == [False, True]


def test_a_version_is_no_number_to_a_spreadsheet_and_hangs_on_the_keyboard() -> None:
    slip = BehaviourTest.model_validate({**TEST, "change": [{"operator": "typo", "do": "neighbour"}]})
    other = BehaviourTest.model_validate({**TEST, "change": [{"operator": "spaces"}]})
    ours, theirs = Suite(keyboard=["abc"]), Suite(keyboard=["abd"])
    assert ours.digest(slip) != theirs.digest(slip) and ours.digest(other) == theirs.digest(other)
    assert ours.digest(other).startswith("v")


class Entities(FakeWords):
    """Labels names in the way of CoNLL."""

    labels = ("B-LOC", "I-PER")  # type: ignore[assignment]


def test_a_label_means_the_beginning_and_the_inside_of_an_entity() -> None:
    assert columns_of(["O", "B-PER", "I-PER", "B-PERSON"], "PER") == [1, 2]
    assert columns_of(["B-PER", "PER"], "PER") == [1]
    assert columns_of(["non-toxic", "toxic"], "toxic") == [1] and columns_of(["non-toxic"], "toxic") == []
    options: dict[str, Any] = {"type": "minimum", "templates": ["{names} wafika"]}
    for label, failed in (("PER", False), ("I-PER", False), ("LOC", True)):
        judged = outcomes(Entities("Amo"), words, {"names": ["Amo"]}, expect={"label": label}, **options)[2]
        assert [outcome.failed for outcome in judged] == [failed]


def test_entities_are_judged_as_they_are_answered_and_not_word_by_word() -> None:
    model = InOneGo()
    assert [model.labels[label] for label in model.decoded(model.probabilities(["Pa Pb ku Lc"])[0])] == [
        "B-PER", "I-PER", "O", "B-LOC"]
    options: dict[str, Any] = {"type": "minimum", "templates": ["ku {places}"]}
    for label, failed in (("LOC", False), ("O", True)):  # I-LOC is likeliest
        judged = outcomes(model, words, {"places": ["Lc"]}, expect={"label": label}, **options)[2]
        assert [(outcome.failed, outcome.after) for outcome in judged] == [(failed, "Lc B-LOC")]
    test = made(type="minimum", **{"from": "marks"})
    for answer, right, failed in (("B-PER I-PER O B-LOC", True, False), ("B-PER I-PER O B-LOC", False, True),
                                  ("B-PER I-PER O O", True, True)):
        mark = Mark(text="Pa Pb ku Lc", task="names", answer=answer, right=right)
        cases = make_cases(test, [], Given(), most=9, seed=1, prepare=str, marks=[mark])
        assert [outcome.failed for outcome in Asker(model, words).outcomes(test, cases)] == [failed]


def test_a_label_that_its_neighbour_alone_turned_is_changed() -> None:
    judged = outcomes(InOneGo(), words, lines=["La Pb wafika kuno"],  # after La it begins, after Pa it continues
                      change=[{"operator": "replace", "pairs": {"La": "Pa"}, "where": "word"}])[2]
    assert [(outcome.failed, outcome.before, outcome.after) for outcome in judged] == [
        (True, "La B-LOC, Pb B-PER", "Pa B-PER, Pb I-PER")]
