"""Evaluate an identifier on held-out lines, by training it again without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vernacular.config.stage_settings import IdentifierSettings
from vernacular.core.plots import curves, histogram
from vernacular.core.report import Report
from vernacular.langid.document_rule import FEW, write_rules
from vernacular.langid.limits import count_words, negative_texts
from vernacular.langid.share import share_of
from vernacular.langid.stage_results import (
    IdentificationScores,
    MemberVotes,
    ReliabilityBin,
    ShareByLength,
    ShareOfLines,
)
from vernacular.langid.train import learn
from vernacular.pipeline.stage import StageContext

_HELD_OUT = 5  # every fifth line of the seed is held out
_TELLING_WORDS = 6
_SAMPLE = 8
_NEGATIVES = 5_000  # lines
_BINS, _LEAST_IN_BIN = 10, 10  # of predicted probabilities; a bin with fewer lines is not shown
Scores = NDArray[np.float32]


def measure(seed: Sequence[str], contrast: Mapping[str, Sequence[str]], shared: float, out: Path,
            work: StageContext[IdentifierSettings], report: Report) -> IdentificationScores:
    """Train without a fifth of the lines, and count the decisions on those and on negatives.

    Lines of a contrast language that has ``FEW`` are judged without contrast in it: they are of one text.
    """
    settings = work.settings.identification
    held_out, left = list(seed[::_HELD_OUT]), [line for number, line in enumerate(seed) if number % _HELD_OUT]
    others = {code: [line for number, line in enumerate(lines) if number % _HELD_OUT]
              for code, lines in contrast.items()}
    identifier = learn(left, code=work.language.code, others=others, shared=shared, chance=work.seed,
                       members=settings.members, precision=settings.precision)
    scores = identifier.scores(held_out)
    words = identifier.costs(held_out).words
    long = words >= _TELLING_WORDS
    recall = _share(scores[long] >= identifier.threshold)
    report.count("recall", recall.share, f"of held-out seed lines of {_TELLING_WORDS} words or more are "
                                            "accepted (similar to the seed; for other text see recall_far)", "share")
    negatives = identifier.scores(negative_texts(identifier.seed, count_words(left), [0.0], _NEGATIVES, work.seed + 1))
    false = _share(negatives >= identifier.threshold)
    report.count("impostors_accepted", false.share,
                 "of lines with invented words in the language's spelling are accepted", "share")
    few = {code: lines for code, lines in contrast.items() if 0 < len(lines) < FEW}
    without = learn(left, code=work.language.code, shared=shared, chance=work.seed, members=settings.members,
                    precision=settings.precision, others={
                        code: lines for code, lines in others.items() if code not in few}) if few else identifier
    of_contrast = {code: without.scores(lines) if code in few else identifier.scores(lines[::_HELD_OUT])
                   for code, lines in contrast.items() if lines}
    write_rules(out, scores[long], of_contrast, identifier.threshold)
    mistaken = {code: _share(found >= identifier.threshold) for code, found in of_contrast.items()}
    precision = None
    if mistaken:
        wrong = sum(row.accepted for row in mistaken.values())
        precision = _share(np.repeat([True, False], [recall.accepted, wrong]))
        report.count("precision", precision.share, "of accepted held-out lines, seed and contrast together, are in "
                                                      "the language", "share")
    doubtful = np.argsort(scores, kind="stable")[:_SAMPLE]
    report.samples["seed lines least like the language"] = [
        {"probability": round(float(scores[number]), 3), "text": held_out[number][:160]} for number in doubtful]
    if mistaken:
        report.samples["contrast"] = [{"language": code, **row.as_json()} for code, row in mistaken.items()]
    counts, edges = np.histogram(scores, bins=20, range=(0, 1))
    histogram(out / "seed.png", "Held-out lines of the seed", edges.tolist(), counts.tolist(),
              "probability of being in the language", "lines")
    report.plots["Held-out lines of the seed"] = "seed.png"
    reliability = _reliability(scores, np.concatenate([negatives, *of_contrast.values()]), out, report)
    members = [MemberVotes(name=member.voter.name, version=member.version, label=member.votes.label,
                           share=round(member.votes.share, 4), knows=member.votes.knows)
               for member in identifier.members]
    if members:
        report.samples["votes on the seed"] = [member.as_json() for member in members]
    return IdentificationScores(recall=recall, negatives=false, contrast=mistaken, precision=precision,
                                by_length=_by_length(scores, words, identifier.threshold), reliability=reliability,
                                members=members)


def _reliability(own: Scores, others: Scores, out: Path, report: Report) -> list[ReliabilityBin]:
    """Return how often lines of each predicted probability are in the language, both kinds counting the same."""
    scores = np.concatenate([own, others]).astype(np.float64)
    right = np.arange(len(scores)) < len(own)
    weights = np.where(right, 0.5 / max(len(own), 1), 0.5 / max(len(others), 1))
    bins = np.minimum((scores * _BINS).astype(np.int64), _BINS - 1)
    found = []
    for number in range(_BINS):
        inside = bins == number
        if inside.sum() >= _LEAST_IN_BIN:
            found.append(ReliabilityBin(lines=int(inside.sum()),
                                        predicted=round(float(np.average(scores[inside], weights=weights[inside])), 4),
                                        observed=round(float(np.average(right[inside], weights=weights[inside])), 4)))
    curves(out / "reliability.png", "Reliability", "predicted probability", "share in the language", {
        "this identifier": ([row.predicted for row in found], [row.observed for row in found]),
        "perfectly calibrated": ([0.0, 1.0], [0.0, 1.0])})
    report.plots["Reliability of the probabilities"] = "reliability.png"
    return found


def _share(accepted: NDArray[np.bool_]) -> ShareOfLines:
    return share_of(int(accepted.sum()), len(accepted))


def _by_length(scores: Scores, words: NDArray[np.int64], threshold: float) -> list[ShareByLength]:
    rows = []
    for least, most in ((1, 3), (4, 7), (8, 15), (16, 1000)):
        found = (words >= least) & (words <= most)
        if found.any():
            rows.append(ShareByLength.extending(_share(scores[found] >= threshold), words=(
                f"{least} to {most}" if most < 1000 else f"{least} or more")))
    return rows
