"""Answers, time and memory of a model, from a process in which nothing else runs (``worker``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vernacular.conversion import worker
from vernacular.conversion.results import Cost
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.release.apart import ask_apart

_SECONDS = 1800.0  # longest that all items may take


@dataclass(frozen=True)
class Measured:
    """What the process reported."""

    answers: list[Any]  # one for each item
    seconds: list[float]  # of each item
    loaded: float  # seconds until the first answer could begin
    peak_kb: int  # memory, all libraries included

    def cost(self, size: int) -> Cost:
        """As the card has it; ``size``: bytes on disk."""
        median, slow = (float(np.percentile(self.seconds, share)) * 1000 for share in (50, 90))
        return Cost(bytes_on_disk=size, peak_memory_mb=round(self.peak_kb / 1024, 1),
                    load_seconds=round(self.loaded, 3), median_ms=round(median, 3), slow_ms=round(slow, 3))


def measure(request: Mapping[str, Any]) -> Measured:
    """Run a request of ``worker``.

    Raises:
        Problem: the process failed, with its last line.
    """
    return Measured(**ask_apart(worker.__file__, ("-P", "-B"), dict(request), _SECONDS, lambda last: Problem(
        f"the {request['runtime']} model does not run ({last})", where=str(request["folder"]),
        fix="Report it with the versions of onnxruntime, ctranslate2 and transformers", code=Code.EXPORT_KIND)))
