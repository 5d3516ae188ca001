"""Every number of a release as one dictionary, read off the reports of the stages before it; and the verdicts in words.

The card, the data statement, the table of ``vernacular report`` and ``evaluation.json`` are all made from this
dictionary: no number is computed twice. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from vernacular.arms import DEV_LIKELIHOOD, released_arm
from vernacular.artifacts import Gate, Report
from vernacular.config.schema import Language, Model
from vernacular.config.tasks import Task

Results = dict[str, Any]


def stage_names(language: Language, name: str) -> list[str]:
    """The stages that a release of the model ``name`` is made from, in their order."""
    return ["corpus/documents", "corpus/identifier", "corpus/clean", "corpus/splits", f"tokenizer/{name}",
            f"model/{name}", f"model/{name}_control", *(f"task/{task}_{name}" for task in language.tasks_of(name)),
            *(f"evaluation/{name}_{kind}" for kind in ("likelihood", "retention", "behaviour", "fairness"))]


def gather(language: Language, name: str, model: Model, reports: Mapping[str, Report],
           folders: Mapping[str, Path] | None = None) -> Results:
    """The results of the model ``name``, as far as its stages have run; what has not run is None and listed as missing.

    Args:
        language: the folder.
        name: of the model.
        model: its settings.
        reports: stage name -> report, of the stages that have run.
        folders: stage name -> artifact folder, where a person is to be told.
    """
    def of(stage: str) -> Report | None:
        return reports.get(stage)

    tasks = {task: of(f"task/{task}_{name}") for task in language.tasks_of(name)}
    behaviour, fairness = of(f"evaluation/{name}_behaviour"), of(f"evaluation/{name}_fairness")
    likelihood, retention = of(f"evaluation/{name}_likelihood"), of(f"evaluation/{name}_retention")
    results: Results = {
        "language": {"code": language.code, "name": language.name, "autonym": language.autonym,
                     "script": language.script, "owner": language.owner},
        "model": {"name": name, "enabled": model.enabled, "objective": model.objective,
                  "base": model.base.model_dump(mode="json"),
                  "base_name": model.base.hub or model.base.package or str(model.base.path),
                  "vocabulary": model.vocabulary.model_dump(mode="json"), "lora": model.lora.model_dump(mode="json"),
                  "pretraining": model.pretraining.model_dump(mode="json")},
        "sources": _sources(language, of("corpus/clean")),
        "mixed_in": _mixed_in(model),
        "corpus": _corpus(of("corpus/documents"), of("corpus/clean"), of("corpus/splits")),
        "identification": _identification(of("corpus/identifier")),
        "fertility": _fertility(of(f"tokenizer/{name}")),
        "pretraining": {arm: _training(report) for arm, report in (
            ("control", of(f"model/{name}_control")), ("adapted", of(f"model/{name}")))},
        "released": _released(name, reports),
        "likelihood": _likelihood(likelihood) if likelihood else None,
        "retention": {**retention.details, "counts": _plain(retention)} if retention else None,
        "tasks": {task: _task(report, language.tasks[task]) for task, report in tasks.items() if report},
        "behaviour": {**behaviour.details, "worst_failures": behaviour.samples.get("worst_failures", []),
                      "gates": [gate.model_dump() for gate in behaviour.gates]} if behaviour else None,
        "fairness": fairness.details if fairness else None,
        "counts": {stage: {key: count.model_dump() for key, count in report.counts.items()}
                   for stage, report in reports.items()},
        "gates": {stage: [gate.model_dump() for gate in report.gates] for stage, report in reports.items()},
        "missing": [stage for stage in stage_names(language, name) if stage not in reports],
        "artifacts": {stage: str(folder) for stage, folder in (folders or {}).items()},
    }
    results["release_gates"] = [gate.model_dump() for gate in release_gates(results)]
    return results


def _plain(report: Report) -> dict[str, float]:
    return {name: count.value for name, count in report.counts.items()}


def _sources(language: Language, clean: Report | None) -> list[dict[str, Any]]:
    words = clean.details.get("words_by_source", {}) if clean else {}
    return [{"name": source.name, "kind": source.kind, "licence": source.licence, "consent": source.consent,
             "register": source.text_register, "quality": source.quality, "url": source.url,
             "words_kept": words.get(f"{source.name} ({source.text_register})")} for source in language.sources]


def _mixed_in(model: Model) -> list[dict[str, Any]]:
    """The texts beside the language's own that the model is trained on, and what each is for."""
    texts = [(entry.source, "a related language") for entry in model.pretraining.related]
    texts += [(source, "the base's languages") for source in model.retention if model.pretraining.replay]
    return [{"name": source.name, "licence": source.licence, "consent": source.consent,
             "register": source.text_register, "url": source.url, "role": role} for source, role in texts]


