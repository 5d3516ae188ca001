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
    """The cost of one training, predicted or measured; None if unknown. Energy is always estimated.

    Attributes:
        tokens: read in training.
        minutes: in training steps.
        memory_gib: peak of the process, or of the GPU if there is one.
        energy_kwh: ``minutes`` times ``VERNACULAR_WATTS`` or this machine's rated power.
    """

    tokens: int | None
    minutes: OptionalNumber
    memory_gib: Number
    energy_kwh: OptionalNumber


class TrainingCosts(Result):
    """What a training was to cost, and what it did."""

    predicted: TrainingCost
    measured: TrainingCost


class TrainingFacts(Result):
    """What a pretraining did.

    Attributes:
        steps: optimizer steps.
        planned_steps: those that the budget allows.
        tokens: read in training.
        minutes: in training steps.
        curve: (step, held-out nats per character).
        mix: the texts that were read.
        interpolation: with the base's weights.
    """

    steps: int
    planned_steps: int
    tokens: int
    minutes: Number
    curve: list[tuple[int, Number]]
    mix: list[MixedText]
    interpolation: Interpolation


class PretrainingResult(TrainingFacts):
    """The result of ``model/<name>`` and ``model/<name>_control``; ``cost``: predicted and measured."""

    cost: TrainingCosts | None = None
