"""What is reported of a task's probabilities: how good they are before and after calibration. Loads no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Quality:
    """How good probabilities are; lower is better.

    Attributes:
        calibration_error: expected calibration error: how far the confidence in answers is from how often they are
            right.
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
        temperature: that its logits were divided by.
        decisions: of dev that it was fitted on: texts, words, or labels of texts that may have several; 0: not fitted.
        before: quality on the test items without the temperature.
        after: quality on the test items with it.
    """

    temperature: float
    decisions: int
    before: Quality
    after: Quality

    def as_json(self) -> dict[str, Any]:
        """As ``of_json`` reads it."""
        return asdict(self)

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Calibration:
        """What ``as_json`` gave."""
        return cls(found["temperature"], found["decisions"], Quality(**found["before"]), Quality(**found["after"]))


class SeedCalibration(BaseModel):
    """A row of ``CalibrationReport``: the calibration of one seed's training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int
    calibration: Calibration


class CalibrationReport(BaseModel):
    """What the result of a task says of its probabilities.

    Attributes:
        shares: label -> its share of the training labels: what a model that reads nothing would answer.
        arms: arm -> a row for each seed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shares: dict[str, float]
    arms: dict[str, list[SeedCalibration]]

    def mean(self, arm: str) -> tuple[Quality, Quality]:
        """Before and after, each the mean over the seeds of ``arm``."""
        rows = [row.calibration for row in self.arms[arm]]
        return mean_quality([row.before for row in rows]), mean_quality([row.after for row in rows])


def mean_quality(found: Sequence[Quality]) -> Quality:
    """The mean of each measure."""
    return Quality(fmean(one.calibration_error for one in found), fmean(one.log_loss for one in found),
                   fmean(one.brier for one in found))
