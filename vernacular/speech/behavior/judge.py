"""Whether a transcript fails a test, and what the failures add up to."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from vernacular.core.confidence import FEWEST_TEXTS, Floats, ratio_difference
from vernacular.core.normal_forms import normalized
from vernacular.core.report import Gate
from vernacular.speech.behavior.stage_results import SoundTest
from vernacular.speech.behavior.table import MOST_WORSE
from vernacular.text.codepoints import Batch
from vernacular.text.scripts import foreign_to

LEAST_MARKS = 0.5  # share of the marks (tones, nasal vowels) of the reference that a transcript must have


def foreign_letters(transcript: str, script: str, alphabet: Set[str]) -> int:
    """Return the number of letters of another script that are not in ``alphabet``, the letters of the references."""
    other = "".join(letter for letter in transcript if letter not in alphabet)
    return int(foreign_to(script).take(Batch.of([other]).codes).sum()) if other else 0


def marks(text: str) -> int:
    """Return the number of combining marks, after decomposition: tones, nasal vowels, dots below."""
    return sum(unicodedata.category(one) == "Mn" for one in normalized("NFD", text))


def loses_marks(reference: str, transcript: str) -> bool:
    """Return whether fewer than half of the marks that letters of the transcript should have are there.

    The marks that are expected are those of the reference, in proportion to the letters that were written.
    """
    expected, letters, written = marks(reference), _letters(reference), _letters(transcript)
    return marks(transcript) < LEAST_MARKS * expected * min(1.0, written / max(letters, 1))


def summarize(failed: Sequence[bool], description: str, fails_if: str, threshold: float,
              errors: tuple[Floats, Floats, Floats] | None = None) -> SoundTest:
    """Return the test with its interval.

    Args:
        failed: of each case.
        description: of the test.
        fails_if: when a case fails.
        threshold: highest rate of failures that passes.
        errors: edits with the change, edits without it, characters of the references; a row for each case.
    """
    count, failures = len(failed), sum(failed)
    low, high = binomtest(failures, count).proportion_ci(method="wilson") if count else (0.0, 1.0)
    test = SoundTest(description=description, fails_if=fails_if, cases=count, failures=failures, threshold=threshold,
                     rate=failures / count if count else None, low=float(low), high=float(high))
    if errors is None or not count:
        return test
    with_change, without, characters = errors
    rate = 100 * float(with_change.sum() / characters.sum())
    if count < FEWEST_TEXTS:  # an interval would mean nothing
        return test.model_copy(update={"error_rate": rate})
    lowest, mean, highest = ratio_difference((with_change, characters), (without, characters), seed=0)
    return SoundTest.extending(test, error_rate=rate, change=(100 * lowest, 100 * mean, 100 * highest))


def worse(with_change: NDArray[np.float64], without: NDArray[np.float64], characters: NDArray[np.float64]
          ) -> list[bool]:
    """Return which changed utterances have clearly more errors than the unchanged ones."""
    return [bool(value) for value in with_change - without > MOST_WORSE * characters]


def gate_of(name: str, test: SoundTest) -> Gate:
    """Return the gate of a test; without cases it passes, since nothing could be tested."""
    if test.rate is None:
        return Gate(name=name, passed=True, reason="no utterance to test with", threshold=float(test.threshold))
    return Gate(name=name, passed=test.passed, value=float(test.rate), threshold=float(test.threshold),
                reason=f"{test.failures} of {test.cases} cases fail ({test.rate:.0%}, 95% interval {test.low:.0%} to "
                       f"{test.high:.0%}); at most {test.threshold:.0%} may",
                fix="Add recordings of this kind, or state it on the card")


def _letters(text: str) -> int:
    return sum(unicodedata.category(one).startswith("L") for one in normalized("NFD", text))
