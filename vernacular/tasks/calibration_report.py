"""The calibration part of a task's report. Does not import torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Quality:
    """The quality of probabilities; lower is better.

    Attributes:
        calibration_error: expected calibration error: mean difference of confidence and accuracy.
        log_loss: mean negative log-likelihood of the right label, in nats.
        brier: mean squared distance of the probabilities from the truth, summed over labels.
    """

    calibration_error: float
    log_loss: float
    brier: float


@dataclass(frozen=True)
class Calibration:
    """The calibration of one trained classifier.

    Attributes:
        temperature: its logits were divided by this.
        decisions: number of dev decisions: texts, words, or labels of multi-label texts; 0: not
            fitted.
        before: quality on the test items without the temperature.
        after: quality on the test items with it.
    """

    temperature: float
    decisions: int
    before: Quality
    after: Quality

    def as_json(self) -> dict[str, Any]:
        """Convert to JSON data for ``of_json``."""
        return asdict(self)

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Calibration:
        """Load the result of ``as_json``."""
        return cls(found["temperature"], found["decisions"], Quality(**found["before"]), Quality(**found["after"]))


class SeedCalibration(BaseModel):
    """The calibration of one seed's training, a row of ``CalibrationReport``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int
    calibration: Calibration


class CalibrationReport(BaseModel):
    """A task's probabilities, in the details of its result.

    Attributes:
        shares: label -> its share of the training labels: the prediction without any input.
        arms: variant -> a row per seed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shares: dict[str, float]
    arms: dict[str, list[SeedCalibration]]

    def mean(self, arm: str) -> tuple[Quality, Quality]:
        """Return the mean quality before and after over the seeds of a variant."""
        rows = [row.calibration for row in self.arms[arm]]
        return mean_quality([row.before for row in rows]), mean_quality([row.after for row in rows])


def mean_quality(found: Sequence[Quality]) -> Quality:
    """Return the mean of each measure."""
    return Quality(fmean(one.calibration_error for one in found), fmean(one.log_loss for one in found),
                   fmean(one.brier for one in found))
