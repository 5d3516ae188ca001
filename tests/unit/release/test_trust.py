"""What is said beside an answer: how often it is right, what the baseline reaches, and when it is a guess."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.release.made_up import task_details
from vernacular.release.card import write_card
from vernacular.release.results import Results
from vernacular.release.trust import (
    Trust,
    accuracies,
    calibration_of_seed,
    calibration_rows,
    calibration_said,
    right_said,
    trust_of,
)
from vernacular.tasks.calibration_report import Calibration, CalibrationReport, Quality, SeedCalibration


def calibrated(decisions: int = 100) -> dict[str, Any]:
    """What the report of a task says of its probabilities."""
    found = Calibration(2.5, decisions, Quality(0.4, 2.0, 0.9), Quality(0.05, 1.25, 0.75))
    rows = [SeedCalibration(seed=seed, calibration=found) for seed in (1, 2, 3)]
    return CalibrationReport(shares={"market": 0.5, "river": 0.1, "school": 0.4},
                             arms={"base": rows, "control": rows, "adapted": rows}).model_dump(mode="json")


def with_accuracy(right: float, baseline: float) -> dict[str, Any]:
    details = task_details("genre", 0.3, 0.34, [0.0, 0.04, 0.08])
    for rows in details["scores"].values():
        for row in rows:
            row["more"] = {"accuracy": right}
    return details | {"more_floor_intervals": {"majority": {"accuracy": [0, 0.1, 1]},
                                               "tfidf_logistic": {"accuracy": [0, baseline, 1]}}}


def test_accuracy_stands_beside_the_best_baselines() -> None:
    assert (accuracies(with_accuracy(0.44, 0.31), "adapted") or ()) == pytest.approx((0.44, 0.31))
    said = right_said(with_accuracy(0.44, 0.31), "adapted")
    assert "4 times in 10" in said and "3 times in 10" in said and "0.36" in said and "0.40" in said
    assert "99 times in 100" in right_said(with_accuracy(0.99, 0.05), "base")


def test_without_accuracy_the_score_is_said_and_without_scores_nothing() -> None:
    assert accuracies(task_details("names", 0.3, 0.6, [0.2, 0.3, 0.4]), "adapted") is None
    said = right_said(task_details("names", 0.3, 0.6, [0.2, 0.3, 0.4]), "adapted")
    assert "0.62" in said and "0.40" in said
    assert right_said({}, "adapted") == "" and trust_of({}) == Trust()


@pytest.mark.parametrize(("label", "probability", "guess"), [
    ("river", 0.27, True), ("river", 0.29, False), ("market", 0.59, True), ("market", 0.61, False),
    ("another", 0.01, False)])
def test_a_guess_is_near_the_share_of_the_label(label: str, probability: float, guess: bool) -> None:
    assert trust_of({"calibration": calibrated()}).is_guess(label, probability) == guess


def test_the_card_shows_calibration_before_and_after(found: Results) -> None:
    assert calibration_rows(found["tasks"]["genre"]) == [] and calibration_said(found["tasks"]["genre"]) == ""
    found["tasks"]["genre"]["calibration"] = calibrated()
    assert calibration_rows(found["tasks"]["genre"])[2] == [
        "adapted", "2.50, 2.50, 2.50", "0.050 (before 0.400)", "1.250 (before 2.000)", "0.750 (before 0.900)"]
    card = write_card(found)
    assert "0.050 (before 0.400)" in card and "100 dev labels" in card


def test_without_dev_items_nothing_is_called_calibrated() -> None:
    said = [calibration_said({"calibration": calibrated(decisions)}) for decisions in (0, 7)]
    assert "not calibrated" in said[0] and "not" not in said[1].split("which")[0]


def test_the_calibration_of_the_released_seed() -> None:
    details = {"calibration": calibrated()}
    assert (calibration_of_seed(details, "adapted", 2) or {})["temperature"] == 2.5
    assert calibration_of_seed(details, "adapted", 9) is None and calibration_of_seed({}, "adapted", 1) is None
