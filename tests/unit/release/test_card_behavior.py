"""What the card says of behaviour and fairness."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console

from tests.unit.release.made_up import NAME, RELOADED, current, edited, made_up_reports
from vernacular.config.schema import Language
from vernacular.release.card import write_card
from vernacular.release.result_models import ReleaseResults
from vernacular.release.results import gather
from vernacular.reporting.full_report import print_table


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
    said = json.dumps(results.as_json()) + write_card(results)
    assert "typed for spaces" in said and "typed for said" not in said and "typed for marked" not in said


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


def test_unreviewed_tests_and_intervals_of_fairness_stand_apart_on_the_card(found: ReleaseResults) -> None:
    found = edited(found, add_reviewed_test_and_fairness)
    body = write_card(found).split("## Behaviour")[1]
    reviewed, unreviewed = body.split("**Not reviewed by a speaker")
    assert "1 test, 1 kept" in reviewed and "| swap |" in reviewed and "Kemi, 2026-01-31" in reviewed
    assert ": 1 test, 0 kept" in unreviewed and "| spaces |" in unreviewed and "| swap |" not in unreviewed
    assert "| worst | worst␣␣ |" in unreviewed and "␣ is a space" in unreviewed and "second" not in unreviewed
    out = io.StringIO()
    print_table(current(found), Console(file=out))
    assert "is on the card and on the page" in out.getvalue() and "worst␣␣" not in out.getvalue()
    assert "0.100 (0.050 to 0.150)" in unreviewed and "+0.100 (+0.020 to +0.180)" in unreviewed
    assert "| women, men |" in unreviewed and "A list. Author: me; reviewed by a speaker: none." in unreviewed
    assert "A list. Author: me; reviewed by a speaker: none." in " ".join(out.getvalue().split())
