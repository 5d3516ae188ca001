"""Every number of a release as one dictionary, read off the reports of the stages before it; and the verdicts in words.

The card, the data statement, the table of ``vernacular report`` and ``evaluation.json`` are all made from this
dictionary: no number is computed twice. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from vernacular.behavior_tests.feedback import NAME
from vernacular.behavior_tests.load import load_suite
from vernacular.config.schema import Language, Model
from vernacular.config.statement import stated
from vernacular.config.tasks import Task
from vernacular.core.store import Report
from vernacular.modeling.variants import DEV_LIKELIHOOD, Arm, released_arm
from vernacular.release.compute import compute_of, named
from vernacular.release.gates import publishable, release_gates
from vernacular.release.waivers import in_force, read_waivers

Results = dict[str, Any]
BITS = "minus_bits_per_byte"  # as a task calls it, where more is better


def stage_names(language: Language, name: str) -> list[str]:
    """The stages that a release of the model ``name`` is made from, in their order."""
    return ["corpus/documents", "corpus/identifier", "corpus/clean", "corpus/splits",
            *([f"alignment/{name}"] if language.models[name].alignment is not None else ()),
            f"tokenizer/{name}", f"model/{name}", f"model/{name}_control",
            *(f"task/{task}_{name}" for task in language.tasks_of(name)),
            *(f"evaluation/{name}_{kind}" for kind in ("likelihood", "retention", "behaviour", "fairness",
                                               "attack"))]


def gather(language: Language, name: str, model: Model, reports: Mapping[str, Report],
           folders: Mapping[str, Path] | None = None, reloaded: Mapping[str, Any] | None = None,
           loads: Mapping[str, Any] | None = None, seconds: Mapping[str, float] | None = None,
           signer: str | None = None) -> Results:
    """The results of the model ``name``, as far as its stages have run; what has not run is None and listed as missing.

    Args:
        language: the folder.
        name: of the model.
        model: its settings.
        reports: stage name -> report, of the stages that have run.
        folders: stage name -> artifact folder, where a person is to be told.
        reloaded: task -> what ``loads`` found of it, once the bundle is there.
        loads: call -> what ``loads`` found of the released model.
        seconds: stage name -> time that its artifact took, of the stages that have run.
        signer: fingerprint of the key that signs the release, where one is made.

    Raises:
        Problem: the list of waivers cannot be read.
    """
    def of(stage: str) -> Report | None:
        return reports.get(stage)

    tasks = {task: of(f"task/{task}_{name}") for task in language.tasks_of(name)}
    behaviour, fairness = of(f"evaluation/{name}_behaviour"), of(f"evaluation/{name}_fairness")
    attack = of(f"evaluation/{name}_attack")
    likelihood, retention = of(f"evaluation/{name}_likelihood"), of(f"evaluation/{name}_retention")
    pretraining = {arm: _training(report) for arm, report in (
        ("control", of(f"model/{name}_control")), ("adapted", of(f"model/{name}")))}
    results: Results = {
        "language": {"code": language.code, "name": language.name, "autonym": language.autonym,
                     "script": language.script, "owner": language.owner, "stated": stated(language.folder)},
        "model": {"name": name, "asked": language.cli_args(name), "objective": model.objective,
                  "base": model.base.model_dump(mode="json"),
                  "base_name": model.base.hub or model.base.package or str(model.base.path),
                  "vocabulary": model.vocabulary.model_dump(mode="json"), "lora": model.lora.model_dump(mode="json"),
                  "pretraining": model.pretraining.model_dump(mode="json")},
        "sources": _sources(language, of("corpus/clean")),
        "mixed_in": _mixed_in(model),
        "corpus": _corpus(of("corpus/documents"), of("corpus/clean"), of("corpus/splits")),
        "private_data_masked": language.cleaning.private_data,
        "identification": _identification(of("corpus/identifier")),
        "fertility": _fertility(of(f"tokenizer/{name}")),
        "alignment": _plain(aligned) if (aligned := of(f"alignment/{name}")) else None,
        "pretraining": pretraining,
        "compute": compute_of(seconds, pretraining) if seconds else None,
        "released": _released(name, reports),
        "likelihood": _likelihood(likelihood) if likelihood else None,
        "retention": {**retention.details, "counts": _plain(retention)} if retention else None,
        "tasks": {task: _task(report, language.tasks[task], released_arm(name, reports))
                  for task, report in tasks.items() if report},
        "behaviour": {**behaviour.details, "worst_failures": _without_marks(language, behaviour),
                      "gates": [gate.model_dump() for gate in behaviour.gates]} if behaviour else None,
        "fairness": fairness.details if fairness else None,
        "attack": attack.details if attack else None,
        "reloaded": dict(reloaded) if reloaded is not None else None,
        "loads": dict(loads or {}),
        "counts": {stage: {key: count.model_dump() for key, count in report.counts.items()}
                   for stage, report in reports.items()},
        "gates": {stage: [gate.model_dump() for gate in report.gates] for stage, report in reports.items()},
        "remarks": [remark.model_dump() for remark in dict.fromkeys(
            remark for report in reports.values() for remark in report.remarks)],
        "missing": [stage for stage in stage_names(language, name) if stage not in reports],
        "artifacts": {stage: str(folder) for stage, folder in (folders or {}).items()},
        "signer": signer,
    }
    gates = release_gates(results)
    waivers = in_force(read_waivers(language.folder), name, gates)
    results["waivers"] = [waiver.model_dump() for waiver in waivers]
    results["release_gates"] = [gate.model_dump() for gate in [*gates, publishable(gates, waivers)]]
    return results


def claims(language: Language, name: str, model: Model) -> Results:
    """What the folder says now of where text, labels and base come from, as ``gather`` has it, though nothing ran."""
    return gather(language, name, model, {}) | {
        "tasks": {task: {"labelled": _labelled(found)} for task, found in language.tasks_of(name).items()}}


def _labelled(task: Task) -> dict[str, str] | None:
    return {"licence": task.data.licence, "url": task.data.url} if task.data else None


def _without_marks(language: Language, behaviour: Report) -> list[dict[str, Any]]:
    """The worst failures, without sentences that speakers typed on the page of ``try``: these are not handed on."""
    marked = {test.name for test in load_suite(language).tests if test.source == "marks"}
    return [row for row in behaviour.samples.get("worst_failures", [])
            if row.get("test", "") not in marked and not row.get("test", "").startswith(NAME.format(task=""))]


def _plain(report: Report) -> dict[str, float]:
    return {name: count.value for name, count in report.counts.items()}


def _sources(language: Language, clean: Report | None) -> list[dict[str, Any]]:
    words = clean.details.get("words_by_source", {}) if clean else {}
    return [{"name": source.name, "kind": source.kind, "licence": source.licence, "consent": source.consent,
             "register": source.text_register, "quality": source.quality, "url": source.url,
             "dataset": getattr(source, "dataset", ""),
             "words_kept": words.get(f"{source.name} ({source.text_register})")} for source in language.sources]


def _mixed_in(model: Model) -> list[dict[str, Any]]:
    """The texts beside the language's own that the model is trained on, and what each is for."""
    sides = {"translated": "sentences with a translation", "translation": "their translations"}
    texts = [(source, sides[role]) for source, role in (model.alignment.beside if model.alignment is not None else ())]
    texts += [(entry.source, "a related language") for entry in model.pretraining.related]
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
            "change": counts.get("fertility_change"),
            "intervals": tokenizer.details.get("fertility_intervals"), "new_pieces": counts.get("new_pieces"),
            "base_lines_changed": counts.get("base_lines_changed"), "family": tokenizer.details.get("base_family"),
            "rows_base": counts.get("rows_base"), "rows_kept": counts.get("rows_kept")}


