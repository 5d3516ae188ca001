"""How reliable the answers of a task are: how often they are right, and which are no better than a guess.

Reads the result of a task's stage. Computes no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from vernacular.modeling.variants import ARMS
from vernacular.release.headline import METRICS
from vernacular.release.markdown import Table, number
from vernacular.tasks.calibration_report import Calibration
from vernacular.tasks.stage_results import TaskResult

UNSURE = 0.2  # of the way from a label's share of the training labels to certainty; an answer below that is a guess
_ACCURACY = "accuracy"


@dataclass(frozen=True)
class Trust:
    """Accuracy that a person sees beside the answers of a task."""

    # arm -> a sentence on how often its answers are right on unseen text, with the best baseline
    accuracy: Mapping[str, str] = field(default_factory=dict)
    # label -> its share of the training labels; empty where the report does not contain it
    shares: Mapping[str, float] = field(default_factory=dict)

    def is_guess(self, label: str, probability: float) -> bool:
        """Whether ``label`` is hardly more probable than its share of the training labels."""
        share = self.shares.get(label)
        return share is not None and probability < share + UNSURE * (1 - share)


def trust_of(result: TaskResult) -> Trust:
    """The trust in the answers of a task."""
    return Trust({arm: sentence for arm in ARMS if (sentence := describe_accuracy(result, arm))},
                 result.calibration.shares if result.calibration is not None else {})


def describe_accuracy(result: TaskResult, arm: str) -> str:
    """How often ``arm`` is right on unseen text, beside the best baseline; empty where it was not scored."""
    rows, metric = result.scores.get(arm), result.metric
    if not rows:
        return ""
    score, floor = fmean(row.score for row in rows), max(result.floors.values(), default=None)
    scored = f"{METRICS.get(metric, metric.replace('_', ' '))} {number(score, 2)}"
    accuracy = accuracies(result, arm)
    if accuracy is None:
        return f"{scored[:1].upper()}{scored[1:]} on unseen text" + (
            "." if floor is None else f"; the best baseline {number(floor, 2)}.")
    right, baseline = accuracy
    beside = "" if baseline is None else f"; the best baseline {_in_ten(baseline)}"
    more = "" if metric == _ACCURACY else f" ({scored}" + ("" if floor is None else f", baseline {floor:.2f}") + ")"
    return f"Right about {_in_ten(right)} on unseen text{beside}{more}."


def accuracies(result: TaskResult, arm: str) -> tuple[float, float | None] | None:
    """The accuracy of ``arm``, mean over seeds, and the best baseline's; None where accuracy was not measured."""
    rows = result.scores[arm]
    if result.metric == _ACCURACY:
        return fmean(row.score for row in rows), max(result.floors.values(), default=None)
    if not all(_ACCURACY in row.more for row in rows):
        return None
    floors = [span[_ACCURACY][1] for span in result.more_floor_intervals.values() if _ACCURACY in span]
    return fmean(row.more[_ACCURACY] for row in rows), max(floors, default=None)


def _in_ten(share: float) -> str:
    """``share`` as people count."""
    return f"{round(10 * share)} times in 10" if 0.15 <= share <= 0.95 else f"{round(100 * share)} times in 100"


def calibration_of_seed(result: TaskResult, arm: str, seed: int) -> Calibration | None:
    """The calibration of one training; None where there is none."""
    rows = result.calibration.arms[arm] if result.calibration is not None else []
    return next((row.calibration for row in rows if row.seed == seed), None)


def calibration_table(result: TaskResult) -> Table:
    """What calibration changed on each model; no row where nothing is calibrated."""
    calibration, rows = result.calibration, list[list[str]]()
    for arm in ARMS:
        if calibration is None:
            break
        before, after = calibration.mean(arm)
        pairs = ((before.calibration_error, after.calibration_error), (before.log_loss, after.log_loss),
                 (before.brier, after.brier))
        rows.append([arm, ", ".join(f"{row.calibration.temperature:.2f}" for row in calibration.arms[arm]),
                     *(f"{new:.3f} (before {old:.3f})" for old, new in pairs)])
    return Table(["model", "temperature of each seed", "calibration error", "log loss", "Brier score"], rows)


def describe_calibration(result: TaskResult, arms: Sequence[str] = ARMS) -> str:
    """What ``calibration_table`` shows, in words; empty where nothing is calibrated."""
    calibration = result.calibration
    if calibration is None:
        return ""
    fitted = max(row.calibration.decisions for arm in arms for row in calibration.arms[arm])
    if not fitted:
        return "Probabilities are not calibrated: there were no dev items to fit a temperature on."
    return (f"Probabilities are calibrated: the last layer is divided by a temperature fitted on {fitted:,} dev "
            "labels, which changes no answer. Calibration error is how far the confidence in answers is from how often "
            "they are right, on the scored items; lower is better in each column.")
