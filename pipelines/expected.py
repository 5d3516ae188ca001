"""How long the stages of a run will take: from what they took before, or from weights scaled by this run's speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vernacular.core.errors import Problem
from vernacular.core.store import Store

# Seconds of the quickstart on two cores, by the beginning of a stage's name and by its end.
WEIGHTS = (("corpus/identifier", 6.0), ("corpus/", 1.5), ("tokenizer/", 13.0), ("alignment/", 10.0),
           ("model/", 65.0), ("task/search", 14.0), ("task/", 65.0), ("_likelihood", 7.0), ("_retention", 3.0),
           ("_attack", 10.0), ("_behaviour", 40.0), ("_fairness", 18.0), ("release/", 17.0))
OTHER = 20.0
STEPS, LOADING = 80, 8.0  # of the quickstart's pretraining: steps, and the seconds before the first one
FEWEST_SECONDS = 3.0  # of stages that were measured, before the weights say anything
OVERDUE = 0.1  # of its time so far is what a stage is thought to take further that should have ended


def weight_of(stage: str, steps: Mapping[str, int] | None = None) -> float:
    """Seconds that ``stage`` takes in the quickstart, or would take there with other ``steps`` of its model."""
    model = stage.removeprefix("model/").removesuffix("_control")
    if stage.startswith("model/") and steps and model in steps:
        return LOADING + (weight_of(stage) - LOADING) * steps[model] / STEPS
    return next((seconds for name, seconds in WEIGHTS if stage.startswith(name) or stage.endswith(name)), OTHER)


def seconds_before(store: Store, code: str, stages: Sequence[str]) -> dict[str, float]:
    """The seconds that the current artifact of each of ``stages`` took, of those that have one."""
    found = {}
    for stage in stages:
        try:
            artifact = store.current(code, stage)
        except Problem:  # a manifest that cannot be read; the run says so
            continue
        if artifact is not None:
            found[stage] = artifact.manifest.seconds
    return found


class TimeLeft:
    """An estimate of the seconds until a run ends, which is corrected by each stage that ends.

    Args:
        stages: of the run, by name, in order.
        before: stage -> seconds that it took in an earlier run.
        steps: model -> steps of its pretraining, where the settings say so.
    """

    def __init__(self, stages: Sequence[str], before: Mapping[str, float],
                 steps: Mapping[str, int] | None = None) -> None:
        self._waiting = list(stages)
        self._steps = steps
        self._before = dict(before)
        self._measured = self._weighed = 0.0

    def ended(self, stage: str, seconds: float | None) -> None:
        """``stage`` took ``seconds``; None: it was reused."""
        if stage in self._waiting:
            self._waiting.remove(stage)
        if seconds is not None:
            self._measured += seconds
            self._weighed += weight_of(stage, self._steps)

    def seconds(self, running: str | None, elapsed: float) -> float | None:
        """Seconds left, with ``running`` at work for ``elapsed``; None while there is nothing to go by."""
        factor = self._measured / self._weighed if self._measured >= FEWEST_SECONDS else None
        total = 0.0
        for stage in self._waiting:
            expected = self._before.get(stage)
            if expected is None:
                if factor is None:
                    return None
                expected = factor * weight_of(stage, self._steps)
            total += max(expected - elapsed, OVERDUE * elapsed) if stage == running else expected
        return total


def about(seconds: float) -> str:
    """``seconds`` as words that claim no precision: ``about 40 s``, ``about 6 min``, ``about 1 h 20 min``."""
    if seconds < 90:
        return f"about {max(10 * round(seconds / 10), 10)} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 60 else f"about {minutes // 60} h {minutes % 60:02} min"
