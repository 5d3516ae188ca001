"""The cost of a release: the time of every stage before it, the energy that follows, and the prediction.

Time is that of the manifests. Energy is time multiplied by the power that the pretrainings noted of their machine
(``vernacular.core.energy``): an estimate, not a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vernacular.release.markdown import MISSING, number, table

if TYPE_CHECKING:
    from vernacular.release.results import Results

UNKNOWN = "not known"
TITLES = ("stage", "minutes", "energy, kWh (estimated)")
FORESEEN = ("model", "steps", "tokens", "minutes, predicted", "minutes, measured", "memory in GiB, predicted",
            "memory in GiB, measured", "energy in kWh, of the predicted minutes", "of the measured minutes")


def compute_of(seconds: Mapping[str, float], costs: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """The time and the estimated energy of each stage, and their sums.

    Args:
        seconds: stage name -> wall-clock time of the run that made its artifact.
        costs: arm -> its pretraining as ``summary.gather`` has it, or None.

    Returns:
        ``stages`` (name -> ``minutes``, ``energy_kwh``), the sums ``minutes`` and ``energy_kwh``, and ``watts``, the
        power that they follow from. Of two machines the one that draws more is taken; None: neither said.
    """
    power = max((found for details in costs.values() if (found := _watts(details)) is not None), default=None)

    def row(minutes: float) -> dict[str, float | None]:
        return {"minutes": minutes, "energy_kwh": None if power is None else power * minutes / 60_000}

    return {"stages": {stage: row(value / 60) for stage, value in seconds.items() if value > 0},
            **row(sum(seconds.values()) / 60), "watts": power}


def _watts(details: Mapping[str, Any] | None) -> float | None:
    """The power of the machine that a pretraining ran on, as it reckoned with it."""
    cost = (details or {}).get("cost") or {"measured": {}, "energy_kwh_estimated": {}}
    minutes, energy = cost["measured"].get("minutes"), cost["energy_kwh_estimated"].get("measured")
    return float(energy * 60_000 / minutes) if minutes and energy is not None else None


def named(cost: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The cost that a pretraining noted, with its energy, which is estimated, taken out of what was measured."""
    return {**{name: {key: value for key, value in found.items() if key != "energy_kwh"}
               for name, found in cost.items()},
            "energy_kwh_estimated": {name: found.get("energy_kwh") for name, found in cost.items()}}


def stage_rows(results: Results) -> list[list[str]]:
    """The rows of TITLES: a stage each, and their sum last; empty where no time is known."""
    found = results["compute"]
    if not found or not found["stages"]:
        return []
    return [[name, number(row["minutes"], 2), energy_text(row["energy_kwh"])]
            for name, row in [*found["stages"].items(), ("all of these", found)]]


def energy_text(value: float | None) -> str:
    """Kilowatt-hours for reading."""
    return UNKNOWN if value is None else number(value, 4)


def foreseen_rows(results: Results) -> list[list[str]]:
    """The rows of FORESEEN: of each pretraining what was predicted beside what came out, training steps alone."""
    rows = []
    for arm, found in results["pretraining"].items():
        if not found:
            continue
        cost = found.get("cost") or {}
        before, after = cost.get("predicted") or {}, {"minutes": found.get("minutes"), **(cost.get("measured") or {})}
        energy = cost.get("energy_kwh_estimated") or {}
        rows.append([arm, number(found.get("steps"), 0), number(found.get("tokens"), 0),
                     *(number(one.get(key), digits) for key, digits in (("minutes", 1), ("memory_gib", 2))
                       for one in (before, after)),
                     *(energy_text(energy.get(key)) for key in ("predicted", "measured"))])
    return rows


def about(results: Results) -> str:
    """What the figures are, and what they leave out, in plain sentences."""
    power = (results["compute"] or {}).get("watts")
    energy = ("Energy is not known: no table names the processor or card that trained the model, and VERNACULAR_WATTS "
              "was not set." if power is None else
              f"Energy was not measured. It is estimated: the time multiplied by {number(power, 0)} W, the design "
              "power of the processor and card that trained the model, or what VERNACULAR_WATTS says. It is an upper "
              "bound for these, and for nothing else of the machine.")
    return ("Time is that of the run that made each result; where a result was there already and was used again, the "
            "time that it took when it was made. Not counted: fetching text, runs that were broken off or made for "
            f"trial, and putting this release together. {energy}")


def section(results: Results) -> str:
    """The card's section."""
    stages, foreseen = stage_rows(results), foreseen_rows(results)
    if not stages and not foreseen:
        return f"{MISSING.capitalize()}."
    parts = [about(results), *([table(TITLES, stages)] if stages else ())]
    if foreseen:
        parts += ["The pretrainings, what was predicted beside what came out (training steps alone):",
                  table(FORESEEN, foreseen)]
    return "\n\n".join(parts)
