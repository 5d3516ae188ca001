"""Scores and learning curves of tasks and likelihoods as tables for card, terminal and page, and remarks on tasks."""

from __future__ import annotations

from collections.abc import Mapping

from vernacular.config.codes import name_of
from vernacular.core.confidence import FEWEST_TEXTS
from vernacular.core.result import Interval
from vernacular.evaluation.stage_results import ForgettingResult, LikelihoodResult
from vernacular.modeling.variants import ARMS
from vernacular.release.markdown import Table, interval_text, number, range_text, signed
from vernacular.release.result_models import CorpusNumbers, ReleasedTask
from vernacular.tasks.stage_results import LearningPoint, TransferScores

BASELINES = {"majority": "baseline: the most frequent answer, or chance",
             "tfidf_logistic": "baseline: TF-IDF + logistic regression",
             "character_5gram": "baseline: a character 5-gram model of the training text",
             "tfidf_characters": "baseline: TF-IDF of character n-grams",
             "tfidf_translations": "baseline: TF-IDF of character n-grams, learned from the translations",
             "copy": "baseline: the source text",
             "nearest": "baseline: the answer to the nearest training item",
             "nearest_span": "baseline: words of the sentence nearest to the question"}
CURVE = "By number of labels: mean (each seed), 95 % interval"


def left_out_table(corpus: CorpusNumbers) -> Table:
    """What each rule rejected."""
    return Table(["rule", "meaning", "lines", "words"], [
        [rule, losses.meaning, number(losses.lines, 0), number(losses.words, 0)]
        for rule, losses in corpus.rejected.items()])


def parts_table(corpus: CorpusNumbers) -> Table:
    """The sizes of train, dev and test; no row before the split."""
    return Table(["part", "documents", "lines", "words"], [
        [part, *(number(size, 0) for size in (sizes.documents, sizes.lines, sizes.words))]
        for part, sizes in (corpus.parts or {}).items()])


def score_table(task: ReleasedTask) -> Table:
    """A row for each model, each way to prompt it without fine-tuning, and each baseline.

    A row is a name, the score of each seed, the mean and its 95 % interval over items and seeds (of a baseline, over
    items). Where no example is shown to a model there is one score for all seeds, in the column of the mean alone.
    """
    seeds = [row.seed for row in next(iter(task.scores.values()))] if task.fine_tuned else []
    empty = [""] * len(seeds)
    rows = [[arm, *(number(row.score) for row in task.scores[arm][:len(seeds)]), number(task.means.get(arm)),
             range_text(task.arm_intervals.get(arm))] for arm in ARMS if task.scores.get(arm)]
    rows += [[prompted(arm, name),
              *(map(number, way.scores[arm]) if len(way.scores[arm]) == len(seeds) > 1 else empty),
              number(way.means[arm]), range_text(way.arm_intervals.get(arm))]
             for name, way in task.untrained.items() for arm in ARMS]
    rows += [[_baseline(name), *empty, number(score), range_text(task.floor_intervals.get(name))]
             for name, score in task.floors.items()]
    return Table(["model", *(f"seed {seed}" for seed in seeds), "mean" if task.fine_tuned else "score",
                  "95 % interval"], rows)


def likelihood_table(measured: LikelihoodResult | ForgettingResult | None) -> Table:
    """A row for each model and baseline; no row where nothing was measured."""
    if measured is None:
        return Table([], [])
    baselines = measured.floor if isinstance(measured, LikelihoodResult) else {}
    scores = {arm: measured.scores[arm] for arm in ARMS if arm in measured.scores} | {
        _baseline(name): score for name, score in baselines.items()}
    return Table(["model", measured.unit, "95 % interval"], [
        [name, number(score.mean), range_text(score.interval)] for name, score in scores.items()])


def curve_table(task: ReleasedTask) -> Table:
    """A row for each number of labels: every model with its seeds, the best baseline, a difference, with intervals.

    The first row has the models that learned from labels in another language alone, where that was measured. No row
    where there is one point alone.
    """
    transfer = task.transfer
    rows = [[f"{point.train_items:,}", *(_seeds(point, arm) for arm in ARMS), *_compared(point)]
            for point in task.curve]
    if transfer is not None:
        rows.insert(0, [f"none; {transfer.train_items:,} in {name_of(transfer.train_language)}",
                        *(_ranged(number(transfer.means[arm]), transfer.arm_intervals[arm]) for arm in ARMS),
                        *_compared(transfer)])
    return Table(["labels", *ARMS, "best baseline", "adapted minus base (95 %)"], rows if len(rows) > 1 else [])


def _compared(point: LearningPoint | TransferScores) -> list[str]:
    name, best = max(point.floors.items(), key=lambda baseline: baseline[1])
    return [_ranged(number(best), point.floor_intervals.get(name)), signed(point.intervals["adapted_minus_base"])]


def _seeds(point: LearningPoint, arm: str) -> str:
    seeds = ", ".join(number(row.score) for row in point.scores[arm])
    return _ranged(f"{number(point.means[arm])} ({seeds})", point.arm_intervals.get(arm))


