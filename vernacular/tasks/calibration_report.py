"""The calibration part of a task's report. Does not import torch."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from statistics import fmean

from vernacular.core.result import Result


@dataclass(frozen=True)
class Quality:
    """The quality of probabilities; lower is better."""

    # expected calibration error: mean difference of confidence and accuracy
    calibration_error: float
    log_loss: float  # mean negative log-likelihood of the right label, in nats
    brier: float  # mean squared distance of the probabilities from the truth, summed over labels


@dataclass(frozen=True)
class Calibration:
    """The calibration of one trained classifier."""

    temperature: float  # its logits were divided by this
    # number of dev decisions: texts, words, or labels of multi-label texts; 0: not fitted
    decisions: int
    before: Quality  # quality on the test items without the temperature
    after: Quality  # quality on the test items with it


class SeedCalibration(Result):
    """The calibration of one seed's training, a row of ``CalibrationReport``."""

    seed: int
    calibration: Calibration


class CalibrationReport(Result):
    """A task's probabilities, in the details of its result."""

    # label -> its share of the training labels: the prediction without any input
    shares: dict[str, float]
    arms: dict[str, list[SeedCalibration]]  # variant -> a row per seed

    def mean(self, arm: str) -> tuple[Quality, Quality]:
        """Return the mean quality before and after over the seeds of a variant."""
        rows = [row.calibration for row in self.arms[arm]]
        before, after = (Quality(*map(fmean, zip(*map(astuple, side), strict=True)))
                         for side in ([row.before for row in rows], [row.after for row in rows]))
        return before, after
