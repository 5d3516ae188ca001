"""Power from a table of processors; unknown ones stay unknown."""

from __future__ import annotations

import pytest

from vernacular.core import energy
from vernacular.core.errors import Problem

TABLE = "Name,TDP\nAMD EPYC 9354P,280.0\nIntel Xeon Gold 6248,150\nIntel Core i7-8650U,15\n"


@pytest.mark.parametrize(("name", "watts"), [
    ("AMD EPYC 9354P 32-Core Processor", 280.0), ("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", 150.0),
    ("Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz", 15.0), ("AMD EPYC", None), ("", None)])
def test_a_processor_is_found_by_its_whole_name(name: str, watts: float | None) -> None:
    assert energy._processor_watts(name, TABLE) == watts


def test_energy_is_power_times_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERNACULAR_WATTS", raising=False)
    monkeypatch.setattr(energy, "_card_watts", lambda: None)
    monkeypatch.setattr(energy, "processor", lambda: "AMD EPYC 9354P")
    monkeypatch.setattr(energy, "_table", lambda: TABLE)
    assert energy.kilowatt_hours(30) == pytest.approx(0.14)
    monkeypatch.setattr(energy, "_table", lambda: None)
    assert energy.watts() is None and energy.kilowatt_hours(30) is None
    monkeypatch.setattr(energy, "_card_watts", lambda: 700.0)
    assert energy.watts() == 700.0
    assert energy.kilowatt_hours(None) is None


def test_who_knows_better_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "_card_watts", lambda: 700.0)
    monkeypatch.setenv("VERNACULAR_WATTS", "120.5")
    assert energy.watts() == 120.5
    for wrong in ("0", "-3", "nan", "inf", "much"):
        monkeypatch.setenv("VERNACULAR_WATTS", wrong)
        with pytest.raises(Problem, match=f"{wrong}.*VN-ENVIRONMENT"):  # before training too: no minutes are known yet
            energy.kilowatt_hours(None)
