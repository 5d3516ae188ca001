"""Every number of a release as one model, read off the reports of the stages before it; and the verdicts in words.

The card, the data statement, the table of ``vernacular report`` and ``evaluation.json`` are all made from it: no number
is computed twice. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vernacular.behavior_tests.feedback import NAME
from vernacular.behavior_tests.load import load_suite
from vernacular.config.schema import Language, Model
from vernacular.config.stage_names import chat_places, release_inputs
from vernacular.config.statement import stated
from vernacular.config.tasks import Task
from vernacular.core.report import Report
from vernacular.core.result import SampleRow
from vernacular.evaluation.stage_results import (
    BehaviorResult,
    FairnessResult,
    ForgettingResult,
    LikelihoodResult,
    TriggerScanResult,
)
from vernacular.instruct.stage_results import InstructResult
from vernacular.langid.stage_results import IdentifierResult
from vernacular.modeling.variants import DEV_LIKELIHOOD, Arm, released_arm
from vernacular.pretraining.stage_results import PretrainingResult, TrainingCosts
from vernacular.release.compute import compute_of
from vernacular.release.gates import publishable, release_gates
from vernacular.release.result_models import (
    AlignmentCounts,
    BitsPerByte,
    CorpusNumbers,
    Fertility,
    ForgettingCounts,
    IdentifierCounts,
    PartSizes,
    ReleasedBehavior,
    ReleasedChat,
    ReleasedForgetting,
    ReleasedIdentification,
    ReleasedLanguage,
    ReleasedLikelihood,
    ReleasedModel,
    ReleasedTask,
    ReleasedTransfer,
    ReleaseResults,
    RuleLosses,
)
from vernacular.release.rights import (
    base_name,
    label_rights,
    mixed_in_texts,
    source_facts,
    teacher_of,
)
from vernacular.release.stage_results import ModelCheck, TaskCheck, Verdict
from vernacular.release.training_numbers import (
    DevLikelihoods,
    EstimatedEnergy,
    PretrainingCounts,
    Pretrainings,
    ReleasedArm,
    ReleasedCost,
    ReleasedCosts,
    ReleasedTraining,
)
from vernacular.release.waivers import in_force, read_waivers
from vernacular.tasks.stage_results import TaskResult
from vernacular.tokenizer.stage_results import TokenizerResult

BITS = "minus_bits_per_byte"  # as a task calls it, where more is better


def gather(language: Language, name: str, model: Model, reports: Mapping[str, Report],
           folders: Mapping[str, Path] | None = None, reloaded: Mapping[str, TaskCheck] | None = None,
           loads: Mapping[str, ModelCheck] | None = None, seconds: Mapping[str, float] | None = None,
           signer: str | None = None) -> ReleaseResults:
    """The results of the model ``name``, as far as its stages have run; what has not run is None and listed as missing.

    ``reports``: stage name -> report, of the stages that have run.
    ``folders``: stage name -> artifact folder, for the report.
    ``reloaded``: task -> what ``load_check`` found of it, once the bundle is there.
    ``loads``: call -> what ``load_check`` found of the released model.
    ``seconds``: stage name -> time that its artifact took, of the stages that have run.
    ``signer``: fingerprint of the key that signs the release, where one is made.

    Raises:
        Problem: the list of waivers cannot be read, or a report is of another version of its stage.
    """
    clean, splits = reports.get("corpus/clean"), reports.get("corpus/splits")
    alignment, released = reports.get(f"alignment/{name}"), _released(name, reports)
    pretraining = Pretrainings(control=_training(reports, f"model/{name}_control"),
                               adapted=_training(reports, f"model/{name}"))
    results = ReleaseResults(
        language=ReleasedLanguage(code=language.code, name=language.name, autonym=language.autonym,
                                  script=language.script, owner=language.owner, stated=stated(language.folder)),
        model=ReleasedModel(
            name=name, asked=language.cli_args(name), objective=model.objective, base=model.base,
            base_name=base_name(model), vocabulary=model.vocabulary.model_dump(mode="json"), lora=model.lora,
            pretraining=model.pretraining.model_dump(mode="json"),
            **({} if model.instruct is None else {"instruct": model.instruct.model}),
            **({} if (teacher := teacher_of(model)) is None else {"teacher": teacher})),
        sources=source_facts(language, clean), mixed_in=mixed_in_texts(model),
        corpus=_corpus(reports.get("corpus/documents"), clean, splits),
        private_data_masked=language.cleaning.private_data, identification=_identification(reports),
        fertility=_fertility(reports, f"tokenizer/{name}"),
        alignment=AlignmentCounts(**_values(alignment)) if alignment else None,
        pretraining=pretraining, compute=compute_of(seconds, pretraining) if seconds else None, released=released,
        likelihood=_likelihood(reports, f"evaluation/{name}_likelihood"),
        retention=_retention(reports, f"evaluation/{name}_retention"),
        tasks={task: _task(reports[stage].read_result(TaskResult, stage), language.tasks[task], released.arm)
               for task in language.tasks_of(name) if (stage := f"task/{task}_{name}") in reports},
        behaviour=_behavior(language, reports, f"evaluation/{name}_behaviour"),
        fairness=reports[stage].read_result(FairnessResult, stage) if (
            stage := f"evaluation/{name}_fairness") in reports else None,
        attack=reports[stage].read_result(TriggerScanResult, stage) if (
            stage := f"evaluation/{name}_attack") in reports else None,
        **({"chats": _chats(language, name, reports)} if model.instruct is not None else {}),
        reloaded=dict(reloaded) if reloaded is not None else None, loads=dict(loads or {}),
        counts={stage: report.counts for stage, report in reports.items()},
        gates={stage: report.gates for stage, report in reports.items()},
        remarks=list(dict.fromkeys(remark for report in reports.values() for remark in report.remarks)),
        missing=[stage for stage in release_inputs(language, name) if stage not in reports],
        artifacts={stage: str(folder) for stage, folder in (folders or {}).items()}, signer=signer)
    gates = release_gates(results)
    waivers = in_force(read_waivers(language.folder), name, gates)
    return results.model_copy(update={"waivers": waivers, "release_gates": [*gates, publishable(gates, waivers)]})


def _chats(language: Language, name: str, reports: Mapping[str, Report]) -> dict[str, ReleasedChat]:
    """The models that answer, by their folder in a release."""
    return {place: ReleasedChat.extending(reports[stage].read_result(InstructResult, stage), gates=reports[stage].gates)
            for place, stage in chat_places(language, name).items() if stage in reports}


def _behavior(language: Language, reports: Mapping[str, Report], stage: str) -> ReleasedBehavior | None:
    if stage not in reports:
        return None
    return ReleasedBehavior.extending(reports[stage].read_result(BehaviorResult, stage),
                                      worst_failures=_without_marks(language, reports[stage]),
                                      gates=reports[stage].gates)


def _without_marks(language: Language, behaviour: Report) -> list[SampleRow]:
    """The worst failures, without sentences that speakers typed on the page of ``try``: these are not handed on."""
    marked = {test.name for test in load_suite(language).tests if test.source == "marks"}
    return [row for row in behaviour.samples.get("worst_failures", [])
            if row.get("test", "") not in marked and not str(row.get("test", "")).startswith(NAME.format(task=""))]


def _values(report: Report) -> dict[str, float]:
    return {name: count.value for name, count in report.counts.items()}


def _corpus(documents: Report | None, clean: Report | None, splits: Report | None) -> CorpusNumbers | None:
    if clean is None:
        return None
    counts, parts = _values(clean), _values(splits) if splits else {}
    rejected = {}
    for source in filter(None, (clean, splits)):
        for name, count in source.counts.items():
            if name.startswith("words_rejected_"):
                rule = name.removeprefix("words_rejected_")
                lines = source.counts.get(f"lines_rejected_{rule}")
                rejected[rule] = RuleLosses(words=count.value, lines=lines.value if lines else None,
                                            meaning=count.meaning.removeprefix("words in "))
    return CorpusNumbers(
        documents_read=_values(documents).get("documents") if documents else None,
        documents_kept=counts.get("documents"), words_read=counts.get("words_read"),
        words_kept=counts.get("words_kept"), words_rejected=counts.get("words_rejected"), rejected=rejected,
        parts={part: PartSizes(documents=parts.get(f"documents_{part}"), lines=parts.get(f"lines_{part}"),
                               words=parts.get(f"words_{part}")) for part in ("train", "dev", "test")
               } if splits else None)


def _identification(reports: Mapping[str, Report]) -> ReleasedIdentification | None:
    report = reports.get("corpus/identifier")
    found = report.read_result(IdentifierResult, "corpus/identifier").identification if report else None
    if report is None or found is None:
        return None
    return ReleasedIdentification.extending(found, counts=IdentifierCounts(**_values(report)))


def _fertility(reports: Mapping[str, Report], stage: str) -> Fertility | None:
    if stage not in reports:
        return None
    found, counts = reports[stage].read_result(TokenizerResult, stage), _values(reports[stage])
    return Fertility(
        base=counts.get("fertility_base"), extended=counts.get("fertility_extended"),
        change=counts.get("fertility_change"), intervals=found.fertility_intervals,
        new_pieces=counts.get("new_pieces"), base_lines_changed=counts.get("base_lines_changed"),
        family=found.base_family, rows_base=counts.get("rows_base"), rows_kept=counts.get("rows_kept"))


def _training(reports: Mapping[str, Report], stage: str) -> ReleasedTraining | None:
    if stage not in reports:
        return None
    result = reports[stage].read_result(PretrainingResult, stage)
    cost = {"cost": _with_estimated_energy(result.cost)} if result.cost is not None else {}
    return ReleasedTraining.extending(result, **cost, counts=PretrainingCounts(**_values(reports[stage])))


def _with_estimated_energy(cost: TrainingCosts) -> ReleasedCosts:
    """The cost that a pretraining noted, with its energy, which is estimated, taken out of what was measured."""
    before, after = (ReleasedCost(tokens=one.tokens, minutes=one.minutes, memory_gib=one.memory_gib)
                     for one in (cost.predicted, cost.measured))
    return ReleasedCosts(predicted=before, measured=after, energy_kwh_estimated=EstimatedEnergy(
        predicted=cost.predicted.energy_kwh, measured=cost.measured.energy_kwh))


def _released(name: str, reports: Mapping[str, Report]) -> ReleasedArm:
    """Which arm is released, the dev likelihoods that decided it, and its passes over the text; None: not measured."""
    stages = {"adapted": f"model/{name}", "control": f"model/{name}_control"}
    measured = {arm: reports[stage].counts.get(DEV_LIKELIHOOD) if stage in reports else None
                for arm, stage in stages.items()}
    released, last = released_arm(name, reports), measured["control"]
    training = reports.get(stages.get(released, ""))
    passes = training.counts.get("epochs") if training else None
    return ReleasedArm(arm=released, dev=DevLikelihoods(**{arm: count.value if count else None
                                                           for arm, count in measured.items()}),
                       unit=last.unit if last else "", passes=passes.value if passes else None)


def _likelihood(reports: Mapping[str, Report], stage: str) -> ReleasedLikelihood | None:
    if stage not in reports:
        return None
    found = reports[stage].read_result(LikelihoodResult, stage)
    return ReleasedLikelihood.extending(found, verdicts={
        name: verdict(interval, lower_is_better=True) for name, interval in found.differences.items()})


def _retention(reports: Mapping[str, Report], stage: str) -> ReleasedForgetting | None:
    if stage not in reports:
        return None
    return ReleasedForgetting.extending(reports[stage].read_result(ForgettingResult, stage),
                                        counts=ForgettingCounts(**_values(reports[stage])))


def verdict(interval: Sequence[float], *, spread: float = 0.0, lower_is_better: bool = False) -> Verdict:
    """What a difference with its 95 % interval (low, mean, high) amounts to: ``gain``, ``no gain`` or ``harm``.

    ``interval``: of ours minus theirs.
    ``spread``: how far seeds differ; a gain must be wider than that too. Harm need not: it is reported when in doubt.
    """
    low, mean, high = interval
    if lower_is_better:
        low, mean, high = -high, -mean, -low
    if high < 0:
        return "harm"
    return "gain" if low > 0 and mean > spread else "no gain"


def _bits(found: TaskResult) -> dict[str, BitsPerByte]:
    """Bits per byte of the right answer by arm, of tasks that write text."""
    bits = {}
    for arm, rows in found.scores.items():
        if rows and all(BITS in row.more for row in rows):
            least, mean, most = found.more_intervals[arm][BITS]  # of the negative
            bits[arm] = BitsPerByte(mean=-mean, low=-most, high=-least, seeds=[-row.more[BITS] for row in rows])
    return bits


def _task(found: TaskResult, task: Task, released: Arm) -> ReleasedTask:
    transfer = {} if found.transfer is None else {"transfer": ReleasedTransfer.extending(
        found.transfer,  # nothing is random there, so no seeds differ
        verdicts={name: verdict(interval) for name, interval in found.transfer.intervals.items()})}
    tower = {} if task.tower is None else {"tower": task.tower}
    return ReleasedTask.extending(
        found, **transfer, **tower, description=task.description, labelled=label_rights(task), language=task.language,
        spread=found.seed_spread, bits_per_byte=_bits(found),
        verdicts={name: verdict(interval, spread=found.seed_spread) for name, interval in found.intervals.items()},
        above_floors=all(found.means.get(released, 0) > floor for floor in found.floors.values()))
