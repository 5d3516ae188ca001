"""Scores and learning curve of a task as tables that card, report and page show, and remarks on them."""

from __future__ import annotations

from vernacular.config.codes import name_of
from vernacular.core.confidence import FEWEST_TEXTS
from vernacular.core.result import Interval
from vernacular.evaluation.stage_results import ForgettingResult, LikelihoodResult
from vernacular.modeling.variants import ARMS
from vernacular.release.markdown import interval_text, number, range_text, signed
from vernacular.release.result_models import ReleasedTask
from vernacular.tasks.stage_results import LearningPoint, TransferScores

FLOORS = {"majority": "floor: the commonest answer, or chance", "tfidf_logistic": "floor: TF-IDF + logistic regression",
          "character_5gram": "floor: a character 5-gram model of the training text",
          "tfidf_characters": "floor: TF-IDF of character n-grams", "copy": "floor: the source as it is",
          "nearest": "floor: the answer to the nearest training item",
          "nearest_span": "floor: words of the sentence nearest to the question"}
CURVE = "By labels learned from: mean (each seed), 95 % interval"
COLUMNS = ("labels", *ARMS, "best floor", "adapted minus base (95 %)")


def score_columns(found: ReleasedTask) -> list[str]:
    """The columns of ``score_rows``."""
    return ["model", *(f"seed {seed}" for seed in _seeds_of(found)), "mean" if found.fine_tuned else "score",
            "95 % interval"]


def score_rows(found: ReleasedTask) -> list[list[str]]:
    """A row for each model, each way to ask it without fine-tuning, and each floor.

    A row is a name, the score of each seed, the mean and its 95 % interval over items and seeds (of a floor, over
    items).
    """
    seeds = _seeds_of(found)
    rows = [[arm, *(number(row.score) for row in found.scores[arm][:len(seeds)]), number(found.means.get(arm)),
             range_text(found.arm_intervals.get(arm))] for arm in ARMS if found.scores.get(arm)]
    rows += asked_rows(found, len(seeds))
    return rows + [[FLOORS.get(name, f"floor: {name}"), *([""] * len(seeds)), number(floor),
                    range_text(found.floor_intervals.get(name))] for name, floor in found.floors.items()]


def likelihood_rows(found: LikelihoodResult | ForgettingResult | None) -> list[list[str]]:
    """A row for each model and floor, of held-out text or of the base's languages: a name, the mean, its interval.

    No row where nothing was measured.
    """
    scores = found.scores if found is not None else {}
    floors = {FLOORS.get(name, f"floor: {name}"): score for name, score in (
        found.floor if isinstance(found, LikelihoodResult) else {}).items()}
    return [[name, number(score.mean), f"{number(score.low)} to {number(score.high)}"]
            for name, score in [*((arm, scores[arm]) for arm in ARMS if arm in scores), *floors.items()]]


def learned_from(found: ReleasedTask) -> str:
    """What the models learned from and were scored on, in a few words."""
    learned = f"{found.train_items} items to learn from" if found.fine_tuned else "not fine-tuned"
    return f"{learned}, {found.test_items} scored"


def _seeds_of(found: ReleasedTask) -> list[int]:
    if not found.fine_tuned:
        return []
    return [row.seed for row in next(iter(found.scores.values()))]


def curve_rows(found: ReleasedTask) -> list[list[str]]:
    """A row for each number of labels: the mean of each arm with every seed, a baseline, a difference, with intervals.

    The first row is what labels in another language taught alone, where that was measured. No row where there is one
    point alone.
    """
    transfer = found.transfer
    if len(found.curve) == 1 and transfer is None:
        return []
    rows = [[f"{point.train_items:,}", *(_seeds(point, arm) for arm in ARMS), *_compared(point)]
            for point in found.curve]
    if transfer is not None:
        rows.insert(0, [f"none; {transfer.train_items:,} in {name_of(transfer.train_language)}",
                        *(_ranged(f"{transfer.means[arm]:.3f}", transfer.arm_intervals[arm]) for arm in ARMS),
                        *_compared(transfer)])
    return rows


def transfer_said(found: ReleasedTask) -> list[str]:
    """What labels in another language taught without one of the target language; no line where it was not measured."""
    point = found.transfer
    if point is None:
        return []
    compared = "; ".join(
        f"{name.replace('_minus_', ' against ')}: {point.verdicts[name]} ({interval_text(interval)})"
        for name, interval in point.intervals.items())
    return [f"Without a label in the language, learned from {point.train_items:,} items in "
            f"{name_of(point.train_language)} alone: {compared}."]


def _compared(point: LearningPoint | TransferScores) -> list[str]:
    return [_best_floor(point), signed(point.intervals["adapted_minus_base"])]


