"""What the stage of a task found out: scores of every seed at every size, baselines, intervals. Loads no torch."""

from __future__ import annotations

from pydantic import Field

from vernacular.core.result import Interval, Number, Result
from vernacular.tasks.calibration_report import CalibrationReport


class SeedScore(Result):
    """What one training scores."""

    seed: int  # of the training; 0 where nothing was trained
    score: Number  # by the metric of the task
    more: dict[str, Number]  # name of a further score -> its value
    steps: int  # that were taken
    chosen: int  # the step whose weights are kept
    seconds: Number  # of training and answering
    looks: list[tuple[int, Number]]  # (step, score of the dev items)


class Comparisons(Result):
    """Intervals of the scores of base, control and adapted, and of their differences."""

    arm_intervals: dict[str, Interval]  # arm -> interval of its score
    more_intervals: dict[str, dict[str, Interval]]  # arm -> further score -> its interval
    # ``adapted_minus_base`` and the like -> interval of the difference
    intervals: dict[str, Interval]
    # the same -> further score -> interval of the difference
    more_differences: dict[str, dict[str, Interval]]


class UntrainedScores(Comparisons):
    """One way to ask the models without fine-tuning: ``scores`` are arm -> score of each choice of examples."""

    scores: dict[str, list[Number]]
    means: dict[str, Number]


class LearningPoint(Comparisons):
    """What a number of training items gives."""

    train_items: int  # how many were learned from
    metric: str  # name of the score
    scores: dict[str, list[SeedScore]]  # arm -> a row for each seed
    means: dict[str, Number]  # arm -> mean score over seeds
    floors: dict[str, Number]  # baseline -> score
    floor_intervals: dict[str, Interval]  # baseline -> interval of its score
    # baseline -> further score -> its interval
    more_floor_intervals: dict[str, dict[str, Interval]]
    dead: list[str]  # trainings that are no better than the commonest answer

    @property
    def seed_spread(self) -> float:
        """How far the seeds of any of the models differ at most."""
        each = [[row.score for row in rows] for rows in self.scores.values()]
        return max((max(values) - min(values) for values in each if values), default=0.0)


class TransferScores(Result):
    """The point of a curve without a label of the target language: what was learned from another language alone."""

    train_language: str  # ISO 639-3 code of the language that was learned from
    train_items: int  # how many items were learned from
    metric: str  # name of the score
    means: dict[str, Number]  # arm -> score
    arm_intervals: dict[str, Interval]  # arm -> interval of its score
    # ``adapted_minus_base`` and the like -> interval of the difference
    intervals: dict[str, Interval]
    floors: dict[str, Number]  # baseline, learned from the same items -> score
    floor_intervals: dict[str, Interval]  # baseline -> interval of its score


class LabelsApart(Result):
    """Labels that are in one part of the data alone."""

    not_scored: list[str]
    not_learned: list[str]


class TaskResult(LearningPoint):
    """The result of ``task/<task>_<name>``; what it inherits is of the most training items."""

    task: str  # its name
    kind: str  # of the task, as language.yaml names it
    fine_tuned: bool  # whether models were trained for it
    labels: list[str]  # of the task
    dev_items: int  # how many items trainings are chosen by
    test_items: int  # how many items are scored
    test_texts: int  # how many texts these come from
    test_items_cut: dict[str, int]  # arm -> how many of them are too long to be read to their end
    notes: dict[str, int]  # what was done to the items -> to how many
    apart: LabelsApart  # labels that are not scored, or not learned from
    curve: list[LearningPoint]  # a point for each number of training items, ascending
    # way to ask without fine-tuning -> its scores
    untrained: dict[str, UntrainedScores] = Field(default_factory=dict)
    calibration: CalibrationReport | None = None  # of its probabilities, where it gives any
    # mean number of words of the scored texts, of tasks on pictures
    words_of_texts: Number | None = None
    # scores after training on labels in another language alone, if requested
    transfer: TransferScores | None = None
