"""What a training is refused for before it starts."""

from __future__ import annotations

import pytest

from vernacular.config.training import Pretraining
from vernacular.core.errors import Problem
from vernacular.pretraining import stage


@pytest.mark.parametrize(("batch", "parts", "processes", "refused"), [
    (16, 4, 4, False), (16, 8, 4, True), (1, 1, 2, True), (8, 8, 1, False)])
def test_every_process_has_a_part_of_every_batch(monkeypatch: pytest.MonkeyPatch, batch: int, parts: int,
                                                 processes: int, refused: bool) -> None:
    """One without would send no gradient, and the others wait for it until they are killed."""
    monkeypatch.setattr(stage, "together", lambda: (0, processes))
    settings = Pretraining(steps=1, batch_size=batch, accumulate=parts)  # type: ignore[call-arg]
    if refused:
        with pytest.raises(Problem, match=f"batch of {batch} .*Raise batch_size to {processes * parts}"):
            stage._check(settings, "qaa")
    else:
        stage._check(settings, "qaa")
