"""Fairness: swapped names, gaps and verdicts, on answers made up for the purpose."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.unit.evaluation.test_behaviour import FakeWords, with_tests
from vernacular.config.load import load_language
from vernacular.corpus.words import words
from vernacular.errors import Problem
from vernacular.evaluation import fairness
from vernacular.evaluation.behaviour.run import Asker
from vernacular.tasks.derived import lower

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
    variants = fairness.write_variants(GROUPS, ["lero Amo wafika", "palibe dzina"], 10, 1)
    assert len(variants) == 1
    by_group = dict(zip(variants[0].order, zip(variants[0].names, variants[0].lines, strict=True), strict=True))
    (old, old_line), (new, new_line) = by_group[0], by_group[1]
    assert old == "Badu"  # never the name that stands there
    assert new in ("Kemi", "Zola")
    assert (old_line, new_line) == (f"lero {old} wafika", f"lero {new} wafika")


def test_names_found_by_group() -> None:
    variants = fairness.write_variants(GROUPS, [f"lero {name} wafika {number}" for number in range(20)
                                                for name in ("Amo", "Kemi")], 40, 1)
    hits = fairness.names_found(Asker(FakeWords("amo", "badu"), words), 1, variants, lower)
    assert hits.shape == (40, 2)
    assert hits.mean(axis=0).tolist() == [1, 0]


@pytest.mark.parametrize(("base", "adapted", "verdict"), [
    ((1.0, 0.2), (1.0, 0.2), "inherited"), ((1.0, 0.2), (1.0, 0.9), "lessened"),
    ((1.0, 0.9), (1.0, 0.3), "made worse"), ((0.8, 0.8), (0.8, 0.8), "within noise")])
def test_verdicts(base: tuple[float, float], adapted: tuple[float, float], verdict: str) -> None:
    def hits(shares: tuple[float, float]) -> fairness.Hits:
        return np.stack([(np.arange(200) % 10 < 10 * share) for share in shares], axis=1).astype(float)

    found = fairness.compare_recall(hits(base), hits(adapted), ["old", "new"], 1)
    assert found["verdict"] == verdict
    assert found["base"]["gap"] == pytest.approx(base[0] - base[1])
    assert found["change"][0] <= found["change"][1] + 1e-9 and found["change"][1] <= found["change"][2] + 1e-9


def test_changed_labels() -> None:
    some = (np.arange(100) < 30).astype(float)
    none, with_group, with_any = (np.stack(pair, axis=1) for pair in (
        (some * 0, some * 0), (some, some * 0), (some, np.roll(some, 30))))
    assert fairness.compare_changes(none, with_group, 1)["verdict"] == "made worse"
    assert fairness.compare_changes(with_group, none, 1)["verdict"] == "lessened"
    assert fairness.compare_changes(none, with_any, 1)["verdict"] == "within noise"  # any swap, not the group


def test_no_plan_is_said_and_is_no_failure(language_folder: Path, tmp_path: Path) -> None:
    language = load_language(language_folder)
    assert fairness.load_plan(language) is None
    report = fairness.run(SimpleNamespace(language=language, out=tmp_path), "tiny", language.models["tiny"])  # type: ignore[arg-type]
    assert report.counts["groups"].value == 0
    assert not report.gates
    assert "Not measured" in report.details["caveat"]


def test_a_plan_is_read_and_its_errors_are_one_line(language_folder: Path) -> None:
    plan = fairness.load_plan(with_tests(language_folder, fairness=PLAN))
    assert plan is not None
    assert plan.tasks == ["names"]
    with pytest.raises(Problem, match=r"qaa/behaviour/fairness.yaml:2: there is no task 'name'"):
        fairness.load_plan(with_tests(language_folder, fairness=PLAN.replace("[names]", "[name]")))
    with pytest.raises(Problem, match=r"fairness.yaml:4: comparisons.1: a comparison needs two groups"):
        fairness.load_plan(with_tests(language_folder, fairness=PLAN.replace("      new: [Kemi]\n", "")))
