"""The gates of a release: the reason of each for made-up results."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.unit.release.made_up import NAME, RELOADED, edited, made_up_reports, point
from vernacular.config.schema import Language
from vernacular.core.report import Gate
from vernacular.modeling.variants import ARMS
from vernacular.release.card import write_card
from vernacular.release.gates import release_gates
from vernacular.release.result_models import ReleaseResults
from vernacular.release.result_tables import learned_from, score_table
from vernacular.release.results import gather


def test_gates_name_what_is_red(language: Language, found: ReleaseResults) -> None:
    gates = {gate.name: gate for gate in found.release_gates}
    assert [name for name, gate in gates.items() if not gate.passed] == ["behaviour", "publishable"]
    assert "spaces" in gates["behaviour"].reason
    assert not any(gate.blocking for gate in gates.values())
    nothing = gather(language, NAME, language.models[NAME], {})
    assert len(nothing.missing) == 14
    assert not any(gate.passed for gate in nothing.release_gates if gate.name in (
        "adapted_not_worse_than_control", "released_not_worse_than_base", "no_contamination", "behaviour", "retention",
        "no_planted_phrase", "loads_in_ecosystem", "publishable"))


HARM = [-0.04, -0.03, -0.02]


@pytest.mark.parametrize("bound", [float("nan"), None])
def test_an_interval_that_is_no_number_is_not_measured(language: Language, bound: float | None) -> None:
    results = gather(language, NAME, language.models[NAME], made_up_reports(), reloaded=RELOADED)
    def lose(data: Any) -> None:
        data["tasks"]["genre"]["intervals"]["adapted_minus_base"] = [bound] * 3
        data["likelihood"]["differences"]["adapted_minus_base"] = [bound] * 3

    results = edited(results, lose)
    gate = next(gate for gate in release_gates(results) if gate.name == "released_not_worse_than_base")
    assert not gate.passed and gate.reason == "not measured: likelihood, genre"


def _gate(results: ReleaseResults, name: str) -> Gate:
    return next(gate for gate in results.release_gates if gate.name == name)


@pytest.mark.parametrize(("difference", "gate"), [("adapted_minus_control", "adapted_not_worse_than_control"),
                                                  ("adapted_minus_base", "released_not_worse_than_base")])
def test_a_task_that_got_worse_is_red_though_the_likelihood_got_better(language: Language, difference: str,
                                                                       gate: str) -> None:
    reports = made_up_reports()
    reports[f"task/genre_{NAME}"].details["intervals"][difference] = HARM
    results = gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)
    assert results.likelihood.verdicts[difference] == "gain"
    found = _gate(results, gate)
    assert not found.passed and "genre (-0.030, 95 % interval -0.040 to -0.020)" in found.reason
    assert gate in _gate(results, "publishable").reason


def test_so_is_a_task_that_is_worse_when_asked_without_fine_tuning(language: Language) -> None:
    reports = made_up_reports()
    scores = {arm: [0.5] for arm in ARMS}
    reports[f"task/names_{NAME}"].details["untrained"] = {"0_shot": {
        "scores": scores, "means": dict.fromkeys(ARMS, 0.5), "arm_intervals": {}, "more_intervals": {},
        "more_differences": {}, "intervals": {"adapted_minus_base": HARM, "adapted_minus_control": [0.0, 0.0, 0.0]}}}
    results = gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)
    assert "names 0-shot (-0.030" in _gate(results, "released_not_worse_than_base").reason
    assert _gate(results, "adapted_not_worse_than_control").passed


def test_a_task_that_nothing_was_trained_for_shows_a_score_and_no_seed(language: Language) -> None:
    reports = made_up_reports()
    details = reports[f"task/genre_{NAME}"].details
    details |= {"kind": "sentence_retrieval", "metric": "accuracy_at_1", "fine_tuned": False, "train_items": 0,
                "scores": {arm: [{**rows[0], "seed": 0}] for arm, rows in details["scores"].items()}}
    found = gather(language, NAME, language.models[NAME], reports,
                   reloaded={**RELOADED, "genre": RELOADED["genre"].model_copy(update={"seed": None, "alone": False})})
    task = found.tasks["genre"]
    assert score_table(task).columns == ["model", "score", "95 % interval"]
    assert all(len(row) == 3 for row in score_table(task).rows) and "seed" not in learned_from(task)
    card = write_card(found)
    assert "tasks/genre" not in card and "tasks/names" in card
    head = yaml.safe_load(card.split("---\n", 2)[1])
    scored = {one["task"]["name"]: one["metrics"][0]["args"] for one in head["model-index"][0]["results"]}
    assert "seeds" not in scored["genre"] and "seeds" in scored["names"]
    assert _gate(found, "loads_in_ecosystem").passed


def test_worse_with_fewer_labels_is_reported_and_forbids_nothing(language: Language) -> None:
    reports = made_up_reports()
    details = reports[f"task/genre_{NAME}"].details
    few = {**details, "train_items": 8, "dead": [],
           "intervals": {**details["intervals"], "adapted_minus_control": HARM}}
    details["curve"] = [point(few), point(details)]
    found = _gate(gather(language, NAME, language.models[NAME], reports), "adapted_not_worse_than_control")
    assert found.passed and "but with fewer labels it is, on genre of 8 labels (-0.030" in found.reason


def test_a_control_that_is_released_is_compared_with_the_base(language: Language) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 1.1), (f"model/{NAME}_control", 1.0)):
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    found = _gate(gather(language, NAME, language.models[NAME], reports), "released_not_worse_than_base")
    assert not found.passed and found.reason == "not measured: likelihood, genre, names"
    reports[f"evaluation/{NAME}_likelihood"].details["differences"]["control_minus_base"] = [0.1, 0.2, 0.3]
    for task in ("names", "genre"):
        reports[f"task/{task}_{NAME}"].details["intervals"]["control_minus_base"] = [-0.1, 0.0, 0.1]
    found = _gate(gather(language, NAME, language.models[NAME], reports), "released_not_worse_than_base")
    assert not found.passed and "likelihood (+0.200" in found.reason and "genre" not in found.reason


def test_a_task_that_was_not_run_is_not_taken_for_one_without_harm(language: Language) -> None:
    reports = made_up_reports()
    del reports[f"task/genre_{NAME}"]
    results = gather(language, NAME, language.models[NAME], reports)
    for gate in ("adapted_not_worse_than_control", "released_not_worse_than_base"):
        assert _gate(results, gate).reason == f"not measured: task/genre_{NAME}"