def _ranged(score: str, interval: Interval | None) -> str:
    return ", ".join(filter(None, [score, range_text(interval)]))


def _baseline(name: str) -> str:
    return BASELINES.get(name, f"baseline: {name}")


def prompted(arm: str, way: str) -> str:
    """The name of a model that was prompted without fine-tuning; ``way`` is ``0_shot``, ``4_shot``."""
    return f"{arm}, {way.replace('_', '-')}, not fine-tuned"


def learned_from(task: ReleasedTask) -> str:
    """The number of items that models learned from and were scored on."""
    learned = f"{task.train_items} training items" if task.fine_tuned else "not fine-tuned"
    return f"{learned}, {task.test_items} scored"


def against(name: str) -> str:
    """The name of a difference for people: ``adapted against base``."""
    return name.replace("_minus_", " against ")


def describe_seeds(task: ReleasedTask) -> str:
    """How far the trainings of a task differ by their seed alone."""
    if not task.fine_tuned:
        return "nothing was trained for it: no seed changes these scores"
    if len(next(iter(task.scores.values()))) < 2:
        return "one seed: how far seeds differ is not known"
    return f"seeds differ by up to {task.spread:.3f}; a smaller difference does not count as a gain"


def remarks(task: ReleasedTask) -> list[str]:
    """Sentences on a task beside its scores: transfer, likelihood, seeds that learned nothing, its items, prompting."""
    notes, labels = task.notes, task.labelled
    failed = [f"{name} ({point.train_items} labels)" for point in task.curve for name in point.dead]
    taken = [part for part in ("test", "dev") if notes.get(f"{part}_taken_from_train")]
    duplicates = sum(notes.get(name, 0) for name in ("train_also_in_test", "train_also_in_dev", "dev_also_in_test"))
    lines = [*_transfer(task)]
    if labels:
        lines.append(f"The labels were made by people; licence: {labels.licence}"
                     f"{' (' + labels.url + ')' if labels.url else ''}.")
    if task.bits_per_byte:
        lines.append("Likelihood of the right answers, in bits per byte (lower is better; mean, 95 % interval, "
                     "and each seed): " + "; ".join(
                         f"{arm} {bits.mean:.3f}, {bits.low:.3f} to {bits.high:.3f} "
                         f"({', '.join(f'{value:.3f}' for value in bits.seeds)})"
                         for arm, bits in task.bits_per_byte.items()) + ".")
    if failed:
        lines.append(f"No better than the most frequent answer, or chance: {', '.join(failed)}.")
    if taken:
        lines.append(f"There was no {' and no '.join(taken)} part: a share of the labeled items, chosen by a digest of "
                     "their text, is used instead.")
    if duplicates:
        lines.append(f"{duplicates} items were left out because the same text is in a part that is scored or used to "
                     "choose a model.")
    if task.apart.not_scored:
        lines.append(f"No scored item has the label {_listed(task.apart.not_scored)}: how well it is recognized was "
                     "not measured.")
    if task.apart.not_learned:
        lines.append(f"No training item has the label {_listed(task.apart.not_learned)}: no model could learn it.")
    if notes.get("texts_labelled_differently"):
        lines.append(f"{notes['texts_labelled_differently']} of the labeled texts have different labels elsewhere in "
                     "the data: no model can learn both.")
    if any(task.test_items_cut.values()):
        lines.append("Scored items that are too long to be read to their end: " + ", ".join(
            f"{arm} {number(cut, 0)}" for arm, cut in task.test_items_cut.items()) + ".")
    if task.test_texts < task.test_items:
        lines.append(_drawn_from(task.test_items, task.test_texts))
    if notes.get("tags_repaired"):
        lines.append(f"{notes['tags_repaired']} tags that IOB2 does not allow were repaired.")
    return lines + [f"Not fine-tuned, {name.replace('_', '-')}: {_differences(way.intervals)}."
                    for name, way in task.untrained.items() if way.intervals]


def _transfer(task: ReleasedTask) -> list[str]:
    point = task.transfer
    if point is None:
        return []
    compared = "; ".join(f"{against(name)}: {point.verdicts[name]} ({interval_text(interval)})"
                         for name, interval in point.intervals.items())
    return [f"Without a label in the language, learned from {point.train_items:,} items in "
            f"{name_of(point.train_language)} alone: {compared}."]


def _differences(intervals: Mapping[str, Interval]) -> str:
    return "; ".join(f"{against(name)} {interval_text(interval)}" for name, interval in intervals.items())


def _drawn_from(items: int, texts: int) -> str:
    if texts < FEWEST_TEXTS:
        return (f"The {items} scored items come from {texts} text{'' if texts == 1 else 's'}, too few to resample: "
                "intervals treat items as independent, and are too narrow if items of one text tend to be right or "
                "wrong together.")
    return f"The {items} scored items come from {texts} texts, which intervals resample."


def _listed(labels: list[str]) -> str:
    return " or ".join(f"'{label}'" for label in labels)
