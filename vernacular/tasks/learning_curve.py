"""Learning curves: numbers of training items, and the stored result of each training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from vernacular.core.store import write_atomically
from vernacular.tasks.base import Answer
from vernacular.tasks.calibration_report import Calibration

# prompting method without fine-tuning -> for each seed the predictions for the test items
Untrained = Mapping[str, list[list[Answer]]]


@dataclass(frozen=True)
class Run:
    """The result of one training."""

    answers: list[Answer]  # predictions for the test items, in order
    steps: int  # taken
    chosen: int  # the step of the kept weights
    looks: list[tuple[int, float]]  # (step, score of the dev items)
    seconds: float  # of training and prediction
    cut: int = 0  # number of truncated test items
    # of the probabilities, if there are any and the training is stored
    calibration: Calibration | None = None

    def write(self, path: Path) -> None:
        """Store it, so that a killed stage can resume."""
        write_atomically(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Run | None:
        """Load a stored run, or return None."""
        text = path.read_text(encoding="utf-8") if path.is_file() else None
        return None if text is None else TypeAdapter(cls).validate_python(json.loads(text))


def sizes_of(curve: Sequence[int | str], there: int) -> list[int]:
    """Return the sizes of a curve, limited to the ``there`` available items."""
    return sorted({there if size == "all" else min(int(size), there) for size in curve})
