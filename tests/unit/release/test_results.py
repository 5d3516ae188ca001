"""Results of a release: verdicts, and which arm is released."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.release.made_up import NAME, made_up_reports
from vernacular.config.schema import Language
from vernacular.release.card import write_card
from vernacular.release.results import gather, verdict


@pytest.mark.parametrize(("interval", "options", "expected"), [
    ([0.1, 0.2, 0.3], {}, "gain"), ([-0.1, 0.2, 0.3], {}, "no gain"), ([-0.3, -0.2, -0.1], {}, "harm"),
    ([0.1, 0.2, 0.3], {"spread": 0.25}, "no gain"), ([-0.3, -0.2, -0.1], {"spread": 0.25}, "harm"),
    ([-0.3, -0.2, -0.1], {"lower_is_better": True}, "gain")])
def test_verdicts(interval: list[float], options: dict[str, Any], expected: str) -> None:
    assert verdict(interval, **options) == expected


def test_the_release_is_the_model_that_predicts_dev_text_better(language: Language) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 1.004), (f"model/{NAME}_control", 1.0)):
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    results = gather(language, NAME, language.models[NAME], reports)
    assert results.released.arm == "adapted"  # a tie
    assert "1.004" in write_card(results)
    reports[f"model/{NAME}"].count("dev_likelihood", 1.006, "dev lines", "nats per character")
    results = gather(language, NAME, language.models[NAME], reports)
    assert results.released.arm == "control"
    gate = next(gate for gate in results.release_gates if gate.name == "adapted_not_worse_than_control")
    assert gate.passed and "control is released" in gate.reason
    assert "**control** this model" in write_card(results)
