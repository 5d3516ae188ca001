"""The report of a task stage: scores by seed and size, baselines, intervals, failed seeds, plots, gates.

An interval is ``[low, mean, high]``: of a model's score in ``arm_intervals``, of its further scores
(``more``) in ``more_intervals``, of a baseline's in ``floor_intervals`` (its further scores:
``more_floor_intervals``), of a difference in ``intervals`` (of further scores:
``more_differences``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from vernacular.core.plots import bars, points
from vernacular.core.report import Gate, Report
from vernacular.modeling.variants import ARMS, COMPARED, Arm
from vernacular.tasks.base import Answer, Labelling
from vernacular.tasks.calibration import label_shares
from vernacular.tasks.calibration_report import CalibrationReport, SeedCalibration
from vernacular.tasks.labeled_items import Items
from vernacular.tasks.learning_curve import Run, Untrained
from vernacular.tasks.scoring import Interval, differences, interval, intervals, texts_of
from vernacular.tasks.stage_results import (
    Comparisons,
    LearningPoint,
    SeedScore,
    TaskResult,
    TransferScores,
    UntrainedScores,
)
from vernacular.tasks.transfer import TransferRun

_FLOORS = {"tfidf_logistic": "baseline: TF-IDF with logistic regression",
           "majority": "baseline: the most frequent answer, or chance"}
_SEED = 1  # of baselines and resamples
_SHOWN = 10  # texts with contradictory labels


def write_report(out: Path, task_name: str, items: Items, sizes: Sequence[int], seeds: Sequence[int],
                 runs: Mapping[Arm, Mapping[int, Sequence[Run]]], untrained: Mapping[Arm, Untrained],
                 transfer: TransferRun | None = None) -> Report:
    """Write a task's report, with plots in the folder ``out``.

    Args:
        out: of the artifact.
        task_name: of the task.
        items: trained on and scored.
        sizes: numbers of training items, ascending.
        seeds: of the trainings.
        runs: variant -> size -> for each seed the result of its training.
        untrained: variant -> predictions without fine-tuning.
        transfer: predictions after training on another language, if requested.
    """
    curve = [_at(items, size, seeds, {arm: runs[arm][size] for arm in ARMS}) for size in sizes]
    last, metric = curve[-1], curve[-1].metric
    texts = int(texts_of(items.kind, items.test).max()) + 1
    tuned = items.kind.task.fine_tune
    cut = {arm: runs[arm][sizes[-1]][0].cut for arm in ARMS}
    report, ways = Report(), _ways(items, untrained)
    calibration = _calibration(items, {arm: list(zip(seeds, runs[arm][sizes[-1]], strict=True)) for arm in ARMS})
    transfer_scores = _transfer_scores(items, transfer) if transfer is not None else None
    of_pictures = items.kind.task.of_pictures
    optional = {"words_of_texts": fmean(len(item.text.split()) for item in items.test) if of_pictures else None,
                "untrained": ways or None, "calibration": calibration, "transfer": transfer_scores}
    report.set_result(TaskResult.extending(
        last, task=task_name, kind=items.kind.task.kind, fine_tuned=tuned, labels=items.kind.labels,
        dev_items=len(items.dev), test_items=len(items.test), test_texts=texts, test_items_cut=cut, notes=items.notes,
        apart=items.apart(), curve=curve, **{name: found for name, found in optional.items() if found is not None}))
    if tuned:
        report.count("train_items", len(items.train), "labeled training items")
    report.count("test_items", len(items.test), "labeled test items")
    if texts < len(items.test):
        report.count("test_texts", texts, "texts of the test items", "texts")
    report.count("rows", len(items.test), "items in predictions.jsonl")
    for note, number in items.notes.items():
        report.count(note, number, _NOTES[note], "items")
    for arm in ARMS:
        if cut[arm]:
            report.count(f"test_items_cut_{arm}", cut[arm], f"test items truncated for {arm}", "items")
    if items.contradictions:
        report.samples["labelled differently"] = [
            {"text": one.text, **({"second": one.second} if one.second else {}), "labels": items.labels_of(one),
             "other labels": items.labels_of(other)} for one, other in items.contradictions[:_SHOWN]]
    for point in curve:
        mark = "" if point is last else f"_{point.train_items}"
        for arm in ARMS:
            report.count(f"{metric}_{arm}{mark}", point.means[arm], (
                f"mean over {len(seeds)} seeds, {arm}, {point.train_items} training items" if tuned else
                f"{arm}, not fine-tuned"))
        for name, value in point.floors.items():
            short = name.removesuffix("_logistic")
            report.count(f"{metric}_{short}{mark}", value, _FLOORS.get(name, f"floor: {name}"))
    if calibration is not None:
        _describe_calibration(report, calibration)
    report.samples["scores by seed"] = [
        {"items": point.train_items, "model": arm, **row.model_dump(mode="json", exclude={"looks"})}
        for point in curve for arm in ARMS for row in point.scores[arm]]
    for name, way in ways.items():
        for arm in ARMS:
            report.count(f"{metric}_{arm}_{name}", way.means[arm],
                         f"{name.replace('_', '-')}, without fine-tuning, {arm}")
    if ways:
        report.samples["without fine-tuning"] = [
            {"asked": name, "model": arm, "scores by seed": [*way.scores[arm]], "mean": way.means[arm],
             "low": way.arm_intervals[arm][0], "high": way.arm_intervals[arm][2]}
            for name, way in ways.items() for arm in ARMS]
    if transfer_scores is not None:
        _describe_transfer(report, transfer_scores)
    _draw(report, out, task_name, curve)
    _gates(report, curve)
    return report


def _calibration(items: Items, runs: Mapping[Arm, Sequence[tuple[int, Run]]]) -> CalibrationReport | None:
    """Return the effect of calibration on the test items, if the task gives probabilities."""
    rows = {arm: [SeedCalibration(seed=seed, calibration=run.calibration) for seed, run in found
                  if run.calibration is not None] for arm, found in runs.items()}
    if not isinstance(items.kind, Labelling) or not all(rows.values()):
        return None
    return CalibrationReport(shares=label_shares(items.kind, items.train), arms={**rows})


def _describe_calibration(report: Report, found: CalibrationReport) -> None:
    for arm in ARMS:
        before, after = found.mean(arm)
        report.count(f"calibration_error_{arm}", after.calibration_error,
                     f"{arm}: expected calibration error; without calibration {before.calibration_error:.3f}")
    report.samples["calibration"] = [
        {"model": arm, "seed": row.seed, "temperature": row.calibration.temperature,
         "error before": row.calibration.before.calibration_error, "after": row.calibration.after.calibration_error,
         "log loss before": row.calibration.before.log_loss, "loss after": row.calibration.after.log_loss}
        for arm in ARMS for row in found.arms[arm]]


def _ways(items: Items, untrained: Mapping[Arm, Untrained]) -> dict[str, UntrainedScores]:
    """Return each prompting method without fine-tuning: scores by variant and seed, means, and intervals."""
    kind, test, found = items.kind, items.test, {}
    for name in untrained[ARMS[0]]:
        answers = {arm: untrained[arm][name] for arm in ARMS}
        scores = {arm: [kind.score(test, each) for each in answers[arm]] for arm in ARMS}
        found[name] = UntrainedScores.extending(_intervals(items, answers), scores=scores,
                                                means={arm: fmean(scores[arm]) for arm in ARMS})
    return found


def _intervals(items: Items, answers: Mapping[Arm, Sequence[Sequence[Answer]]]) -> Comparisons:
    """Return intervals of each variant's scores and of each difference, from predictions by variant and seed."""
    kind, test = items.kind, items.test
    each: dict[str, dict[str, Interval]] = {arm: intervals(kind, test, answers[arm], _SEED) for arm in ARMS}
    pairs = {f"{ours}_minus_{theirs}": differences(kind, test, answers[ours], answers[theirs], _SEED)
             for ours, theirs in COMPARED}
    return Comparisons(arm_intervals=_firsts(each), more_intervals=_others(each), intervals=_firsts(pairs),
                       more_differences=_others(pairs))


