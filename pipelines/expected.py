"""Estimate the duration of a run's stages: from earlier runs, or from weights scaled by this run's speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vernacular.core.errors import Problem
from vernacular.core.store import Store

# Seconds of the quickstart on two cores, by prefix and suffix of a stage's name.
WEIGHTS = (("corpus/identifier", 6.0), ("corpus/", 1.5), ("tokenizer/", 13.0), ("alignment/", 10.0),
           ("model/", 65.0), ("task/search", 14.0), ("task/", 65.0), ("_likelihood", 7.0), ("_retention", 3.0),
           ("_attack", 10.0), ("_behaviour", 40.0), ("_fairness", 18.0), ("release/", 17.0))
OTHER = 20.0
STEPS, LOADING = 80, 8.0  # of the quickstart's pretraining: steps, and the seconds before the first one
FEWEST_SECONDS = 3.0  # of measured stages before the weights are scaled
OVERDUE = 0.1  # share of its time so far added for an overdue stage


def weight_of(stage: str, steps: Mapping[str, int] | None = None) -> float:
    """Return the seconds of ``stage`` in the quickstart, optionally with other ``steps`` of its model."""
    model = stage.removeprefix("model/").removesuffix("_control")
    if stage.startswith("model/") and steps and model in steps:
        return LOADING + (weight_of(stage) - LOADING) * steps[model] / STEPS
    return next((seconds for name, seconds in WEIGHTS if stage.startswith(name) or stage.endswith(name)), OTHER)


def seconds_before(store: Store, code: str, stages: Sequence[str]) -> dict[str, float]:
    """Return the seconds that the current artifacts of ``stages`` took."""
    found = {}
    for stage in stages:
        try:
            artifact = store.current(code, stage)
        except Problem:  # an unreadable manifest; the run reports it
            continue
        if artifact is not None:
            found[stage] = artifact.manifest.seconds
    return found


class TimeLeft:
    """Estimates the seconds left of a run, corrected after each stage.

    Args:
        stages: of the run, by name, in order.
        before: stage -> seconds in an earlier run.
        steps: model -> steps of its pretraining, if configured.
    """

    def __init__(self, stages: Sequence[str], before: Mapping[str, float],
                 steps: Mapping[str, int] | None = None) -> None:
        self._waiting = list(stages)
        self._steps = steps
        self._before = dict(before)
        self._measured = self._weighed = 0.0

    def ended(self, stage: str, seconds: float | None) -> None:
        """Record that ``stage`` took ``seconds``; None if it was reused."""
        if stage in self._waiting:
            self._waiting.remove(stage)
        if seconds is not None:
            self._measured += seconds
            self._weighed += weight_of(stage, self._steps)

    def seconds(self, running: str | None, elapsed: float) -> float | None:
        """Return the seconds left, with ``running`` active for ``elapsed``; None if unknown."""
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
    """Format ``seconds`` roughly: ``about 40 s``, ``about 6 min``, ``about 1 h 20 min``."""
    if seconds < 90:
        return f"about {max(10 * round(seconds / 10), 10)} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 60 else f"about {minutes // 60} h {minutes % 60:02} min"
