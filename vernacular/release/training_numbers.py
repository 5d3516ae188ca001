"""The pretrainings of a release: what they read and cost, which arm is released, and the time of every stage."""

from __future__ import annotations

from pydantic import ConfigDict

from vernacular.core.result import Number, OptionalNumber, Result
from vernacular.modeling.variants import Arm
from vernacular.pretraining.stage_results import TrainingFacts


class Counted(Result):
    """All counts of a report, name -> value; those that are read by name are declared."""

    model_config = ConfigDict(extra="allow", frozen=True)


class PretrainingCounts(Counted):
    """Counts of ``model/<name>`` and ``model/<name>_control``."""

    translation_found: OptionalNumber = None
    translation_found_before: OptionalNumber = None
    translation_distance: OptionalNumber = None
    states_moved: OptionalNumber = None


class ReleasedCost(Result):
    """The cost of a training without its energy, which is estimated."""

    tokens: int | None
    minutes: OptionalNumber
    memory_gib: Number


class EstimatedEnergy(Result):
    """Kilowatt-hours of the predicted and of the measured minutes; None: not known."""

    predicted: OptionalNumber
    measured: OptionalNumber


class ReleasedCosts(Result):
    """What a training was to cost and what it did, and the energy that follows."""

    predicted: ReleasedCost
    measured: ReleasedCost
    energy_kwh_estimated: EstimatedEnergy


class ReleasedTraining(TrainingFacts):
    """A pretraining."""

    cost: ReleasedCosts | None = None
    counts: PretrainingCounts


class Pretrainings(Result):
    """Both pretrainings; None: did not run yet."""

    control: ReleasedTraining | None
    adapted: ReleasedTraining | None

    def of(self, arm: Arm) -> ReleasedTraining | None:
        """That of an arm."""
        return {"control": self.control, "adapted": self.adapted}.get(arm)

    @property
    def by_arm(self) -> dict[str, ReleasedTraining | None]:
        """Arm -> its pretraining."""
        return {"control": self.control, "adapted": self.adapted}


class Spent(Result):
    """Wall-clock minutes and the energy that is estimated from them."""

    minutes: Number
    energy_kwh: OptionalNumber


class Compute(Spent):
    """The time and energy of each stage, their sums, and the power in watts that the energy follows from."""

    stages: dict[str, Spent]
    watts: OptionalNumber


class DevLikelihoods(Result):
    """The dev likelihood of both arms, by which one is released; None: not measured."""

    adapted: OptionalNumber
    control: OptionalNumber


class ReleasedArm(Result):
    """Which arm is released, why, and its passes over the training text."""

    arm: Arm
    dev: DevLikelihoods
    unit: str
    passes: OptionalNumber
