"""What a pretraining found out: steps, loss, mixture, interpolation, cost. Loads no torch."""

from __future__ import annotations

from vernacular.core.result import Number, OptionalNumber, Result


class MixedText(Result):
    """A text that training read."""

    name: str
    share: Number
    count: int


class InterpolationPoint(Result):
    """A model between the base and the trained one: ``share`` of the way, and its held-out nats per character."""

    share: Number
    target: Number
    replay: OptionalNumber


class Interpolation(Result):
    """The points that were tried, and the share of the way that was chosen."""

    points: list[InterpolationPoint]
    chosen: Number


class TrainingCost(Result):
    """The cost of one training, predicted or measured; None if unknown. Energy is always estimated."""

    tokens: int | None  # read in training
    minutes: OptionalNumber  # in training steps
    memory_gib: Number  # peak of the process, or of the GPU if there is one
    # ``minutes`` times ``VERNACULAR_WATTS`` or this machine's rated power
    energy_kwh: OptionalNumber


class TrainingCosts(Result):
    """What a training was to cost, and what it did."""

    predicted: TrainingCost
    measured: TrainingCost


class TrainingFacts(Result):
    """What a pretraining did."""

    steps: int  # optimizer steps
    planned_steps: int  # those that the budget allows
    tokens: int  # read in training
    minutes: Number  # in training steps
    curve: list[tuple[int, Number]]  # (step, held-out nats per character)
    mix: list[MixedText]  # the texts that were read
    interpolation: Interpolation  # with the base's weights


class PretrainingResult(TrainingFacts):
    """The result of ``model/<name>`` and ``model/<name>_control``; ``cost``: predicted and measured."""

    cost: TrainingCosts | None = None
