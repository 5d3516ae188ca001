"""The cost of a release: the time of every stage before it, the energy that follows, and the prediction.

Time is that of the manifests. Energy is time multiplied by the power that the pretrainings noted of their machine
(``vernacular.core.energy``): an estimate, not a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping

from vernacular.release.markdown import MISSING, number, table
from vernacular.release.result_models import ReleaseResults
from vernacular.release.training_numbers import Compute, Pretrainings, ReleasedTraining, Spent

UNKNOWN = "not known"
TITLES = ("stage", "minutes", "energy, kWh (estimated)")
FORESEEN = ("model", "steps", "tokens", "minutes, predicted", "minutes, measured", "memory in GiB, predicted",
            "memory in GiB, measured", "energy in kWh, of the predicted minutes", "of the measured minutes")


def compute_of(seconds: Mapping[str, float], trainings: Pretrainings) -> Compute:
    """The time and the estimated energy of each stage, and their sums.

    Of two machines the power of the one that draws more is taken; None: neither said.

    Args:
        seconds: stage name -> wall-clock time of the run that made its artifact.
        trainings: both pretrainings, as far as they ran.
    """
    power = max((found for training in trainings.by_arm.values() if (found := _watts(training)) is not None),
                default=None)

    def spent(minutes: float) -> Spent:
        return Spent(minutes=minutes, energy_kwh=None if power is None else power * minutes / 60_000)

    whole = spent(sum(seconds.values()) / 60)
    return Compute(stages={stage: spent(value / 60) for stage, value in seconds.items() if value > 0},
                   minutes=whole.minutes, energy_kwh=whole.energy_kwh, watts=power)


def _watts(training: ReleasedTraining | None) -> float | None:
    """The power of the machine that a pretraining ran on, as it reckoned with it."""
    if training is None or training.cost is None:
        return None
    minutes, energy = training.cost.measured.minutes, training.cost.energy_kwh_estimated.measured
    return float(energy * 60_000 / minutes) if minutes and energy is not None else None


def stage_rows(results: ReleaseResults) -> list[list[str]]:
    """The rows of TITLES: a stage each, and their sum last; empty where no time is known."""
    found = results.compute
    if not found or not found.stages:
        return []
    return [[name, number(row.minutes, 2), energy_text(row.energy_kwh)]
            for name, row in [*found.stages.items(), ("all of these", found)]]


def energy_text(value: float | None) -> str:
    """Kilowatt-hours for reading."""
    return UNKNOWN if value is None else number(value, 4)


def foreseen_rows(results: ReleaseResults) -> list[list[str]]:
    """The rows of FORESEEN: of each pretraining what was predicted beside what came out, training steps alone."""
    rows = []
    for arm, found in results.pretraining.by_arm.items():
        if found is None:
            continue
        before, after, energy = (None, None, None) if found.cost is None else (
            found.cost.predicted, found.cost.measured, found.cost.energy_kwh_estimated)
        rows.append([arm, number(found.steps, 0), number(found.tokens, 0),
                     number(before and before.minutes, 1), number(after.minutes if after else found.minutes, 1),
                     number(before and before.memory_gib, 2), number(after and after.memory_gib, 2),
                     energy_text(energy.predicted if energy else None),
                     energy_text(energy.measured if energy else None)])
    return rows


def about(results: ReleaseResults) -> str:
    """What the figures are, and what they leave out, in plain sentences."""
    power = results.compute.watts if results.compute is not None else None
    energy = ("Energy is not known: no table names the processor or card that trained the model, and VERNACULAR_WATTS "
              "was not set." if power is None else
              f"Energy was not measured. It is estimated: the time multiplied by {number(power, 0)} W, the design "
              "power of the processor and card that trained the model, or what VERNACULAR_WATTS says. It is an upper "
              "bound for these, and for nothing else of the machine.")
    return ("Time is that of the run that made each result; where a result was there already and was used again, the "
            "time that it took when it was made. Not counted: fetching text, runs that were broken off or made for "
            f"trial, and putting this release together. {energy}")


def section(results: ReleaseResults) -> str:
    """The card's section."""
    stages, foreseen = stage_rows(results), foreseen_rows(results)
    if not stages and not foreseen:
        return f"{MISSING.capitalize()}."
    parts = [about(results), *([table(TITLES, stages)] if stages else ())]
    if foreseen:
        parts += ["The pretrainings, what was predicted beside what came out (training steps alone):",
                  table(FORESEEN, foreseen)]
    return "\n\n".join(parts)
