"""The gates of behavioral tests: one per test."""

from __future__ import annotations

from vernacular.behavior_tests.schema import Suite, percent
from vernacular.pipeline.stage import GateSpec


def gate_specs(suite: Suite) -> tuple[GateSpec, ...]:
    """Return one gate per test, with its name."""
    return tuple(GateSpec(test.name, f"{test.description or test.capability}: at most {percent(test.threshold)} of "
                                     f"the cases fail. Author: {test.author}; reviewed by: {suite.review_of(test)}.",
                          test.severity == "error") for test in suite.tests)
