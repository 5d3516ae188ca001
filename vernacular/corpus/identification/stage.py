"""The stage ``corpus/identifier``: learns the identifier from the seed, measures it, and writes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from vernacular.artifacts import Artifact, Gate, Report, digest_of, digest_of_files
from vernacular.corpus import IdentifierSettings, thresholds
from vernacular.corpus.identification.classifier import LENGTHS, SeedIdentifier
from vernacular.corpus.identification.learn import SHARED, SHARED_AT_HOME, count_words, impostors, learn
from vernacular.corpus.identification.seed import contrast_lines, seed_lines
from vernacular.corpus.identification.selftrain import add_rounds
from vernacular.plots import histogram
from vernacular.stages import Work

LEAST_SEED = 100  # lines
THRESHOLDS = "thresholds.json"
_HELD_OUT = 5  # every fifth line of the seed measures the identifier that the others are the seed of
_TELLING_WORDS = 6
_SAMPLE = 8
_CODE, _REPORT = Path(__file__).parent, "report.json"


def run(work: Work) -> Report:
    """Write ``identifier.npz`` and ``thresholds.json``, or neither where there is no seed.

    Raises:
        Problem: the seed or the contrast cannot be read.
    """
    settings: IdentifierSettings = work.settings
    documents = work.inputs["corpus/documents"] / "documents.jsonl"
    seed = seed_lines(work.language, settings.orthography, documents)
    contrast = contrast_lines(work.language, settings.orthography, work.root, work.progress)
    learned = work.cache / digest_of([
        seed, contrast, settings.model_dump(mode="json", by_alias=True),
        digest_of_files(_CODE, list(_CODE.glob("*.py"))),
        Artifact(documents.parent).manifest.data_version if settings.identification.rounds else ""])
    if not learned.is_dir():  # documents that are new leave the seed as it is, mostly
        for old in work.cache.iterdir():
            shutil.rmtree(old)
        part = work.scratch / "learned"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        report = _learn(seed, contrast, documents, part, work)
        (part / _REPORT).write_text(report.model_dump_json(), encoding="utf-8")
        part.replace(learned)
    shutil.copytree(learned, work.out, ignore=shutil.ignore_patterns(_REPORT), dirs_exist_ok=True)
    return Report.model_validate_json((learned / _REPORT).read_text(encoding="utf-8"))


def _learn(seed: list[str], contrast: Mapping[str, Sequence[str]], documents: Path, out: Path, work: Work) -> Report:
    settings: IdentifierSettings = work.settings
    report = Report()
    report.count("seed_lines", len(seed), "lines known to be in the language", "lines")
    if len(seed) < LEAST_SEED:
        report.gates.append(Gate(
            name="has_seed", passed=False, value=len(seed), threshold=LEAST_SEED,
            reason=f"{len(seed)} lines are known to be in the language, {LEAST_SEED} are needed: put some into "
                   f"{settings.identification.seed}, or mark a source `trusted: true`. Until then only lingua rejects"))
        return report
    work.progress(f"learning from {len(seed):,} lines, against {len(contrast)} languages")
    if settings.identification.rounds:
        seed = add_rounds(seed, documents, settings, contrast, work.seed, report)
    shared = SHARED_AT_HOME if settings.identification.rounds else SHARED
    identifier = learn(seed, code=settings.code, others=contrast, shared=shared, chance=work.seed)
    identifier.save(out)
    limits = thresholds.learn(seed, settings.quantile)
    (out / THRESHOLDS).write_text(json.dumps(limits.to_dict(), indent=1), encoding="utf-8")
    work.progress("measuring on lines that it did not see")
    _measure(seed, contrast, shared, out, work, report)
    report.details["word_lists"] = sorted(identifier.lists)
    report.gates.append(Gate(name="has_seed", passed=True, value=len(seed), threshold=LEAST_SEED,
                             reason=f"{len(seed):,} lines are known to be in the language"))
    return report


def _measure(seed: Sequence[str], contrast: Mapping[str, Sequence[str]], shared: float, out: Path,
             work: Work, report: Report) -> None:
    """Learn once more without a fifth of the lines, and count what becomes of those and of impostors."""
    held, left = list(seed[::_HELD_OUT]), [line for number, line in enumerate(seed) if number % _HELD_OUT]
    others = {code: [line for number, line in enumerate(lines) if number % _HELD_OUT]
              for code, lines in contrast.items()}
    identifier = learn(left, code=work.language.code, others=others, shared=shared, chance=work.seed)
    scores = identifier.scores(held)
    words = identifier.costs(held).words
    long = words >= _TELLING_WORDS
    recall = _share(scores[long] >= identifier.threshold)
    report.count("recall", recall["share"], f"of held-out lines of {_TELLING_WORDS} words or more of the seed are "
                                            "accepted (same domain: other text fares worse)", "share")
    false = _impostors(identifier, left, work.seed)
    report.count("impostors_accepted", false["share"],
                 "of lines of invented words in the language's own spelling are accepted", "share")
    mistaken = {code: _share(identifier.scores(lines[::_HELD_OUT]) >= identifier.threshold)
                for code, lines in contrast.items() if lines}
    if mistaken:
        kept, wrong = int((scores[long] >= identifier.threshold).sum()), [row["accepted"] for row in mistaken.values()]
        report.count("precision", kept / max(kept + sum(wrong), 1), "of accepted held-out lines, seed and contrast "
                     "together, are in the language", "share")
    report.details["identification"] = {"recall": recall, "impostors": false, "contrast": mistaken,
                                        "by_length": _by_length(scores, words, identifier.threshold)}
    doubtful = np.argsort(scores, kind="stable")[:_SAMPLE]
    report.samples["seed lines that look least like the language"] = [
        {"probability": round(float(scores[number]), 3), "text": held[number][:160]} for number in doubtful]
    if mistaken:
        report.samples["contrast"] = [{"language": code, **row} for code, row in mistaken.items()]
    counts, edges = np.histogram(scores, bins=20, range=(0, 1))
    histogram(out / "seed.png", "Held-out lines of the seed", edges.tolist(), counts.tolist(),
              "probability of being in the language", "lines")
    report.plots["Held-out lines of the seed"] = "seed.png"


def _impostors(identifier: SeedIdentifier, seed: Sequence[str], chance: int) -> dict[str, Any]:
    batches = impostors(identifier, count_words(seed), 0.0, np.random.default_rng(chance + 1))
    found = np.concatenate([identifier.distances(identifier.costs_of(batch)) >= 0
                            for batch, words in zip(batches, LENGTHS, strict=True) if words >= _TELLING_WORDS])
    return _share(found)


def _share(accepted: NDArray[np.bool_]) -> dict[str, Any]:
    """Accepted lines, all lines, their share and its 95 % interval (Wilson 1927)."""
    if not len(accepted):
        return {"accepted": 0, "lines": 0, "share": 0.0, "low": 0.0, "high": 1.0}
    found = binomtest(int(accepted.sum()), len(accepted))
    interval = found.proportion_ci(method="wilson")
    return {"accepted": int(accepted.sum()), "lines": len(accepted), "share": round(float(accepted.mean()), 4),
            "low": round(float(interval.low), 4), "high": round(float(interval.high), 4)}


def _by_length(scores: NDArray[np.float32], words: NDArray[np.int64], threshold: float) -> list[dict[str, Any]]:
    rows = []
    for least, most in ((1, 3), (4, 7), (8, 15), (16, 1000)):
        found = (words >= least) & (words <= most)
        if found.any():
            rows.append({"words": f"{least} to {most}" if most < 1000 else f"{least} or more",
                         **_share(scores[found] >= threshold)})
    return rows