def _corpus(documents: Report | None, clean: Report | None, splits: Report | None) -> dict[str, Any] | None:
    if clean is None:
        return None
    counts, parts = _plain(clean), _plain(splits) if splits else {}
    rejected = {}
    for source in (clean, splits):
        for name, count in (source.counts if source else {}).items():
            if name.startswith("words_rejected_"):
                rule = name.removeprefix("words_rejected_")
                lines = source.counts.get(f"lines_rejected_{rule}") if source else None
                rejected[rule] = {"words": count.value, "lines": lines.value if lines else None,
                                  "meaning": count.meaning.removeprefix("words in ")}
    return {"documents_read": _plain(documents).get("documents") if documents else None,
            "documents_kept": counts.get("documents"), "words_read": counts.get("words_read"),
            "words_kept": counts.get("words_kept"), "words_rejected": counts.get("words_rejected"),
            "rejected": rejected, "parts": {part: {unit: parts.get(f"{unit}_{part}") for unit in
                                                   ("documents", "lines", "words")} for part in ("train", "dev", "test")
                                            } if splits else None}


def _identification(identifier: Report | None) -> dict[str, Any] | None:
    if identifier is None or "identification" not in identifier.details:
        return None
    return {**identifier.details["identification"], "counts": _plain(identifier)}


def _fertility(tokenizer: Report | None) -> dict[str, Any] | None:
    if tokenizer is None:
        return None
    counts = _plain(tokenizer)
    return {"base": counts.get("fertility_base"), "extended": counts.get("fertility_extended"),
            "change": counts.get("fertility_change"), "new_pieces": counts.get("new_pieces"),
            "base_lines_changed": counts.get("base_lines_changed"), "family": tokenizer.details.get("base_family")}


def _training(report: Report | None) -> dict[str, Any] | None:
    return {**report.details, "counts": _plain(report)} if report else None


def _released(name: str, reports: Mapping[str, Report]) -> dict[str, Any]:
    """Which arm is released, and the dev likelihoods that say so (None where not measured)."""
    values = {}
    for arm, stage in (("adapted", f"model/{name}"), ("control", f"model/{name}_control")):
        count = reports[stage].counts.get(DEV_LIKELIHOOD) if stage in reports else None
        values[arm] = count.value if count else None
        unit = count.unit if count else ""
    return {"arm": released_arm(name, reports), "dev": values, "unit": unit}


def _likelihood(report: Report) -> dict[str, Any]:
    differences = report.details.get("differences", {})
    return {**report.details, "verdicts": {name: verdict(interval, lower_is_better=True)
                                           for name, interval in differences.items()}}


def verdict(interval: list[float], *, spread: float = 0.0, lower_is_better: bool = False) -> str:
    """What a difference with its 95 % interval [low, mean, high] amounts to: ``gain``, ``no gain`` or ``harm``.

    Args:
        interval: of ours minus theirs.
        spread: how far seeds differ; a gain must be wider than that too. Harm need not: it is said when in doubt.
        lower_is_better: for losses.
    """
    low, mean, high = interval
    if lower_is_better:
        low, mean, high = -high, -mean, -low
    if high < 0:
        return "harm"
    return "gain" if low > 0 and mean > spread else "no gain"


