"""Character and word error rates of transcripts, with intervals over utterances and over speakers.

Counts of edits come from jiwer; the rates are sums of edits over sums of characters or words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from vernacular.core.confidence import Floats, ratio, ratio_difference
from vernacular.core.result import Estimate, Interval
from vernacular.speech.packages import load_package
from vernacular.speech.transcription.alphabet import normal
from vernacular.speech.transcription.stage_results import ErrorRates

FEWEST_SPEAKERS = 5  # with fewer, an interval over speakers means nothing


@dataclass(frozen=True)
class Edits:
    """Edits of transcripts, and what they are counted of; a row for each utterance."""

    characters: Floats  # edits
    words: Floats
    all_characters: Floats  # in the reference
    all_words: Floats


def count_edits(references: Sequence[str], transcripts: Sequence[str]) -> Edits:
    """Count the edits from each transcript to its reference.

    Raises:
        Problem: jiwer is not installed.
    """
    jiwer = load_package("jiwer")
    rows = []
    for reference, transcript in zip(map(normal, references), map(normal, transcripts), strict=True):
        letters, words = jiwer.process_characters(reference, transcript), jiwer.process_words(reference, transcript)
        rows.append((letters.substitutions + letters.insertions + letters.deletions,
                     words.substitutions + words.insertions + words.deletions, len(reference), len(reference.split())))
    return Edits(*np.array(rows, np.float64).T)


def pooled(some: Sequence[Edits]) -> Edits:
    """The edits of several trainings of one method, summed for each utterance."""
    return Edits(*(np.sum([getattr(one, field.name) for one in some], 0) for field in fields(Edits)))


def character_error_rate(references: Sequence[str], transcripts: Sequence[str]) -> float:
    """Edits per character of the references."""
    edits = count_edits(references, transcripts)
    return float(edits.characters.sum() / edits.all_characters.sum())


def error_rates(edits: Edits, speakers: Sequence[str], seed: int = 0) -> ErrorRates:
    """The rates in percent with intervals over utterances, and over speakers where there are enough."""
    rows = [np.array([speaker == one for one in speakers]) for speaker in sorted(set(speakers) - {""})]
    over = {}
    if len(rows) >= FEWEST_SPEAKERS:
        over = {"cer_over_speakers": _estimate(_summed(edits.characters, rows), _summed(edits.all_characters, rows),
                                               seed),
                "wer_over_speakers": _estimate(_summed(edits.words, rows), _summed(edits.all_words, rows), seed)}
    return ErrorRates(utterances=len(edits.words), cer=_estimate(edits.characters, edits.all_characters, seed),
                      wer=_estimate(edits.words, edits.all_words, seed), **over)


def difference(ours: Edits, theirs: Edits, seed: int = 0) -> Interval:
    """Low, mean and high of our character error rate minus theirs, in points, paired over utterances."""
    low, mean, high = ratio_difference((ours.characters, ours.all_characters),
                                       (theirs.characters, theirs.all_characters), seed)
    return 100 * low, 100 * mean, 100 * high


def _estimate(edits: Floats, total: Floats, seed: int) -> Estimate:
    return Estimate(**{name: 100 * value for name, value in ratio(edits, total, seed).items()})


def _summed(values: Floats, rows: Sequence[NDArray[np.bool_]]) -> Floats:
    return np.array([values[row].sum() for row in rows])