def _firsts(found: Mapping[str, Mapping[str, Interval]]) -> dict[str, Interval]:
    """Return the interval of the compared score, which is the first."""
    return {name: next(iter(scores.values())) for name, scores in found.items()}


def _others(found: Mapping[str, Mapping[str, Interval]]) -> dict[str, dict[str, Interval]]:
    """Return the intervals of the further scores."""
    return {name: {score: scores[score] for score in [*scores][1:]} for name, scores in found.items()}


_NOTES = {"pictures_also_in_test": "dev items removed because their picture is also in test",
          "pictures_also_scored": "training items removed because their picture is also in dev or test",
          "test_taken_from_train": "test items taken from the training items: there was no test part",
          "dev_taken_from_train": "dev items taken from the training items: there was no dev part",
          "train_also_in_test": "training items removed because they leak test items",
          "train_also_in_dev": "training items removed because they leak dev items",
          "texts_labelled_differently": "texts with contradictory labels in the data",
          "tags_repaired": "tags of other schemes than IOB2, or orphan I- tags, converted to IOB2",
          "pairs_with_an_empty_side": "pairs left out because one of their sides is empty",
          "rows_with_quotes": "rows of tables whose quoting was detected",
          "dev_also_in_test": "dev items removed because they leak test items"}


def _at(items: Items, size: int, seeds: Sequence[int], runs: Mapping[Arm, Sequence[Run]]) -> LearningPoint:
    kind, test = items.kind, items.test
    measured: dict[Arm, list[dict[str, float]]] = {
        arm: [kind.scores(test, run.answers) for run in runs[arm]] for arm in ARMS}
    metric = next(iter(measured[ARMS[0]][0]))
    scores = {
        str(arm): [SeedScore(seed=seed, score=found.pop(metric), more=found, steps=run.steps, chosen=run.chosen,
                             seconds=run.seconds, looks=run.looks)
                   for seed, found, run in zip(seeds, measured[arm], runs[arm], strict=True)] for arm in ARMS}
    floor_scores = {name: intervals(kind, test, [answers], _SEED)
                    for name, answers in kind.floors(items.train[:size], test, _SEED).items()}
    ranges = _firsts(floor_scores)
    floors = {name: mean for name, (_, mean, _) in ranges.items()}
    answers = {arm: [run.answers for run in runs[arm]] for arm in ARMS}
    tuned = kind.task.fine_tune  # an untuned base may be at the majority level without any failure
    dead = [f"{arm} seed {row.seed}" if tuned else arm for arm in ARMS if tuned or arm != "base"
            for row in scores[arm] if row.score <= floors["majority"]]
    return LearningPoint.extending(
        _intervals(items, answers), train_items=size, metric=metric, scores=scores,
        means={arm: fmean(row.score for row in scores[arm]) for arm in ARMS}, floors=floors, floor_intervals=ranges,
        more_floor_intervals=_others(floor_scores), dead=dead)


