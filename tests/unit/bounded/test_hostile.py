"""Files made to hang readers or to fill the memory: each is refused or read within its limits, all others are read."""

from __future__ import annotations

from pathlib import Path

from tests.hostile import RECIPES, attack
from vernacular.config.limits import Limits

LOADING = 2.0  # seconds in which a worker is started and loads its parsers


def test_every_recipe_is_refused_or_read_within_its_limits(tmp_path: Path) -> None:
    limits = Limits(seconds=0.3, page_seconds=0.3, memory_mb=300, output_mb=5)
    outcome = attack(tmp_path, len(RECIPES), 5, limits, 20_000)
    assert outcome.hostile == len(RECIPES) < outcome.good
    assert outcome.slowest[0] < limits.seconds + LOADING, outcome
