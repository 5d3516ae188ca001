"""What a release took: every stage's time, and an energy that is called estimated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.release.made_up import NAME, made_up_reports, put
from vernacular.config.schema import Language
from vernacular.core.report import Report
from vernacular.core.store import Store
from vernacular.release.card import write_card
from vernacular.release.results import gather
from vernacular.reporting.full_report import current_artifacts, results
from vernacular.reporting.html import page

COST = {"predicted": {"tokens": 3072, "minutes": 0.5, "memory_gib": 1.25, "energy_kwh": 0.001},
        "measured": {"tokens": 3072, "minutes": 0.6, "memory_gib": 1.5, "energy_kwh": 0.0012}}


def with_cost(cost: dict[str, Any]) -> dict[str, Report]:
    reports = made_up_reports()
    for stage in (f"model/{NAME}", f"model/{NAME}_control"):
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].details["cost"] = cost
    return reports


def test_every_stage_counts_and_energy_is_called_estimated(language: Language, tmp_path: Path) -> None:
    store, reports = Store(tmp_path), with_cost(COST)
    put(store, language, reports)  # of one second each
    found = results(store, language, NAME)
    many = len(reports)
    assert found.compute is not None and set(found.compute.stages) == set(reports)
    assert found.compute.watts == pytest.approx(120)
    assert found.compute.energy_kwh == pytest.approx(many * 120 / 3_600_000)
    card, shown = write_card(found).split("## Compute")[1].split("## Uses")[0], page(found, current_artifacts(
        store, language, NAME)).split('id="cost"')[1].split("</section>")[0]
    for text in (card, shown):
        assert "multiplied by 120 W" in text
        assert "energy, kWh (estimated)" in text and "memory in GiB, predicted" in text
    assert f"| all of these | {many / 60:.2f} | {many * 120 / 3_600_000:.4f} |" in card
    assert f"| evaluation/{NAME}_attack | 0.02 |".replace("_", "\\_") in card
    assert "| adapted | 12 | 3,072 | 0.5 | 0.6 | 1.25 | 1.50 | 0.0010 | 0.0012 |" in card
    for one in (found.pretraining.control, found.pretraining.adapted):
        assert one is not None and one.cost is not None
        assert "energy_kwh" not in one.cost.measured.as_json()  # nor is it in evaluation.json
    json.dumps(found.as_json())


def test_an_unknown_power_leaves_the_time(language: Language) -> None:
    unknown = {part: {**values, "energy_kwh": None} for part, values in COST.items()}
    card = write_card(gather(language, NAME, language.models[NAME], with_cost(unknown), seconds={"corpus/clean": 90.0}))
    assert "Energy is not known" in card and "| corpus/clean | 1.50 | not known |" in card
    assert "None" not in card
    assert "Not measured." in write_card(gather(language, NAME, language.models[NAME], {})).split("## Compute")[1]