def _transfer_scores(items: Items, transfer: TransferRun) -> TransferScores:
    """Return the scores after training on another language, and of baselines trained on the same items."""
    kind, test, learned = items.kind, items.test, transfer.learned.items
    metric = next(iter(kind.scores(test, transfer.answers[ARMS[0]])))
    ranges = {name: interval(kind, test, [answers], _SEED)
              for name, answers in kind.floors(learned, test, _SEED).items()}
    found = _intervals(items, {arm: [transfer.answers[arm]] for arm in ARMS})
    return TransferScores(
        train_language=transfer.learned.language, train_items=len(learned), metric=metric,
        means={arm: found.arm_intervals[arm][1] for arm in ARMS}, arm_intervals=found.arm_intervals,
        intervals=found.intervals, floors={name: mean for name, (_, mean, _) in ranges.items()},
        floor_intervals=ranges)


def _describe_transfer(report: Report, scores: TransferScores) -> None:
    report.count("transfer_items", scores.train_items, f"labeled training items in {scores.train_language}")
    for arm in ARMS:
        report.count(f"{scores.metric}_{arm}_transfer", scores.means[arm],
                     f"{arm}, trained only on items in {scores.train_language}")
    for name, value in scores.floors.items():
        report.count(f"{scores.metric}_{name.removesuffix('_logistic')}_transfer", value,
                     f"{_FLOORS.get(name, f'baseline: {name}')}, trained only on items in {scores.train_language}")


def _draw(report: Report, out: Path, task_name: str, curve: Sequence[LearningPoint]) -> None:
    """Draw bars for one size; for several a curve of the means with every seed as a point."""
    last, metric = curve[-1], curve[-1].metric
    names = {"tfidf_logistic": "TF-IDF"}
    if len(curve) == 1:
        bars(out / "scores.png", f"{task_name}: {metric}", [*ARMS, *(names.get(name, name) for name in last.floors)],
             [*last.means.values(), *last.floors.values()], metric)
        report.plots[f"{task_name} by model"] = "scores.png"
        return
    sizes = [point.train_items for point in curve]
    points(out / "curve.png", f"{task_name}: {metric} by training items", "labeled items (log scale)", metric,
           {arm: [(size, [row.score for row in point.scores[arm]])
                  for size, point in zip(sizes, curve, strict=True)] for arm in ARMS},
           {names.get(name, name): [(size, point.floors[name]) for size, point in zip(sizes, curve, strict=True)]
            for name in last.floors})
    report.plots[f"{task_name} by training items"] = "curve.png"


def _gates(report: Report, curve: Sequence[LearningPoint]) -> None:
    dead = [f"{name}, {point.train_items} items" for point in curve for name in point.dead]
    report.gates.append(Gate(name="every_seed_alive", passed=not dead, value=len(dead), threshold=0, reason=(
        f"no better than the most frequent answer: {'; '.join(dead)}" if dead else
        "every seed of every model is better than the most frequent answer"),
        fix="Raise the steps or lower the learning rate under `fine_tuning:`, or add labels"))
    low, mean, high = curve[-1].intervals["adapted_minus_base"]
    report.gates.append(Gate(
        name="adapted_beats_base", passed=low > 0, value=mean, threshold=0,
        reason=f"the adapted model scores {mean:+.3f} against the base; the 95% interval over items and seeds, "
               f"{low:+.3f} to {high:+.3f}, {'is above 0' if low > 0 else 'must be above 0'}",
        fix="More pretraining steps, more text and more labels make the difference clearer"))
