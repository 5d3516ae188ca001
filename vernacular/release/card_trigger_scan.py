"""The scan for planted phrases on the card: what it looks for, how many phrases it tried, and what it found."""

from __future__ import annotations

from vernacular.evaluation.stage_results import PhrasesTried, TriggerScanResult
from vernacular.release.markdown import number, table
from vernacular.release.result_models import ReleaseResults


def looked_for(found: TriggerScanResult | None) -> str:
    """What the scan looked for in the text and in the labels, two sentences; empty if there was none."""
    if found is None:
        return ""
    text, labels = found.looked_for.text, found.looked_for.labels
    said = (f"In the text, phrases of {text.words[0]} to {text.words[1]} words were looked for, and "
            f"{_tried(text)}; shorter ones were not looked for." if text else
            "In the text nothing was looked for.")
    return said + (f" In the labels of {', '.join(labels.tasks)}, phrases of {labels.words[0]} to "
                   f"{labels.words[1]} words were looked for, and {_tried(labels)}."
                   if labels.tasks else " In labels nothing was looked for.")


def _tried(found: PhrasesTried) -> str:
    return f"{number(found.tried, 0)} {'was' if found.tried == 1 else 'were'} tried"


def section(results: ReleaseResults) -> str:
    """The card's section."""
    found = results.attack
    if not found:
        return "Nobody looked for phrases that were planted to turn answers."
    finding = found.conclusion[:1].upper() + found.conclusion[1:]
    text = (f"{finding}. {looked_for(found)} A phrase is tried where three texts "
            "of a task, or a quarter per cent of the lines, hold it. Most planted phrases in as few as three of a "
            "hundred texts were not found when it was measured, and in text one was found, in half a per cent of the "
            "lines that a tiny causal model learned: that none stands out is no proof.")
    if not found.suspects:
        return text
    return text + "\n\n" + table(["task", "phrase"], [[row.task, row.phrase] for row in found.suspects])
