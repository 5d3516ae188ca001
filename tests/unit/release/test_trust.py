"""What is shown beside an answer: how often it is right, what the baseline reaches, and when it is a guess."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.release.made_up import edited, task_details
from vernacular.release.card import write_card
from vernacular.release.result_models import ReleaseResults
from vernacular.release.trust import (
    Trust,
    accuracies,
    calibration_of_seed,
    calibration_table,
    describe_accuracy,
    describe_calibration,
    trust_of,
)
from vernacular.tasks.calibration_report import Calibration, CalibrationReport, Quality, SeedCalibration
from vernacular.tasks.stage_results import TaskResult


def calibrated(decisions: int = 100) -> dict[str, Any]:
    """The calibration in the report of a task."""
    found = Calibration(2.5, decisions, Quality(0.4, 2.0, 0.9), Quality(0.05, 1.25, 0.75))
    rows = [SeedCalibration(seed=seed, calibration=found) for seed in (1, 2, 3)]
    return CalibrationReport(shares={"market": 0.5, "river": 0.1, "school": 0.4},
                             arms={"base": rows, "control": rows, "adapted": rows}).model_dump(mode="json")


def task(details: dict[str, Any]) -> TaskResult:
    return TaskResult.model_validate(details)


def with_accuracy(right: float, baseline: float) -> TaskResult:
    details = task_details("genre", 0.3, 0.34, [0.0, 0.04, 0.08])
    for rows in details["scores"].values():
        for row in rows:
            row["more"] = {"accuracy": right}
    return task(details | {"more_floor_intervals": {"majority": {"accuracy": [0, 0.1, 1]},
                                                    "tfidf_logistic": {"accuracy": [0, baseline, 1]}}})


def with_calibration(decisions: int = 100) -> TaskResult:
    return task(task_details("genre", 0.3, 0.34, [0.0, 0.04, 0.08]) | {"calibration": calibrated(decisions)})


def test_accuracy_is_beside_the_best_baselines() -> None:
    assert (accuracies(with_accuracy(0.44, 0.31), "adapted") or ()) == pytest.approx((0.44, 0.31))
    text = describe_accuracy(with_accuracy(0.44, 0.31), "adapted")
    assert "4 times in 10" in text and "3 times in 10" in text and "0.36" in text and "0.40" in text
    assert "99 times in 100" in describe_accuracy(with_accuracy(0.99, 0.05), "base")


def test_without_accuracy_the_score_is_shown_and_without_scores_nothing() -> None:
    names = task_details("names", 0.3, 0.6, [0.2, 0.3, 0.4])
    assert accuracies(task(names), "adapted") is None
    text = describe_accuracy(task(names), "adapted")
    assert "0.62" in text and "0.40" in text
    unscored = task(names | {"scores": {}})
    assert describe_accuracy(unscored, "adapted") == "" and trust_of(unscored) == Trust()


@pytest.mark.parametrize(("label", "probability", "guess"), [
    ("river", 0.27, True), ("river", 0.29, False), ("market", 0.59, True), ("market", 0.61, False),
    ("another", 0.01, False)])
def test_a_guess_is_near_the_share_of_the_label(label: str, probability: float, guess: bool) -> None:
    assert trust_of(with_calibration()).is_guess(label, probability) == guess


def test_the_card_shows_calibration_before_and_after(found: ReleaseResults) -> None:
    assert not calibration_table(found.tasks["genre"]) and describe_calibration(found.tasks["genre"]) == ""
    found = edited(found, lambda data: data["tasks"]["genre"].update(calibration=calibrated()))
    assert calibration_table(found.tasks["genre"]).rows[2] == [
        "adapted", "2.50, 2.50, 2.50", "0.050 (before 0.400)", "1.250 (before 2.000)", "0.750 (before 0.900)"]
    card = write_card(found)
    assert "0.050 (before 0.400)" in card and "100 dev labels" in card


def test_without_dev_items_nothing_is_called_calibrated() -> None:
    text = [describe_calibration(with_calibration(decisions)) for decisions in (0, 7)]
    assert "not calibrated" in text[0] and "not" not in text[1].split("which")[0]


def test_the_calibration_of_the_released_seed() -> None:
    found = calibration_of_seed(with_calibration(), "adapted", 2)
    assert found is not None and found.temperature == 2.5
    assert calibration_of_seed(with_calibration(), "adapted", 9) is None
    assert calibration_of_seed(with_accuracy(0.5, 0.5), "adapted", 1) is None
