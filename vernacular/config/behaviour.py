"""How the behavioural tests of a language are run. What they say is in ``vernacular.evaluation.behaviour``."""

from __future__ import annotations

from pydantic import Field

from vernacular.config.strict import Strict


class Behaviour(Strict):
    """How the behavioural tests in ``behaviour/*.yaml`` are run."""

    cases: int = Field(200, ge=1, description="most cases per test")
    seed: int = 1