def asked_rows(found: ReleasedTask, seeds: int) -> list[list[str]]:
    """A row for each model and way to ask it without fine-tuning: name, score of each of ``seeds``, mean, interval.

    Where no example is shown there is one score for all seeds, in the column of the mean alone.
    """
    return [[asked(arm, name),
             *([f"{score:.3f}" for score in way.scores[arm]] if len(way.scores[arm]) == seeds > 1
               else [""] * seeds), f"{way.means[arm]:.3f}", range_text(way.arm_intervals.get(arm))]
            for name, way in found.untrained.items() for arm in ARMS]


def asked(arm: str, way: str) -> str:
    """The name of a model that was prompted without fine-tuning; ``way`` is ``0_shot``, ``4_shot``."""
    return f"{arm}, {way.replace('_', '-')}, not fine-tuned"


def asked_said(found: ReleasedTask) -> list[str]:
    """For each way to ask without fine-tuning its differences between models, each with its interval; a line each."""
    return [f"Not fine-tuned, {name.replace('_', '-')}: " + "; ".join(
        f"{difference.replace('_minus_', ' against ')} {interval_text(interval)}"
        for difference, interval in way.intervals.items()) + "."
        for name, way in found.untrained.items() if way.intervals]


def seeds_differ(found: ReleasedTask) -> str:
    """How far the trainings of a task differ by their seed alone, as far as that was measured."""
    if not found.fine_tuned:
        return "nothing was trained for it: no seed changes these scores"
    if len(next(iter(found.scores.values()))) < 2:
        return "one seed: how far seeds differ is not known"
    return f"seeds differ by up to {found.spread:.3f}; a smaller gain is called none"


def remarks(found: ReleasedTask) -> list[str]:
    """What must be said of a task beside its scores: transfer, likelihood, dead seeds, how its items were made."""
    dead = [f"{name} ({point.train_items} labels)" for point in found.curve for name in point.dead]
    notes, labelled = found.notes, found.labelled
    said = transfer_said(found)
    said += [f"The labels were made by people; licence: {labelled.licence}"
            f"{' (' + labelled.url + ')' if labelled.url else ''}."] if labelled else []
    if found.bits_per_byte:
        said.append("How well the right answers are foreseen, in bits per byte (lower is better; mean, 95 % interval, "
                    "and each seed): " + "; ".join(
                        f"{arm} {one.mean:.3f}, {one.low:.3f} to {one.high:.3f} "
                        f"({', '.join(f'{value:.3f}' for value in one.seeds)})"
                        for arm, one in found.bits_per_byte.items()) + ".")
    said += [f"No better than the commonest answer, or chance: {', '.join(dead)}."] if dead else []
    taken = [part for part in ("test", "dev") if notes.get(f"{part}_taken_from_train")]
    if taken:
        said.append(f"There was no {' and no '.join(taken)} part: a share of the labelled items, chosen by a digest of "
                    "their text, took its place.")
    same = sum(notes.get(name, 0) for name in ("train_also_in_test", "train_also_in_dev", "dev_also_in_test"))
    if same:
        said.append(f"{same} items were left out because the same text stands in a part that is scored or chosen by.")
    apart = found.apart
    if apart.not_scored:
        said.append(f"No scored item has the label {_listed(apart.not_scored)}: how well it is told was not "
                    "measured.")
    if apart.not_learned:
        said.append(f"No training item has the label {_listed(apart.not_learned)}: no model could learn it.")
    if notes.get("texts_labelled_differently"):
        said.append(f"{notes['texts_labelled_differently']} of the labelled texts have other labels somewhere else in "
                    "the data: no model can learn both.")
    if any(found.test_items_cut.values()):
        said.append("Scored items that are too long to be read to their end: " + ", ".join(
            f"{arm} {number(cut, 0)}" for arm, cut in found.test_items_cut.items()) + ".")
    if found.test_texts < found.test_items:
        said.append(_drawn_from(found.test_items, found.test_texts))
    if notes.get("tags_repaired"):
        said.append(f"{notes['tags_repaired']} tags that IOB2 does not allow were repaired.")
    return said


def _drawn_from(items: int, texts: int) -> str:
    """How intervals of items are made that come from fewer texts."""
    if texts < FEWEST_TEXTS:
        return (f"The {items} scored items come from {texts} text{'' if texts == 1 else 's'}, too few to resample: "
                "intervals take each item by itself, and are too narrow as far as those of one text go right or wrong "
                "together.")
    return f"The {items} scored items come from {texts} texts, which intervals resample."


def _listed(labels: list[str]) -> str:
    return " or ".join(f"'{label}'" for label in labels)


def _seeds(point: LearningPoint, arm: str) -> str:
    each = ", ".join(f"{row.score:.3f}" for row in point.scores[arm])
    return _ranged(f"{point.means[arm]:.3f} ({each})", point.arm_intervals.get(arm))


def _best_floor(point: LearningPoint | TransferScores) -> str:
    name, best = max(point.floors.items(), key=lambda floor: floor[1])
    return _ranged(f"{best:.3f}", point.floor_intervals.get(name))


def _ranged(score: str, interval: Interval | None) -> str:
    return ", ".join(filter(None, [score, range_text(interval)]))
