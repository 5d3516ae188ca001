"""The stage ``corpus/identifier``: learns the identifier from the seed, measures it, and writes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from vernacular.artifacts import Artifact, Gate, Report, digest_of, digest_of_files
from vernacular.corpus import IdentifierSettings, thresholds
from vernacular.corpus.identification.seed import contrast_lines, seed_lines
from vernacular.stages import Work

LEAST_SEED = 100  # lines
THRESHOLDS = "thresholds.json"
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
    # imported here, since they take a second and most runs find what was learned before
    from vernacular.corpus.identification.learn import SHARED, SHARED_AT_HOME, learn
    from vernacular.corpus.identification.measure import measure
    from vernacular.corpus.identification.selftrain import add_rounds

    settings: IdentifierSettings = work.settings
    report = Report()
    report.count("seed_lines", len(seed), "lines known to be in the language", "lines")
    if len(seed) < LEAST_SEED:
        report.gates.append(Gate(
            name="has_seed", passed=False, value=len(seed), threshold=LEAST_SEED,
            reason=f"{len(seed)} lines are known to be in the language, {LEAST_SEED} are needed: put some into "
                   f"{settings.identification.seed}, or mark a source `trusted: true`. Until then only what is "
                   "surely in a language of cleaning.reject_languages is dropped"))
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
    measure(seed, contrast, shared, out, work, report)
    report.details["word_lists"] = sorted(identifier.lists)
    report.gates.append(Gate(name="has_seed", passed=True, value=len(seed), threshold=LEAST_SEED,
                             reason=f"{len(seed):,} lines are known to be in the language"))
    return report
