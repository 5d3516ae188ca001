"""A learning curve: how many items to learn from, and what is remembered of each training of arm, size and seed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vernacular.core.store import write_atomically
from vernacular.tasks.base import Answer
from vernacular.tasks.calibration_report import Calibration

# name of a way to ask without fine-tuning -> for each seed the answers to the test items
Untrained = Mapping[str, list[list[Answer]]]


@dataclass(frozen=True)
class Run:
    """What one training gave.

    Attributes:
        answers: to the test items, in their order.
        steps: that were taken.
        chosen: the step whose weights are kept.
        looks: (step, score of the dev items).
        seconds: of training and answering.
        cut: how many test items were too long to be read to their end.
        calibration: of the probabilities, where there are any and the training is kept.
    """

    answers: list[Answer]
    steps: int
    chosen: int
    looks: list[tuple[int, float]]
    seconds: float
    cut: int = 0
    calibration: Calibration | None = None

    def write(self, path: Path) -> None:
        """Keep it, so that a killed stage need not repeat it."""
        write_atomically(path, json.dumps({**self.__dict__, "calibration": self.calibration and
                                           self.calibration.as_json()}))

    @classmethod
    def read(cls, path: Path) -> Run | None:
        """What ``write`` kept, or None."""
        if not path.is_file():
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        calibration = found.pop("calibration")
        return cls(**{**found, "looks": [(step, score) for step, score in found["looks"]]},
                   calibration=calibration and Calibration.of_json(calibration))


def sizes_of(curve: Sequence[int | str], there: int) -> list[int]:
    """The sizes of a curve where ``there`` items are to learn from; what is larger is every item there is."""
    return sorted({there if size == "all" else min(int(size), there) for size in curve})
