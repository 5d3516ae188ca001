"""Calibration: what is fitted, what it changes, and what it leaves as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from transformers import pipeline

from tests.tiny import write_bert, write_llama
from tests.unit.tasks.made import kind_of, names_kind, tagged, task_of, topics
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.release.export import export_task
from vernacular.tasks.adapter_model import save
from vernacular.tasks.base import IGNORED, Labelling
from vernacular.tasks.calibration import (
    calibrate,
    calibration_of,
    decisions,
    fit_temperature,
    label_logits,
    label_shares,
    measure,
)
from vernacular.tasks.calibration_report import Calibration, CalibrationReport, Quality, SeedCalibration
from vernacular.tasks.learning_curve import Run
from vernacular.tasks.token_classification import TokenClassification

TEXTS = [Item("the red fox", (0,)), Item("a dog flies", (1,)), Item("the crow looks", (0,)), Item("a river", (1,))] * 6
WORDS = [Item("the fox looks", (0, 1, 0)), Item("a dog flies", (IGNORED, 1, 0))] * 4


def certain(network: Any, scale: float = 40.0) -> None:
    """Make the head certain of all that it says."""
    network.head.weight.data *= scale


def drawn(decided: int, temperature: float, seed: int = 1) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Logits that are ``temperature`` times too large, and truths drawn from what they mean."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (decided, 4))
    truths = np.array([rng.choice(4, p=row) for row in softmax(logits, -1)])
    return logits * temperature, truths


@pytest.mark.parametrize("temperature", [0.4, 1.0, 6.0])
def test_the_temperature_is_found(temperature: float) -> None:
    logits, truths = drawn(4000, temperature)
    assert fit_temperature(logits, truths) == pytest.approx(temperature, rel=0.08)
    before, after = measure(logits, truths), measure(logits / fit_temperature(logits, truths), truths)
    assert after.calibration_error < 0.03 and after.log_loss <= before.log_loss + 1e-9


def test_few_decisions_make_no_classifier_certain() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]])
    assert 0.3 < fit_temperature(logits, np.array([0, 1, 0])) < 1.0
    assert fit_temperature(logits[:0], np.zeros(0, np.int64)) == 1.0


def test_measures_by_hand() -> None:
    found = measure(np.log([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]]), np.array([0, 1, 1]))
    assert found.calibration_error == pytest.approx((abs(0.9 + 0.9 - 1) + abs(0.6 - 1)) / 3)
    assert found.log_loss == pytest.approx(-np.log([0.9, 0.1, 0.6]).mean())
    assert found.brier == pytest.approx((2 * 0.01 + 2 * 0.81 + 2 * 0.16) / 3)


def test_only_known_answers_count_and_each_of_several_labels_is_a_decision() -> None:
    kind = names_kind()
    rows, truths = decisions(kind, [np.ones((3, 2)), np.zeros((3, 2))], WORDS[:2])
    assert rows.shape == (5, 2) and truths.tolist() == [0, 1, 0, 1, 0]
    many = topics("a", "b", multi_label=True)
    rows, truths = decisions(many, [np.array([[3.0, -1.0]])], [Item("x", (1,))])
    assert rows.tolist() == [[0, 3], [0, -1]] and truths.tolist() == [0, 1]
    assert label_shares(many, [Item("x", (1,)), Item("y", (0, 1))]) == {"a": 0.5, "b": 1.0}
    assert label_shares(kind, WORDS[:2]) == {"O": pytest.approx(0.6), "NAME": pytest.approx(0.4)}


def test_what_begins_an_entity_is_its_b_in_logits_as_in_probabilities() -> None:
    kind = kind_of(task_of("token_classification"), tagged("Moses/B-PER Busher/I-PER ali/O"))
    assert isinstance(kind, TokenClassification)
    logits = np.array([[0.0, 1.0, 4.0], [0.0, 1.0, 4.0]], np.float32)  # O, B-PER, I-PER
    assert kind.arranged(logits).tolist() == [[0, 4, 1], [0, 1, 4]]
    assert logits[0].tolist() == [0, 1, 4]
    assert kind.answered(logits) == [1, 2]
    assert np.allclose(kind.probabilities(logits), softmax(kind.arranged(logits), -1))


@pytest.mark.parametrize(("objective", "write"), [("masked", write_bert), ("causal", write_llama)])
@pytest.mark.parametrize("kind", [topics("a", "b"), topics("a", "b", multi_label=True), names_kind()],
                         ids=["text", "several", "words"])
def test_calibration_changes_no_answer(objective: str, write: Any, kind: Labelling, tmp_path: Path) -> None:
    write(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    network = kind.bare(load_model(tmp_path, objective), tokenizer.pad_token_id)
    items = WORDS if kind.by_word else TEXTS
    certain(network)
    answers = kind.predict(network, tokenizer, items, 32)
    old = label_logits(kind, network, tokenizer, items, 32)
    temperature, fitted = calibrate(kind, network, tokenizer, items, 32)
    new = label_logits(kind, network, tokenizer, items, 32)
    assert temperature > 1.5 and fitted == sum(len(row) for row in old) * (2 if kind.task.multi_label else 1) - (
        4 if kind.by_word else 0)
    assert all(np.allclose(row, other * temperature, rtol=1e-3, atol=1e-4)
               for row, other in zip(old, new, strict=True))
    assert answers == kind.predict(network, tokenizer, items, 32) == [kind.answered(row) for row in new]
    found = calibration_of(kind, new, items, temperature, fitted)
    assert found.after.log_loss < found.before.log_loss


def test_pipeline_gives_the_calibrated_probabilities_of_a_release(tmp_path: Path) -> None:
    release = write_bert(tmp_path / "release")
    kind, tokenizer = topics("a", "b"), load_tokenizer(release)
    network = kind.bare(load_model(release, "masked"), tokenizer.pad_token_id)
    certain(network)
    calibrate(kind, network, tokenizer, TEXTS, 32)
    save(network, tmp_path / "trained")
    export_task(kind, tmp_path / "trained", release, "masked", 32, {}, tmp_path / "task")
    ask = pipeline("text-classification", str(tmp_path / "task"))
    for item in TEXTS[:4]:
        wanted = kind.probabilities(label_logits(kind, network, tokenizer, [item], 32)[0])[0]
        assert {row["label"]: row["score"] for row in ask(item.text, top_k=None)} == pytest.approx(
            {"a": float(wanted[0]), "b": float(wanted[1])}, abs=1e-4)
        assert max(wanted) < 0.9


def test_what_is_kept_of_a_training_and_of_all(tmp_path: Path) -> None:
    found = Calibration(2.5, 100, Quality(0.4, 2.0, 0.9), Quality(0.1, 1.0, 0.7))
    for one in (found, None):
        run = Run([[0]], 1, 1, [(0, 0.5)], 0.1, 0, one)
        run.write(tmp_path / "run.json")
        assert Run.read(tmp_path / "run.json") == run
    other = Calibration(1.5, 100, Quality(0.2, 1.0, 0.7), Quality(0.2, 1.0, 0.5))
    report = CalibrationReport(shares={"a": 1.0}, arms={"base": [
        SeedCalibration(seed=seed, calibration=one) for seed, one in ((1, found), (2, other))]})
    before, after = report.mean("base")
    assert (before.calibration_error, before.log_loss, before.brier) == pytest.approx((0.3, 1.5, 0.8))
    assert after.calibration_error == pytest.approx(0.15)
    assert CalibrationReport.model_validate_json(report.model_dump_json()) == report