def _training(report: Report | None) -> dict[str, Any] | None:
    if report is None:
        return None
    cost = {"cost": named(report.details["cost"])} if "cost" in report.details else {}
    return {**report.details, **cost, "counts": _plain(report)}


def _released(name: str, reports: Mapping[str, Report]) -> dict[str, Any]:
    """Which arm is released, the dev likelihoods that decided it, and its passes over the text; None: not measured."""
    values, released = {}, released_arm(name, reports)
    for arm, stage in (("adapted", f"model/{name}"), ("control", f"model/{name}_control")):
        count = reports[stage].counts.get(DEV_LIKELIHOOD) if stage in reports else None
        values[arm] = count.value if count else None
        unit = count.unit if count else ""
    training = reports.get(f"model/{name}_control" if released == "control" else f"model/{name}")
    passes = training.counts.get("epochs") if training else None
    return {"arm": released, "dev": values, "unit": unit, "passes": passes.value if passes else None}


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


def scores_of(report: Report) -> dict[str, list[float]]:
    """The scores of a task by model, one for each seed."""
    return {arm: [row["score"] for row in rows] for arm, rows in report.details["scores"].items()}


def spread_of(report: Report) -> float:
    """How far the seeds of a task differ at most, of any of the models."""
    return max((max(values) - min(values) for values in scores_of(report).values() if values), default=0.0)


def _bits(details: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Bits per byte of the right answer by model, of tasks that write text: mean, ends of its interval, each seed's."""
    found = {}
    for arm, rows in details["scores"].items():
        if rows and all(BITS in row.get("more", {}) for row in rows):
            least, mean, most = details["more_intervals"][arm][BITS]  # of the negative
            found[arm] = {"mean": -mean, "low": -most, "high": -least, "seeds": [-row["more"][BITS] for row in rows]}
    return found


def _task(report: Report, task: Task, released: Arm) -> dict[str, Any]:
    details = dict(report.details)
    scores = scores_of(report)
    details["description"] = task.description
    details["labelled"], details["language"] = _labelled(task), task.language
    details["means"] = {arm: fmean(values) for arm, values in scores.items() if values}
    details["spread"] = spread_of(report)
    details["bits_per_byte"] = _bits(details)
    details["verdicts"] = {name: verdict(interval, spread=details["spread"])
                           for name, interval in details.get("intervals", {}).items()}
    if "transfer" in details:  # nothing is random there, so no seeds differ
        details["transfer"] = {**details["transfer"], "verdicts": {
            name: verdict(interval) for name, interval in details["transfer"]["intervals"].items()}}
    floors = details.get("floors", {})
    details["above_floors"] = all(details["means"].get(released, 0) > floor for floor in floors.values())
    return details
