"""The gates of the behavioral tests: one for each test of the folder."""

from __future__ import annotations

from vernacular.behavior_tests.schema import Suite, percent
from vernacular.pipeline.stage import GateSpec


def gate_specs(suite: Suite) -> tuple[GateSpec, ...]:
    """One gate a test, named after it."""
    return tuple(GateSpec(test.name, f"{test.description or test.capability}: at most {percent(test.threshold)} of the "
                          f"cases fail. Author: {test.author}; reviewed by a speaker: {suite.review_of(test)}.",
                          test.severity == "error") for test in suite.tests)
