"""A share of lines with its confidence interval, as used in identification reports."""

from __future__ import annotations

from vernacular.langid.stage_results import ShareOfLines


def share_of(accepted: int, lines: int) -> ShareOfLines:
    """Return accepted lines, all lines, their share and its 95% interval (Wilson 1927)."""
    if not lines:
        return ShareOfLines(accepted=0, lines=0, share=0.0, low=0.0, high=1.0)
    from scipy.stats import binomtest

    interval = binomtest(accepted, lines).proportion_ci(method="wilson")
    return ShareOfLines(accepted=accepted, lines=lines, share=round(accepted / lines, 4),
                        low=round(float(interval.low), 4), high=round(float(interval.high), 4))
