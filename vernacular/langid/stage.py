"""The stage ``corpus/identifier``: trains, evaluates and writes the identifier."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from vernacular.config.schema import Language
from vernacular.config.stage_settings import IdentifierSettings
from vernacular.core.report import Gate, Report
from vernacular.core.store import Artifact, digest_of
from vernacular.langid import learned_thresholds as thresholds
from vernacular.langid.breadth import Breadth, find_breadth, sample_blocks
from vernacular.langid.breadth_gate import breadth_gate
from vernacular.langid.contrast import contrast_lines
from vernacular.langid.evaluate import measure
from vernacular.langid.external import versions_of
from vernacular.langid.limits import SHARED, SHARED_AT_HOME
from vernacular.langid.seed import LEAST_SEED, seed_lines
from vernacular.langid.self_training import add_rounds
from vernacular.langid.share import share_of
from vernacular.langid.stage_results import FarRecall, IdentifierResult
from vernacular.langid.train import learn
from vernacular.pipeline.stage import StageContext
from vernacular.provenance.corpus_tables import DOCUMENTS, read_rows
from vernacular.provenance.document import short_digest

THRESHOLDS = "thresholds.json"
_REPORT = "report.json"
LEARNER_VERSION = "3"  # raise it when the same seed gives another identifier


def run(work: StageContext[IdentifierSettings]) -> Report:
    """Write ``identifier.npz`` and ``thresholds.json``; neither without a seed.

    Raises:
        Problem: the seed or the contrast cannot be read.
    """
    settings = work.settings
    documents = work.inputs["corpus/documents"] / DOCUMENTS
    seed = seed_lines(work.language, settings.orthography, documents)
    contrast = {code: sorted(lines, key=short_digest) for code, lines in contrast_lines(
        work.language, settings.orthography, work.root, work.progress).items()}
    breadth = None
    if len(seed) >= LEAST_SEED and not settings.identification.rounds:
        breadth = _breadth(seed, contrast, documents, SHARED, work)
    learned = work.cache / digest_of([
        seed, contrast, settings.model_dump(mode="json", by_alias=True), breadth.shared if breadth else 0,
        LEARNER_VERSION, versions_of(settings.identification.members),
        Artifact(documents.parent).manifest.data_version if settings.identification.rounds else ""])
    if not learned.is_dir():  # new documents rarely change the seed
        for old in work.cache.iterdir():
            shutil.rmtree(old)
        part = work.scratch / "learned"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        report = _learn(sorted(seed, key=short_digest), contrast, documents, breadth, part, work)
        (part / _REPORT).write_text(report.model_dump_json(), encoding="utf-8")
        part.replace(learned)
    shutil.copytree(learned, work.out, ignore=shutil.ignore_patterns(_REPORT), dirs_exist_ok=True)
    report = Report.model_validate_json((learned / _REPORT).read_text(encoding="utf-8"))
    if breadth is not None:
        _describe_breadth(report, breadth, work.language)
    return report


def _breadth(seed: Sequence[str], contrast: Mapping[str, Sequence[str]], documents: Path, shared: float,
             work: StageContext[IdentifierSettings]) -> Breadth:
    settings = work.settings
    blocks = sample_blocks(((row["source"], row["text"]) for row in read_rows(documents, ["source", "text"])),
                           {source.name for source in settings.trusted}, settings.script, settings.orthography)
    return find_breadth(seed, blocks, code=settings.code, others=contrast, shared=shared, chance=work.seed)


def _learn(seed: list[str], contrast: Mapping[str, Sequence[str]], documents: Path, breadth: Breadth | None, out: Path,
           work: StageContext[IdentifierSettings]) -> Report:
    # imported here because they take a second and most runs reuse an earlier result
    settings = work.settings
    report = Report()
    report.count("seed_lines", len(seed), "lines known to be in the language", "lines")
    if len(seed) < LEAST_SEED:
        report.gates += [
            Gate(name="has_seed", passed=False, value=len(seed), threshold=LEAST_SEED,
                 reason=f"{len(seed)} lines are known to be in the language, {LEAST_SEED} are needed: put some "
                        f"into {settings.identification.seed}, or mark a source `trusted: true`. Until then only "
                        "lines clearly in one of cleaning.reject_languages are dropped"),
            Gate(name="seed_broad", passed=True, reason="not measured: there is no seed (has_seed)")]
        return report
    work.progress(f"training on {len(seed):,} lines, against {len(contrast)} languages")
    if settings.identification.rounds:
        seed = add_rounds(seed, documents, settings, contrast, work.seed, report)
        breadth = _breadth(seed, contrast, documents, SHARED_AT_HOME, work)
    shared = breadth.shared if breadth else SHARED
    identifier = learn(seed, code=settings.code, others=contrast, shared=shared, chance=work.seed,
                       members=settings.identification.members, precision=settings.identification.precision)
    identifier.save(out)
    limits = thresholds.learn(seed, settings.quantile)
    (out / THRESHOLDS).write_text(json.dumps(limits.to_dict(), indent=1), encoding="utf-8")
    work.progress("evaluating on held-out lines")
    report.set_result(IdentifierResult(identification=measure(seed, contrast, shared, out, work, report),
                                       word_lists=sorted(identifier.seed.lists)))
    report.gates.append(Gate(name="has_seed", passed=True, value=len(seed), threshold=LEAST_SEED,
                             reason=f"{len(seed):,} lines are known to be in the language; the minimum is "
                                    f"{LEAST_SEED}"))
    if settings.identification.rounds and breadth is not None:
        _describe_breadth(report, breadth, work.language)
    return report


def _describe_breadth(report: Report, breadth: Breadth, language: Language) -> None:
    """Add the recall on far lines and the gate ``seed_broad`` to ``report``."""
    found = share_of(breadth.accepted, breadth.lines)
    result = report.read_result(IdentifierResult, "corpus/identifier")
    if result.identification is not None:
        far = FarRecall.extending(found, usual=breadth.usual, shared=breadth.shared, by_source=breadth.by_source)
        report.set_result(IdentifierResult.extending(
            result, identification=result.identification.model_copy(update={"far": far})))
    if breadth.lines:
        of = "of the sources, far from the seed," if breadth.by_source else ("of thirds of the seed, judged by the "
                                                                             "others,")
        report.count("recall_far", found.share, f"of lines {of} are accepted", "share")
        report.count("recall_far_usual", round(breadth.usual / breadth.lines, 4),
                     "of the same lines are accepted at the usual limits", "share")
    if breadth.by_source:
        report.samples["recall far from the seed"] = [
            {"source": source, "lines": lines, "at the usual limits": f"{usual / lines:.1%}",
             "at the limits in use": f"{accepted / lines:.1%}"}
            for source, (lines, usual, accepted) in breadth.by_source.items()]
    report.gates.append(breadth_gate(breadth, language))
