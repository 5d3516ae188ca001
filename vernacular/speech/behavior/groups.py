"""Error rates of groups of speakers, by what the speakers say about themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vernacular.core.confidence import FEWEST_TEXTS, RESAMPLES, Floats, ratio
from vernacular.core.result import Estimate
from vernacular.speech.behavior.stage_results import GroupErrors, SpeakerGap

Names = NDArray[np.object_]
ATTRIBUTES = ("gender", "age", "village")
_FEWEST_SPEAKERS = 3  # of each group, for a claim about the group


def find_gaps(speakers: Sequence[str], edits: Floats, characters: Floats, about: Mapping[str, Mapping[str, str]]
              ) -> tuple[list[SpeakerGap], dict[str, str]]:
    """Return the gap between groups for each attribute, and why there is none for others.

    Args:
        speakers: pseudonym of each scored utterance.
        edits: of its transcript.
        characters: of its reference.
        about: pseudonym -> attribute -> value, as the speaker gives it.
    """
    gaps, missing = list[SpeakerGap](), dict[str, str]()
    for attribute in ATTRIBUTES:
        values = np.array([about.get(speaker, {}).get(attribute) or "" for speaker in speakers], dtype=object)
        groups = [value for value in sorted(set(values) - {""}) if (values == value).sum() >= FEWEST_TEXTS]
        if len(groups) < 2:
            stated = len(set(values) - {""})
            missing[attribute] = "not stated" if not stated else (
                f"fewer than two groups have {FEWEST_TEXTS} scored utterances")
            continue
        gaps.append(_gap(attribute, groups, values, np.array(speakers, dtype=object), edits, characters))
    return gaps, missing


def _gap(attribute: str, groups: Sequence[str], values: Names, speakers: Names,
         edits: Floats, characters: Floats) -> SpeakerGap:
    rows = []
    for group in groups:
        at = values == group
        found = {name: 100 * value for name, value in ratio(edits[at], characters[at], 0).items()}
        rows.append(GroupErrors(group=group, speakers=len(set(speakers[at]) - {""}), utterances=int(at.sum()),
                                cer=Estimate(**found)))
    rows.sort(key=lambda row: (float(row.cer.mean), row.group))
    best, worst = rows[0], rows[-1]
    enough = min(best.speakers, worst.speakers) >= _FEWEST_SPEAKERS
    draws = [_resampled(values == row.group, speakers, edits, characters, enough, seed)
             for seed, row in enumerate((worst, best))]
    low, high = np.percentile(100 * (draws[0] - draws[1]), [2.5, 97.5])
    note = "interval over speakers" if enough else (
        f"interval over utterances: with fewer than {_FEWEST_SPEAKERS} speakers in a group, this is a difference "
        "between persons, not between groups")
    return SpeakerGap(attribute=attribute, groups=rows, note=note,
                      gap=(float(low), float(worst.cer.mean) - float(best.cer.mean), float(high)))


def _resampled(at: NDArray[np.bool_], speakers: Names, edits: Floats, characters: Floats,
               by_speaker: bool, seed: int) -> Floats:
    """Return error rates of a group in resamples of its speakers or utterances: (resamples,)."""
    above, below = edits[at], characters[at]
    if by_speaker:
        sums = defaultdict[str, list[float]](lambda: [0.0, 0.0])
        for speaker, edit, count in zip(speakers[at], above, below, strict=True):
            sums[speaker][0] += edit
            sums[speaker][1] += count
        above, below = np.array(list(sums.values())).T
    rows = np.random.default_rng(seed).integers(0, len(above), (RESAMPLES, len(above)))
    rates: Floats = above[rows].sum(1) / below[rows].sum(1)
    return rates
