"""Settings of behavioral tests. Their content is in ``vernacular.evaluation.behavior``."""

from __future__ import annotations

from pydantic import Field

from vernacular.config.strict import Strict


class Behaviour(Strict):
    """How the behavioral tests in ``behaviour/*.yaml`` are run."""

    cases: int = Field(200, ge=1, examples=[60], description=(
        "Most cases per test, unless a test sets its own number. More cases give narrower intervals and take longer."))
    seed: int = Field(1, examples=[2], description="Random seed for drawing cases and changes.")
