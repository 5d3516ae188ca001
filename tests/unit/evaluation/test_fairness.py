"""Fairness: swapped names, gaps and verdicts, on answers made up for the purpose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.tiny import write_bert, write_llama
from tests.unit.behavior_tests.suites import with_tests
from tests.unit.evaluation.fakes import FakeLines, FakeWords, InOneGo
from vernacular.behavior_tests.schema import Suite
from vernacular.config.load import load_language
from vernacular.config.tasks import Task
from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.evaluation.behavior.askers import Asker
from vernacular.evaluation.fairness import disparities as gaps
from vernacular.evaluation.fairness import plan as fairness
from vernacular.evaluation.fairness.run import labels_differ, name_surprisals, names_found, places_of, run
from vernacular.evaluation.fairness.variants import write_variants
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.provenance.corpus_tables import write_rows
from vernacular.tasks.weak_labels import lower
from vernacular.text.words import word_spans, words

GROUPS = fairness.Comparison(name="two", groups={"old": ["Amo", "Badu"], "new": ["Kemi", "Zola"]})
PLAN = """author: me
tasks: [names]
comparisons:
  - name: two
    groups:
      old: [Amo, Badu]
      new: [Kemi]
"""


def test_a_line_is_written_once_for_every_group() -> None:
    variants = write_variants(GROUPS, ["lero Amo wafika", "palibe dzina"], 10, 1)
    assert len(variants) == 1
    by_group = dict(zip(variants[0].order, zip(variants[0].names, variants[0].lines, strict=True), strict=True))
    (old, old_line), (new, new_line) = by_group[0], by_group[1]
    assert old == "Badu"  # never a name that is already there
    assert new in ("Kemi", "Zola")
    assert (old_line, new_line) == (f"lero {old} wafika", f"lero {new} wafika")


def test_a_name_of_several_words_is_exchanged_and_judged_whole() -> None:
    places = fairness.Comparison(name="places", groups={"lake": ["Nkhata Bay", "Senga Bay"],
                                                        "hills": ["Zomba", "Dedza Boma"]})
    lines = ["ku  Nkhata Bay, kwa Bay"]
    found = {item.lines for seed in range(30) for item in write_variants(places, lines, 9, seed)}
    assert {line for pair in found for line in pair} == {
        "ku  Senga Bay, kwa Bay", "ku  Zomba, kwa Bay", "ku  Dedza Boma, kwa Bay"}
    variants = write_variants(places, lines, 9, 1)

    class AtStart(FakeWords):
        def probabilities(self, texts: Sequence[str]) -> list[Any]:
            return [np.array([[.2, .8] if at in (1, 2) else [.8, .2] for at in range(len(words(text)))])
                    for text in texts]

    assert names_found(Asker(AtStart(), words), [1], variants, str).tolist() == [[1, 1]]  # the other Bay is no name


def test_names_found_by_group() -> None:
    variants = write_variants(GROUPS, [f"lero {name} wafika {number}" for number in range(20)
                                                for name in ("Amo", "Kemi")], 40, 1)
    hits = names_found(Asker(FakeWords("amo", "badu"), words), [1], variants, lower)
    assert hits.shape == (40, 2)
    assert hits.mean(axis=0).tolist() == [1, 0]


def test_a_name_is_found_where_it_is_answered() -> None:
    groups = fairness.Comparison(name="two", groups={"one": ["Pa", "Pb"], "two": ["Lc", "Ld"]})
    variants = write_variants(groups, ["Pa wafika kuno lero"], 9, 1)
    # Likeliest by itself is I-PER and I-LOC; alone in a sentence either begins an entity.
    assert names_found(Asker(InOneGo(), words), [1, 2, 3, 4], variants, str).tolist() == [[1, 1]]


@pytest.mark.parametrize(("base", "adapted", "verdict"), [
    ((1.0, 0.2), (1.0, 0.2), "inherited"), ((1.0, 0.2), (1.0, 0.9), "lessened"),
    ((1.0, 0.9), (1.0, 0.3), "made worse"), ((0.8, 0.8), (0.8, 0.8), "within noise")])
def test_verdicts(base: tuple[float, float], adapted: tuple[float, float], verdict: str) -> None:
    def hits(shares: tuple[float, float]) -> gaps.Hits:
        return np.stack([(np.arange(200) % 10 < 10 * share) for share in shares], axis=1).astype(float)

    found = gaps.compare_groups(hits(base), hits(adapted), ["old", "new"], 1)
    assert found.verdict == verdict
    assert found.base is not None and found.change is not None
    assert found.base.gap == pytest.approx(base[0] - base[1])
    assert found.change[0] <= found.change[1] + 1e-9 and found.change[1] <= found.change[2] + 1e-9


def test_changed_labels() -> None:
    some = (np.arange(100) < 30).astype(float)
    none, with_group, with_any = (np.stack(pair, axis=1) for pair in (
        (some * 0, some * 0), (some, some * 0), (some, np.roll(some, 30))))
    assert gaps.compare_changes(none, with_group, 1).verdict == "made worse"
    assert gaps.compare_changes(with_group, none, 1).verdict == "lessened"
    assert gaps.compare_changes(none, with_any, 1).verdict == "within noise"  # any swap, not the group


@pytest.mark.parametrize(("sentences", "verdict"), [(1, "within noise"), (3, "within noise"), (8, "made worse")])
def test_a_few_sentences_that_change_are_chance(sentences: int, verdict: str) -> None:
    changed = np.stack([np.ones(sentences), np.zeros(sentences)], axis=1)
    assert gaps.compare_changes(changed * 0, changed, 1).verdict == verdict


def test_without_a_plan_nothing_is_measured_and_nothing_fails(language_folder: Path, tmp_path: Path) -> None:
    language = load_language(language_folder)
    assert fairness.load_plan(language) is None
    report = run(SimpleNamespace(language=language, out=tmp_path), "tiny", language.models["tiny"])  # type: ignore[arg-type]
    assert report.counts["groups"].value == 0
    assert not report.gates
    assert "Not measured" in report.details["caveat"]


class Cut(FakeWords):
    """Reads four words of a line, and calls none behind them a name."""

    def probabilities(self, texts: Sequence[str]) -> list[Any]:
        found = super().probabilities(texts)
        for table in found:
            table[4:] = [0.9, 0.1]
        return found

    def unread(self, text: str) -> str:
        spans = word_spans(text)
        return text[spans[3][1]:] if len(spans) > 4 else ""


def measured(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch, predictor: Any, lines: list[str]) -> Report:
    """The report of PLAN on these held-out lines, with one predictor for both arms."""
    language = with_tests(folder, fairness=PLAN)
    write_rows(out / "test.parquet", [{"text": "\n".join(lines)}])
    monkeypatch.setattr("vernacular.evaluation.fairness.run.load_predictor", lambda *about: predictor)
    return run(SimpleNamespace(language=language, out=out, inputs={"corpus/splits": out}, reports={}, seed=1,  # type: ignore[arg-type]
                               settings=language.behaviour, progress=lambda line: None), "tiny",
               language.models["tiny"])


def test_lines_that_are_not_read_to_their_end_do_not_hide_a_gap(language_folder: Path, tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for at in range(12) for line in (f"lero {at} Amo wafika", f"dzulo ndi {at} lero ku Amo")]
    report = measured(language_folder, tmp_path, monkeypatch, Cut("amo", "badu"), lines)
    found = report.details["comparisons"]["names_two"]
    assert found["sentences"] == 12
    assert (found["adapted"]["gap"], found["verdict"]) == (1, "inherited")
    assert report.gates[0].passed


def test_where_nothing_was_measured_the_gate_is_red(language_folder: Path, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    report = measured(language_folder, tmp_path, monkeypatch, FakeWords(), ["palibe dzina lina pano"])
    assert report.details["comparisons"]["names_two"]["verdict"] == "not measured"
    assert not report.gates[0].passed
    assert report.gates[0].reason.startswith("not measured")


def test_a_plan_is_read_and_its_errors_are_one_line(language_folder: Path) -> None:
    plan = fairness.load_plan(with_tests(language_folder, fairness=PLAN))
    assert plan is not None
    assert plan.tasks == ["names"]
    with pytest.raises(Problem, match=r"qaa/behaviour/fairness.yaml:2: .*VN-CONFIG-VALUE"):
        fairness.load_plan(with_tests(language_folder, fairness=PLAN.replace("[names]", "[name]")))
    with pytest.raises(Problem, match=r"fairness.yaml:4: .*VN-CONFIG-VALUE"):
        fairness.load_plan(with_tests(language_folder, fairness=PLAN.replace("      new: [Kemi]\n", "")))


SPELT = fairness.Comparison.model_validate({"name": "spelling", "spellings": {
    "old": [], "new": [{"operator": "replace", "pairs": {"au": "awu"}}]}})


def test_a_line_is_spelt_in_every_way_and_mistyped_for_comparison() -> None:
    variants = write_variants(SPELT, ["mau anga", "palibe dzina", "mau ndi mau anu"], 10, 1)
    assert len(variants) == 2
    for item in variants:
        old, new = (item.lines[item.order.index(group)] for group in (0, 1))
        assert new == old.replace("au", "awu") != old
        first = item.lines[0]
        assert item.twin != first and len(item.twin) == len(first)
        assert sum(one != other for one, other in zip(first, item.twin, strict=True)) <= old.count("au")


def test_answers_that_depend_on_the_spelling_are_counted() -> None:
    variants = write_variants(SPELT, [f"mau anga {number}" for number in range(20)], 20, 1)
    by_word = labels_differ(Asker(FakeWords("mau"), words), variants, str)
    assert by_word[:, 0].all()
    assert not labels_differ(Asker(FakeLines(), None), variants, str).any()


def test_a_spelling_that_joins_words_is_judged_by_the_others() -> None:
    joined = fairness.Comparison.model_validate({"name": "spelling", "spellings": {
        "old": [], "new": [{"operator": "replace", "pairs": {"ku ": "ku"}}]}})
    variants = write_variants(joined, ["ali ku nyumba lero bwino ndithu"], 1, 1)
    first, twin = variants[0].lines[0], variants[0].twin
    assert sum(one != other for one, other in zip(words(first), words(twin), strict=True)) <= 2  # slips
    assert not labels_differ(Asker(FakeWords("ndithu"), words), variants, str)[:, 0].any()
    assert labels_differ(Asker(OddLines(), words), variants, str)[:, 0].all()


class OddLines(FakeWords):
    """Calls every word a name where a line has an odd number of words."""

    def probabilities(self, texts: Sequence[str]) -> list[Any]:
        return [np.array([[.2, .8] if len(words(text)) % 2 else [.8, .2]] * len(words(text))) for text in texts]


@pytest.mark.parametrize("objective", ["masked", "causal"])
def test_names_are_predicted_by_group(tmp_path: Path, objective: str) -> None:
    (write_bert if objective == "masked" else write_llama)(tmp_path)
    model, tokenizer = load_model(tmp_path, objective), load_tokenizer(tmp_path)
    variants = write_variants(GROUPS, [f"lero Amo wafika {number}" for number in "abcd"], 10, 1)
    hits = name_surprisals(model, tokenizer, objective, variants)
    assert hits.shape == (4, 2)
    assert (hits > 0).all()
    found = gaps.compare_groups(hits, hits, ["old", "new"], 1)
    assert found.base is not None and found.base.groups["old"] == pytest.approx(hits[:, 0].mean())
    assert found.verdict in ("inherited", "within noise")


def test_a_name_of_several_words_is_found_whole() -> None:
    assert places_of("Jean-Paul", "lero Jean-Paul ndi Jean wafika ku Jean-Pauls") == [(5, 14)]
    assert places_of("Amo", "Amos ndi Amo") == [(9, 12)]


@pytest.mark.parametrize(("text", "code"), [
    (PLAN.replace("Amo", '"Amo."', 1), "VN-CONFIG-VALUE"),
    (PLAN.replace("[Kemi]", "[Kemi, Amo]"), "VN-CONFIG-VALUE"),
    (PLAN.replace("tasks: [names]", "tasks: []"), "VN-CONFIG-VALUE"),
    (PLAN + "    spellings: {a: [], b: []}\n", "VN-CONFIG-VALUE"),
    (PLAN + "  - {name: spelt, spellings: {a: [], b: [{operator: code_switch, lexicon: no}]}}\n",
     "VN-CONFIG-RULE"),
    (PLAN.replace("author: me", "author: me\nreviewed: Amo"), "VN-CONFIG-VALUE"),
])
def test_plans_that_cannot_be_used(language_folder: Path, text: str, code: str) -> None:
    with pytest.raises(Problem, match=code):
        fairness.load_plan(with_tests(language_folder, fairness=text))


def test_a_plan_refuses_a_task_of_several_labels(language_folder: Path) -> None:
    language = with_tests(language_folder, fairness=PLAN)
    topic = {"kind": "sequence_classification", "multi_label": True, "data": {"kind": "files", "train": "a.csv"}}
    with pytest.raises(Problem, match=r"fairness.yaml:2: .*VN-CONFIG-RULE"):
        fairness.load_plan(language.model_copy(update={"tasks": {"names": Task.model_validate(topic)}}))


def test_a_plan_needs_no_task(language_folder: Path) -> None:
    plan = fairness.load_plan(with_tests(language_folder, fairness=PLAN.replace("tasks: [names]", "likelihood: true")))
    assert plan is not None and plan.likelihood and plan.review_of(Suite()) == "none"


def test_a_plan_that_was_changed_is_unreviewed_again() -> None:
    switch = fairness.Comparison.model_validate({"name": "spelling", "spellings": {
        "old": [], "new": [{"operator": "code_switch", "lexicon": "english"}]}})

    def plan(*comparisons: fairness.Comparison, **more: Any) -> fairness.Plan:
        return fairness.Plan.model_validate({"author": "me", "tasks": ["names"], "comparisons": comparisons, **more})

    suite, other = (Suite.model_validate({"lexicons": {"english": {"pairs": {"moni": word}}}}) for word in ("hi", "ho"))
    review = {"by": "Kemi", "on": "2026-01-31"}
    assert plan(GROUPS, switch, reviewed=review).review_of(suite) == "none"  # of what?
    review["of"] = plan(GROUPS, switch).digest(suite)
    assert plan(GROUPS, switch, reviewed=review, likelihood=True).review_of(suite) == "Kemi, 2026-01-31"
    renamed = GROUPS.model_copy(update={"groups": {"old": ["Amo"], "new": ["Kemi"]}})
    for changed, lists in ((plan(GROUPS, switch, reviewed=review), other), (plan(GROUPS, reviewed=review), suite),
                           (plan(renamed, switch, reviewed=review), suite)):
        assert changed.review_of(lists) == "none"
