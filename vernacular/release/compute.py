"""The cost of a release: the time of every stage before it, the energy that follows, and the prediction.

Time is that of the manifests. Energy is time multiplied by the power that the pretrainings noted of their machine
(``vernacular.core.energy``): an estimate, not a measurement.
"""

from __future__ import annotations

from collections.abc import Mapping

from vernacular.release.markdown import MISSING, Section, Table, number
from vernacular.release.result_models import ReleaseResults
from vernacular.release.training_numbers import Compute, Pretrainings, ReleasedTraining, Spent

UNKNOWN = "not known"

def compute_of(seconds: Mapping[str, float], trainings: Pretrainings) -> Compute:
    """The time and the estimated energy of each stage, and their sums.

    Of two machines the power of the one that draws more counts; None: of neither it is known.
    """
    power = max((watts for training in trainings.by_arm.values() if (watts := _watts(training)) is not None),
                default=None)

    def spent(minutes: float) -> Spent:
        return Spent(minutes=minutes, energy_kwh=None if power is None else power * minutes / 60_000)

    whole = spent(sum(seconds.values()) / 60)
    return Compute(stages={stage: spent(value / 60) for stage, value in seconds.items() if value > 0},
                   minutes=whole.minutes, energy_kwh=whole.energy_kwh, watts=power)


def _watts(training: ReleasedTraining | None) -> float | None:
    """The power that a pretraining assumed of its machine."""
    if training is None or training.cost is None:
        return None
    minutes, energy = training.cost.measured.minutes, training.cost.energy_kwh_estimated.measured
    return float(energy * 60_000 / minutes) if minutes and energy is not None else None


def time_table(results: ReleaseResults) -> Table:
    """Time and energy of each stage, and their sums last; no row where no time is known."""
    spent = results.compute
    return Table(["stage", "minutes", "energy, kWh (estimated)"], [
        [name, number(row.minutes, 2), energy_text(row.energy_kwh)]
        for name, row in [*spent.stages.items(), ("all of these", spent)]] if spent and spent.stages else [])


def energy_text(value: float | None) -> str:
    """Kilowatt-hours for reading."""
    return UNKNOWN if value is None else number(value, 4)


def cost_table(results: ReleaseResults) -> Table:
    """Predicted and measured cost of the training steps of each pretraining."""
    rows = []
    for arm, training in results.pretraining.by_arm.items():
        if training is None:
            continue
        cost = training.cost
        predicted, measured, energy = (None, None, None) if cost is None else (
            cost.predicted, cost.measured, cost.energy_kwh_estimated)
        rows.append([arm, number(training.steps, 0), number(training.tokens, 0),
                     number(predicted and predicted.minutes, 1),
                     number(measured.minutes if measured else training.minutes, 1),
                     number(predicted and predicted.memory_gib, 2), number(measured and measured.memory_gib, 2),
                     energy_text(energy.predicted if energy else None),
                     energy_text(energy.measured if energy else None)])
    return Table(["model", "steps", "tokens", "minutes, predicted", "minutes, measured", "memory in GiB, predicted",
                  "memory in GiB, measured", "energy in kWh, of the predicted minutes", "of the measured minutes"],
                 rows)


def about(results: ReleaseResults) -> str:
    """What the figures are, and what they leave out."""
    power = results.compute.watts if results.compute is not None else None
    energy = ("Energy is not known: no table lists the processor or GPU that trained the model, and VERNACULAR_WATTS "
              "was not set." if power is None else
              f"Energy is estimated, not measured: the time multiplied by {number(power, 0)} W, the design power of "
              "the processor and GPU that trained the model, or the value of VERNACULAR_WATTS. It is an upper bound "
              "for these, and does not cover the rest of the machine.")
    return ("The time of a result is that of the run that made it, even if later runs reused it. Not counted: fetching "
            f"text, aborted and trial runs, and assembling this release. {energy}")


def section(results: ReleaseResults) -> Section:
    """The card's section."""
    times, costs = time_table(results), cost_table(results)
    blocks: list[str | Table] = [about(results) if times or costs else f"{MISSING.capitalize()}."]
    if times:
        blocks.append(times)
    if costs:
        blocks += ["Pretraining, predicted and measured (training steps alone):", costs]
    return Section("Compute", blocks)
