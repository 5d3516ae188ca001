"""One row a model over all languages, read off the manifests of current artifacts alone.

Computes no number and opens no language folder: the stages come from outlines. The row of
an unreadable artifact reports why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.core.result import Interval
from vernacular.core.store import Artifact, Store, remade
from vernacular.corpus.verify import Outcome, outcome_of
from vernacular.evaluation.stage_results import LikelihoodResult
from vernacular.modeling.variants import released_arm
from vernacular.pipeline.graph_summary import Outline
from vernacular.release.results import verdict
from vernacular.reporting.model_status import ModelStatus
from vernacular.speech.transcription.stage_results import TranscriptionResult, best_rates
from vernacular.tasks.stage_results import TaskResult

RELEASE, SPEECH_RELEASE = "release/", "speech/release_"


def overview(outlines: Iterable[Outline], problems: Mapping[str, Problem], store: Store) -> list[ModelStatus]:
    """The rows of every language, by code."""
    found = [(outline.code, row) for outline in outlines for row in rows_of(outline, store)]
    found += [(slug, ModelStatus(slug, red=f"broken folder: {problem.what}")) for slug, problem in problems.items()]
    return [row for _, row in sorted(found, key=lambda each: each[0])]


def rows_of(outline: Outline, store: Store) -> Iterator[ModelStatus]:
    """The rows of one language: each of its models, and each that has a release though it is not enabled."""
    language = f"{outline.code} {outline.name}"
    spoken = [*_spoken(language, outline, store)]
    yield from spoken
    releases = {stage.name: stage.inputs for stage in outline.stages if stage.name.startswith(RELEASE)}
    kept = [f"{RELEASE}{pointer.parent.name}" for pointer in store.home(outline.code, RELEASE).glob("*/current")]
    corpus = tuple(stage.name for stage in outline.stages if stage.name.startswith("corpus/"))
    for name in [*releases, *sorted(set(kept) - set(releases))] or ([] if spoken else [""]):
        model = name.removeprefix(RELEASE)
        try:
            release = store.current(outline.code, name) if name else None
            stages = releases.get(name) or (tuple(release.manifest.inputs) if release else corpus)
            yield _measured(language, model, {stage: artifact for stage in stages if (
                artifact := store.current(outline.code, stage)) is not None}, release, outcome_of(store, outline.code))
        except Problem as problem:
            yield ModelStatus(language, model, red=f"{problem.what}: {problem.where}")


def _spoken(language: str, outline: Outline, store: Store) -> Iterator[ModelStatus]:
    """The rows of the models of speech."""
    releases = {stage.name: stage.inputs for stage in outline.stages if stage.name.startswith(SPEECH_RELEASE)}
    kept = {f"speech/{pointer.parent.name}" for pointer in
            store.home(outline.code, "speech").glob(f"{SPEECH_RELEASE.partition('/')[2]}*/current")}
    for name in [*releases, *sorted(kept - set(releases))]:
        model = name.removeprefix(SPEECH_RELEASE)
        try:
            release = store.current(outline.code, name)
            stages = releases.get(name) or (tuple(release.manifest.inputs) if release else ())
            yield _transcribes(language, model, {stage: artifact for stage in stages if (
                artifact := store.current(outline.code, stage)) is not None}, release)
        except Problem as problem:
            yield ModelStatus(language, model, red=f"{problem.what}: {problem.where}")


def _transcribes(language: str, model: str, made: Mapping[str, Artifact], release: Artifact | None) -> ModelStatus:
    reports = {stage: artifact.manifest.report for stage, artifact in made.items()}
    if not reports:
        return ModelStatus(language, model, newest_text="never run")
    stage, read = f"speech/transcription_{model}", made.get("speech/recordings")
    scores = ""
    if stage in reports:
        found = reports[stage].read_result(TranscriptionResult, stage)
        best = best_rates(found.scored)
        scores = "transcription: " + ", ".join(
            f"{name} {rate.mean:.1f}% ({rate.low:.1f} to {rate.high:.1f})" for name, rate in (
                ("CER", best.cer), ("WER", best.wer)))
    about = "" if release is None else ", ".join([
        release.manifest.created[:16], *(["outdated"] if remade(release.manifest, made) else [])])
    if release is not None:
        reports[f"{SPEECH_RELEASE}{model}"] = release.manifest.report
    return ModelStatus(language, model, hours=_value(reports.get("speech/clean"), "hours_transcribed"), tasks=scores,
                       red=_red(reports), newest_text=read.manifest.created[:16] if read else "", release=about)


def _measured(language: str, model: str, made: Mapping[str, Artifact], release: Artifact | None,
              rebuilt: Outcome) -> ModelStatus:
    reports = {stage: artifact.manifest.report for stage, artifact in made.items()}
    if not reports:
        return ModelStatus(language, model, newest_text="never run")
    splits, tokenizer = reports.get("corpus/splits"), reports.get(f"tokenizer/{model}")
    measured = f"evaluation/{model}_likelihood"
    likelihood = reports.get(measured)
    released = released_arm(model, reports)
    against = f"{released}_minus_base"  # of what a person would get
    interval = likelihood.read_result(LikelihoodResult, measured).differences.get(against) if likelihood else None
    text, about = made.get("corpus/documents"), ""
    if release is not None:
        about = ", ".join([release.manifest.created[:16], *(["control"] if released == "control" else []),
                           *(["outdated"] if remade(release.manifest, made) else [])])
        reports[f"{RELEASE}{model}"] = release.manifest.report
    return ModelStatus(
        language, model, words=_value(splits, "words"), base_fertility=_value(tokenizer, "fertility_base"),
        extended_fertility=_value(tokenizer, "fertility_extended"), red=_red(reports, rebuilt),
        likelihood=_with_interval(interval, lower_is_better=True) if interval else "",
        tasks=", ".join(f"{task}: {outcome}" for task, outcome in _tasks(reports, model, against)),
        newest_text=text.manifest.created[:16] if text else "", release=about)


def _value(report: Report | None, name: str) -> float | None:
    return report.counts[name].value if report is not None and name in report.counts else None


def _with_interval(interval: Interval, *, spread: float = 0.0, lower_is_better: bool = False) -> str:
    low, mean, high = interval
    outcome = verdict(interval, spread=spread, lower_is_better=lower_is_better)
    return f"{outcome} {mean:+.3f} ({low:+.3f} to {high:+.3f})"


def _tasks(reports: Mapping[str, Report], model: str, against: str) -> Iterator[tuple[str, str]]:
    for stage, report in reports.items():
        if stage.startswith("task/"):
            result = report.read_result(TaskResult, stage)
            if against in result.intervals:
                yield (stage.removeprefix("task/").removesuffix(f"_{model}"),
                       _with_interval(result.intervals[against], spread=result.seed_spread))


def _red(reports: Mapping[str, Report], rebuilt: Outcome | None = None) -> str:
    red = [f"{stage}: {gate.name}" for stage, report in reports.items() for gate in report.gates if not gate.passed]
    red += [f"{rebuilt.differing} documents differ when made again"] if rebuilt and rebuilt.differing else []
    return f"{len(red)} ({', '.join(red)})" if red else ""
