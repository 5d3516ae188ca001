"""The stage ``speech/recordings``."""

from __future__ import annotations

from vernacular.core.report import Report
from vernacular.pipeline.stage import StageContext


def run(work: StageContext) -> Report:
    """Read the recordings of all sources."""
    raise NotImplementedError
