"""Behavior, fairness, forgetting and planted phrases on the card."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from tests.unit.release.made_up import NAME, RELOADED, current, edited, made_up_reports
from vernacular.config.schema import Language
from vernacular.release.card import write_card
from vernacular.release.card_evaluation import kept_on_tasks
from vernacular.release.result_models import ReleaseResults
from vernacular.release.results import gather
from vernacular.reporting.full_report import print_table
from vernacular.reporting.html import page

NONE = "No task in one of the base's languages was scored."
HARM = [-0.04, -0.03, -0.02]


def test_what_speakers_typed_is_not_handed_on(language: Language) -> None:
    """Neither by a test that the folder writes for marks, nor by the one that they get by themselves."""
    (language.folder / "behaviour").mkdir(exist_ok=True)
    (language.folder / "behaviour" / "marked.yaml").write_text(
        "tests:\n- {name: said, capability: marks, type: minimum, task: names, author: me, from: marks}\n")
    reports = made_up_reports()
    behaviour = reports[f"evaluation/{NAME}_behaviour"]
    for name in ("said", "marked_by_speakers_genre"):
        behaviour.details["tests"][name] = behaviour.details["tests"]["spaces"]
    behaviour.samples["worst_failures"] = [
        {"test": name, "line": f"typed for {name}", "changed line": "", "answer": "a"}
        for name in ("spaces", "said", "marked_by_speakers_genre")]
    results = gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)
    text = json.dumps(results.as_json()) + write_card(results)
    assert "typed for spaces" in text and "typed for said" not in text and "typed for marked" not in text


def add_reviewed_test_and_fairness(found: Any) -> None:
    test = found["behaviour"]["tests"]["spaces"]
    good = {"cases": 40, "failures": 0, "rate": 0.0, "low": 0.0, "high": 0.09}
    found["behaviour"]["gates"].append({"name": "swap", "passed": True, "reason": "kept"})
    found["behaviour"]["tests"]["swap"] = {**test, "reviewed": "Kemi, 2026-01-31", "adapted": good, "task": None}
    found["behaviour"]["worst_failures"] = [
        {"test": "spaces", "line": "worst", "changed line": "worst␣␣", "answer": "a",
         "answer to the changed line": "b"},
        {"test": "spaces", "line": "second", "changed line": "second  ", "answer": "a",
         "answer to the changed line": "b"}]
    gap = {"gap": 0.1, "low": 0.05, "high": 0.15, "beyond_noise": True, "gap_by_chance": 0.0, "groups": {
        "men": 0.7, "women": 0.6, "both": 0.65}}
    found["fairness"] = {"measured": True, "caveat": "A list.", "author": "me", "reviewed": "none", "comparisons": {
        "names_two": {"task": "names", "comparison": "two", "measure": "names_found", "groups": ["men", "women"],
                      "sentences": 30, "base": gap,
                      "adapted": {**gap, "gap": 0.2}, "change": [0.02, 0.1, 0.18], "verdict": "made worse"}}}


def test_unreviewed_tests_and_intervals_of_fairness_are_separate_on_the_card(found: ReleaseResults) -> None:
    found = edited(found, add_reviewed_test_and_fairness)
    body = write_card(found).split("## Behavior")[1]
    reviewed, unreviewed = body.split("**Not reviewed by a speaker")
    assert "1 test, 1 passed" in reviewed and "| swap |" in reviewed and "Kemi, 2026-01-31" in reviewed
    assert ": 1 test, 0 passed" in unreviewed and "| spaces |" in unreviewed and "| swap |" not in unreviewed
    assert "| worst | worst␣␣ |" in unreviewed and "␣ is a space" in unreviewed and "second" not in unreviewed
    out = io.StringIO()
    print_table(current(found), Console(file=out))
    assert "worst␣␣" not in out.getvalue()
    assert "0.100 (0.050 to 0.150)" in unreviewed and "+0.100 (+0.020 to +0.180)" in unreviewed
    assert "| women, men |" in unreviewed and "A list. Author: me; reviewed by a speaker: none." in unreviewed
    assert "A list. Author: me; reviewed by a speaker: none." in " ".join(out.getvalue().split())


def gathered(language: Language, interval: list[float] | None = None) -> ReleaseResults:
    """Results in which `genre` is a task in English; ``interval``: of adapted minus base."""
    reports = made_up_reports()
    intervals = reports[f"task/genre_{NAME}"].details["intervals"]
    if interval is None:
        del intervals["adapted_minus_base"]
    else:
        intervals["adapted_minus_base"] = interval
    english = language.tasks["genre"].model_copy(update={"language": "eng"})
    language = language.model_copy(update={"tasks": {**language.tasks, "genre": english}})
    return gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)


def gate(results: ReleaseResults, name: str) -> tuple[bool, str]:
    return next((one.passed, one.reason) for one in results.release_gates if one.name == name)


def test_card_page_and_terminal_show_it_under_retention(language: Language) -> None:
    results = gathered(language, [-0.05, 0.01, 0.06])
    sentence, = kept_on_tasks(results)
    assert "eng" in sentence and sentence.endswith("base 0.520, control 0.520, adapted 0.530; adapted against base "
                                                   "+0.010, 95 % interval -0.050 to +0.060.")
    card = write_card(results)
    assert "The task genre, in eng" in card.split("## What it forgot")[1].split("## ")[0] and NONE not in card
    html = page(current(results), {})
    assert f"<p>The task {sentence}</p>" in html.split('id="retention"')[1].split("</section>")[0] and NONE not in html
    shown = io.StringIO()
    print_table(current(results), Console(file=shown, width=200))
    assert "in eng, a language of the base" in shown.getvalue()


def test_without_such_a_task_its_absence_is_stated(language: Language) -> None:
    results = gather(language, NAME, language.models[NAME], made_up_reports(), reloaded=RELOADED)
    assert kept_on_tasks(results) == []
    assert NONE in write_card(results) and NONE in page(current(results), {})


@pytest.mark.parametrize(("interval", "passed", "ending"), [
    ([-0.05, 0.01, 0.06], True, "; no worse than the base on genre"),
    (HARM, False, "; worse than the base on genre (-0.030, 95 % interval -0.040 to -0.020)"),
    (None, False, "; not measured: genre")])
def test_the_gate_of_retention_guards_it_and_no_other(language: Language, interval: list[float] | None, passed: bool,
                                                       ending: str) -> None:
    results = gathered(language, interval)
    green, reason = gate(results, "retention")
    assert green == passed and reason.endswith(ending) and reason.startswith("changed by +0.1%")
    assert gate(results, "released_not_worse_than_base")[0]
