"""How the behavioural tests of a language are run. What they say is in ``vernacular.evaluation.behavior``."""

from __future__ import annotations

from pydantic import Field

from vernacular.config.strict import Strict


class Behaviour(Strict):
    """How the behavioural tests in ``behaviour/*.yaml`` are run."""

    cases: int = Field(200, ge=1, examples=[60], description=(
        "Most cases of each test, unless the test says another number. More cases give a firmer result and take "
        "longer."))
    seed: int = Field(1, examples=[2], description="Random seed of the cases and changes that are drawn.")
