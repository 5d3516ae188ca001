"""What the stage of a task found out: scores of every seed at every size, baselines, intervals. Loads no torch."""

from __future__ import annotations

from pydantic import Field

from vernacular.core.result import Interval, Number, Result
from vernacular.tasks.calibration_report import CalibrationReport


class SeedScore(Result):
    """What one training scores.

    Attributes:
        seed: of the training; 0 where nothing was trained.
        score: by the metric of the task.
        more: name of a further score -> its value.
        steps: that were taken.
        chosen: the step whose weights are kept.
        seconds: of training and answering.
        looks: (step, score of the dev items).
    """

    seed: int
    score: Number
    more: dict[str, Number]
    steps: int
    chosen: int
    seconds: Number
    looks: list[tuple[int, Number]]


class Comparisons(Result):
    """Intervals of the scores of base, control and adapted, and of their differences.

    Attributes:
        arm_intervals: arm -> interval of its score.
        more_intervals: arm -> further score -> its interval.
        intervals: ``adapted_minus_base`` and the like -> interval of the difference.
        more_differences: the same -> further score -> interval of the difference.
    """

    arm_intervals: dict[str, Interval]
    more_intervals: dict[str, dict[str, Interval]]
    intervals: dict[str, Interval]
    more_differences: dict[str, dict[str, Interval]]


class UntrainedScores(Comparisons):
    """One way to ask the models without fine-tuning: ``scores`` are arm -> score of each choice of examples."""

    scores: dict[str, list[Number]]
    means: dict[str, Number]


class LearningPoint(Comparisons):
    """What a number of training items gives.

    Attributes:
        train_items: how many were learned from.
        metric: name of the score.
        scores: arm -> a row for each seed.
        means: arm -> mean score over seeds.
        floors: baseline -> score.
        floor_intervals: baseline -> interval of its score.
        more_floor_intervals: baseline -> further score -> its interval.
        dead: trainings that are no better than the commonest answer.
    """

    train_items: int
    metric: str
    scores: dict[str, list[SeedScore]]
    means: dict[str, Number]
    floors: dict[str, Number]
    floor_intervals: dict[str, Interval]
    more_floor_intervals: dict[str, dict[str, Interval]]
    dead: list[str]

    @property
    def seed_spread(self) -> float:
        """How far the seeds of any of the models differ at most."""
        each = [[row.score for row in rows] for rows in self.scores.values()]
        return max((max(values) - min(values) for values in each if values), default=0.0)


class TransferScores(Result):
    """The point of a curve without a label of the target language: what was learned from another language alone.

    Attributes:
        train_language: ISO 639-3 code of the language that was learned from.
        train_items: how many items were learned from.
        metric: name of the score.
        means: arm -> score.
        arm_intervals: arm -> interval of its score.
        intervals: ``adapted_minus_base`` and the like -> interval of the difference.
        floors: baseline, learned from the same items -> score.
        floor_intervals: baseline -> interval of its score.
    """

    train_language: str
    train_items: int
    metric: str
    means: dict[str, Number]
    arm_intervals: dict[str, Interval]
    intervals: dict[str, Interval]
    floors: dict[str, Number]
    floor_intervals: dict[str, Interval]


class LabelsApart(Result):
    """Labels that are in one part of the data alone."""

    not_scored: list[str]
    not_learned: list[str]


class TaskResult(LearningPoint):
    """The result of ``task/<task>_<name>``; what it inherits is of the most training items.

    Attributes:
        task: its name.
        kind: of the task, as language.yaml names it.
        fine_tuned: whether models were trained for it.
        labels: of the task.
        dev_items: how many items trainings are chosen by.
        test_items: how many items are scored.
        test_texts: how many texts these come from.
        test_items_cut: arm -> how many of them are too long to be read to their end.
        notes: what was done to the items -> to how many.
        apart: labels that are not scored, or not learned from.
        curve: a point for each number of training items, ascending.
        untrained: way to ask without fine-tuning -> its scores.
        calibration: of its probabilities, where it gives any.
        transfer: scores after training on labels in another language alone, if requested.
    """

    task: str
    kind: str
    fine_tuned: bool
    labels: list[str]
    dev_items: int
    test_items: int
    test_texts: int
    test_items_cut: dict[str, int]
    notes: dict[str, int]
    apart: LabelsApart
    curve: list[LearningPoint]
    untrained: dict[str, UntrainedScores] = Field(default_factory=dict)
    calibration: CalibrationReport | None = None
    transfer: TransferScores | None = None