def _task(report: Report, task: Task) -> dict[str, Any]:
    details = dict(report.details)
    scores = {arm: [row["score"] for row in rows] for arm, rows in details["scores"].items()}
    details["description"] = task.description
    details["labelled"] = {"licence": task.data.licence, "url": task.data.url} if task.data else None
    details["means"] = {arm: fmean(values) for arm, values in scores.items() if values}
    details["spread"] = max((max(values) - min(values) for values in scores.values() if values), default=0.0)
    details["verdicts"] = {name: verdict(interval, spread=details["spread"])
                           for name, interval in details.get("intervals", {}).items()}
    floors = details.get("floors", {})
    details["above_floors"] = all(details["means"].get("adapted", 0) > floor for floor in floors.values())
    return details


def unverified(results: Results) -> list[str]:
    """Names of the sources, of labelled data, and of the base, whose licence nobody has verified."""
    found = [source["name"] for source in [*results["sources"], *results["mixed_in"]]
             if source["licence"] == "unverified"]
    found += [f"the labels of {task}" for task, about in results["tasks"].items()
              if about["labelled"] and about["labelled"]["licence"] == "unverified"]
    return found + ([results["model"]["base_name"]] if results["model"]["base"]["licence"] == "unverified" else [])


def _gate(results: Results, stage: str, name: str) -> dict[str, Any] | None:
    return next((gate for gate in results["gates"].get(stage, []) if gate["name"] == name), None)


def release_gates(results: Results) -> list[Gate]:
    """What must hold before a release may be published; the last, ``publishable``, holds if all others do."""
    no_licence = unverified(results)
    no_consent = [source["name"] for source in [*results["sources"], *results["mixed_in"]]
                  if source["consent"] == "unknown"]
    verdicts = {task: found["verdicts"].get("adapted_minus_control") for task, found in results["tasks"].items()}
    worse = [name for name, said in verdicts.items() if said == "harm"]
    tie = _gate(results, f"evaluation/{results['model']['name']}_likelihood", "adapted_not_worse_than_control")
    worse += ["likelihood"] if tie is not None and not tie["passed"] else []
    measured, released = tie is not None, results["released"]["arm"]
    contamination = _gate(results, "corpus/splits", "no_contamination")
    tests = (results["behaviour"] or {}).get("gates", [])
    red = [gate["name"] for gate in tests if not gate["passed"]]
    gates = [
        Gate(name="licences_verified", passed=not no_licence, value=len(no_licence), threshold=0, reason=(
            f"nobody has verified the licence of {', '.join(no_licence)}" if no_licence
            else "every source and the base name their licence")),
        Gate(name="consent_known", passed=not no_consent, value=len(no_consent), threshold=0, reason=(
            f"on what basis the text may be used is unknown for {', '.join(no_consent)}" if no_consent
            else "every source says on what basis its text may be used")),
        Gate(name="adapted_not_worse_than_control", passed=released == "control" or (measured and not worse), reason=(
            "the control is released, with the original tokenizer: it foresees dev text better"
            if released == "control" else f"the extended tokenizer does harm on {', '.join(worse)}" if worse else
            "nowhere worse than the control with the original tokenizer, but for a tie" if measured
            else "not measured")),
        Gate(name="no_contamination", passed=contamination is not None and contamination["passed"],
             reason=contamination["reason"] if contamination else "not measured"),
        Gate(name="behaviour", passed=bool(tests) and not red, value=len(red), threshold=0, reason=(
            f"red tests: {', '.join(red)}" if red else f"{len(tests)} tests are green" if tests
            else "no behavioural test was run")),
    ]
    not_yet = [gate.name for gate in gates if not gate.passed]
    return [*gates, Gate(name="publishable", passed=not not_yet, value=len(not_yet), threshold=0, reason=(
        f"may not be published: {', '.join(not_yet)}" if not_yet else "every gate of the release is green"))]
