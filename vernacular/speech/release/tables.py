"""The tables of a transcription model that its card, its page and the terminal share."""

from __future__ import annotations

from vernacular.core.result import Estimate
from vernacular.release.markdown import Table
from vernacular.speech.behavior.stage_results import SpeechBehaviorResult
from vernacular.speech.transcription.stage_results import ErrorRates, TranscriptionResult, best_rates

BASELINES = {"log_mel": "log-mel features, no pretrained model", "random_weights": "the same network, random weights",
             "without_pretraining": "without pretraining on this speech"}


def scores_table(found: TranscriptionResult) -> Table:
    """Error rates of the model and its baselines."""
    rows = [[name, *rate_cells(rates)] for name, rates in (
        ("with the language model", found.scored.decoded), ("likeliest path", found.scored.greedy)) if rates]
    rows += [[f"baseline: {BASELINES.get(name, name)}", *rate_cells(scored.greedy)]
             for name, scored in found.baselines.items()]
    return Table(["", "characters", "words"], rows)


def speakers_table(found: TranscriptionResult) -> Table:
    """Error rates of held-out speakers."""
    return Table(["speaker", "minutes of training", "characters", "words"], [
        [row.speaker, f"{row.minutes:.0f}", *rate_cells(best_rates(row.scored))] for row in found.speakers])


def curve_table(found: TranscriptionResult) -> Table:
    """Error rates by minutes of training; no row without a curve."""
    points = [(float(point.minutes), point.scored) for point in found.curve]
    points += [(float(found.minutes), found.scored)] if points else []
    return Table(["minutes of training", "characters", "words"], [
        [f"{minutes:.0f}", *rate_cells(best_rates(scored))]
        for minutes, scored in sorted(points, key=lambda point: point[0])])


def behavior_table(found: SpeechBehaviorResult) -> Table:
    """What each test of behavior found."""
    return Table(["test", "what the model hears", "fails", "at most", "result"], [
        [name, test.description, f"{test.failures} of {test.cases}", f"{test.threshold:.0%}",
         "green" if test.passed else "red"] for name, test in found.tests.items()])


def gaps_table(found: SpeechBehaviorResult) -> Table:
    """The largest difference between groups of speakers; no row where none can be compared."""
    return Table(["by", "fewest errors", "most errors", "difference (points)", "how sure"], [
        [gap.attribute, *(f"{row.group}: {row.cer.mean:.1f}" for row in (gap.groups[0], gap.groups[-1])),
         f"{gap.gap[1]:.1f} ({gap.gap[0]:.1f} to {gap.gap[2]:.1f})", gap.note] for gap in found.gaps])


def rate_cells(rates: ErrorRates) -> list[str]:
    """Characters and words, each with its interval."""
    return [range_cell(rates.cer), range_cell(rates.wer)]


def range_cell(rate: Estimate) -> str:
    """A rate in percent with its interval."""
    return f"{rate.mean:.1f} ({rate.low:.1f} to {rate.high:.1f})"
