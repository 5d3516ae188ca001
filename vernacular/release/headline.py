"""The table of at most eight rows that shows what adaptation changed; terminal, page, card and README share it.

Reads the results of ``results.gather``. Computes no score, no interval and no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from vernacular.config.codes import name_of
from vernacular.core.result import Interval
from vernacular.modeling.variants import ARMS
from vernacular.release.markdown import number, range_text, signed
from vernacular.release.result_models import (
    ReleasedForgetting,
    ReleasedLikelihood,
    ReleasedTask,
    ReleasedTransfer,
    ReleaseResults,
)
from vernacular.release.results import verdict
from vernacular.release.stage_results import Verdict
from vernacular.tasks.stage_results import LearningPoint, TransferScores

MOST_ROWS = 8
COLUMNS = ("measure", "base", "adapted", "gain (95 % interval)", "baseline")
Column = Literal["base", "control", "adapted", "baseline"]
METRICS = {"accuracy_at_1": "accuracy@1", "macro_f1": "macro F1", "entity_f1": "entity F1", "token_f1": "token F1",
           "chrf": "chrF", "f1_unseen_names": "F1 of unseen names"}
BASELINES = {"majority": "most frequent answer", "tfidf_logistic": "TF-IDF + logistic regression",
             "character_5gram": "character 5-gram model", "tfidf_characters": "TF-IDF of characters",
             "tfidf_translations": "TF-IDF of characters, by translations",
             "copy": "the source text", "nearest": "answer of the nearest training item",
             "nearest_span": "words nearest to the question"}
_FROM_SOURCE, _FROM_TARGET = "accuracy_at_1_from_source", "accuracy_at_1_from_target"


@dataclass(frozen=True)
class Row:
    """One measure on the base model, the control, the released model and the best baseline."""

    name: str  # what was measured, for a person
    measure: str  # the metric or the unit
    base: float | None = None  # its value on the model as it was; None: not measured
    control: float | None = None  # on the model trained with the original tokenizer
    adapted: float | None = None  # on the released model, which may be the control
    # released minus base, low, mean and high of its 95% interval; None: not measured
    gain: Interval | None = None
    # the best value that a method without a pretrained model reaches; None: there is none
    baseline: float | None = None
    baseline_name: str = ""  # what that method is; empty where there is none
    better: Literal["higher", "lower"] = "higher"  # which direction is an improvement
    verdict: Verdict | None = None  # whether the difference is one beyond chance; None: not decided
    note: str = ""  # sizes, for small print: labels, scored items, seeds
    # column -> its 95% interval, of the columns that have one
    intervals: Mapping[Column, Interval] = field(default_factory=dict)
    most: float | None = None  # the best possible value; None where the measure has no upper end
    digits: int = 3  # after the point
    relative: bool = False  # whether ``gain`` is a share of the base's value, not a difference of values

    def value(self, column: Column) -> float | None:
        """The number in ``column``."""
        found: float | None = getattr(self, column)
        return found

    def cell(self, column: Column) -> str:
        """The number in ``column`` as text; a baseline that does not exist is empty."""
        value = self.value(column)
        return "" if value is None and column == "baseline" else number(value, self.digits)

    @property
    def baseline_cell(self) -> str:
        """The value of the baseline and its name; empty where there is none."""
        return f"{self.cell('baseline')} ({self.baseline_name})" if self.baseline is not None else ""

    @property
    def gain_cell(self) -> str:
        """The difference to the base with its interval in parentheses; empty where a row has none."""
        if self.gain is None:
            return ""
        low, mean, high = self.gain
        return f"{mean:+.1%} ({low:+.1%} to {high:+.1%})" if self.relative else signed(self.gain, self.digits)

    def range_cell(self, column: Column) -> str:
        """The 95% interval of ``column``; empty where it has none."""
        return range_text(self.intervals.get(column), self.digits)

    @property
    def cells(self) -> list[str]:
        """One text for each of COLUMNS; under ``measure`` the row's name with the metric."""
        return [f"{self.name} ({self.measure}, {self.better} is better)", self.cell("base"), self.cell("adapted"),
                self.gain_cell, self.baseline_cell]


def rows(results: ReleaseResults) -> list[Row]:
    """The rows of the stages that have run, the most telling first, at most ``MOST_ROWS``; a harm is never left out."""
    found = [*_rows(results)]
    chosen = sorted(range(len(found)), key=lambda number: (found[number].verdict != "harm", number))[:MOST_ROWS]
    return [found[number] for number in sorted(chosen)]


def translation_language(results: ReleaseResults) -> str:
    """The name of the language that translations are in: that of the base, where it knows one alone."""
    known = results.model.base.languages
    return name_of(known[0]) if len(known) == 1 and known[0] != "mul" else "translation"


def _rows(results: ReleaseResults) -> Iterator[Row]:
    yield from _fertility(results)
    yield from _likelihood(results, results.likelihood, f"predicting held-out {results.language.name}")
    tasks = {task: found for task, found in results.tasks.items() if not found.language}
    searches = {task: found for task, found in tasks.items() if found.kind == "sentence_retrieval"}
    for task, found in searches.items():
        yield from _search(results, task, found)
    for task, found in tasks.items():
        if task not in searches:
            yield _task(results, f"{task} from {found.train_items:,} labels", found, found.verdicts, _sizes(found))
            if found.transfer is not None:
                yield _transfer(results, task, found.transfer, found.test_items)
    yield from _behaviour(results)
    retention = results.retention
    if retention is not None and retention.measured:
        languages = " and ".join(map(name_of, retention.languages))
        yield from _likelihood(results, retention, f"predicting {languages}: what was kept")


def _fertility(results: ReleaseResults) -> Iterator[Row]:
    found = results.fertility
    if found is None or found.base is None or found.extended is None:
        return
    ranges, extended = found.intervals, results.released.arm == "adapted"
    base = ranges.base if ranges else _point(found.base)
    after = (ranges.extended if ranges else _point(found.extended)) if extended else base
    gain = ranges.change if ranges and extended else None
    yield _row(Row("segmentation of held-out text", "tokens per word", gain=gain, better="lower", digits=2,
                   relative=True, verdict=verdict(gain, lower_is_better=True) if gain else None,
                   note=f"{number(found.new_pieces, 0)} new tokens" if extended else
                   "the original tokenizer is released"),
               _by_column({"base": base, "control": base, "adapted": after}, "adapted", {}, None))


def _likelihood(results: ReleaseResults, found: ReleasedLikelihood | ReleasedForgetting | None,
                name: str) -> Iterator[Row]:
    if found is None or not found.scores:
        return
    arm, scores = results.released.arm, {name: score.interval for name, score in found.scores.items()}
    baselines = {name: score.interval for name, score in found.floor.items()} if isinstance(
        found, ReleasedLikelihood) else {}
    best = min(baselines, key=lambda baseline: baselines[baseline][1], default=None)
    gain = found.differences.get(f"{arm}_minus_base")
    yield _row(Row(name, found.unit, gain=gain, better="lower", baseline_name=_baseline(best),
                   note=f"{found.items:,} lines", verdict=verdict(gain, lower_is_better=True) if gain else None),
               _by_column(scores, arm, baselines, best))


def _search(results: ReleaseResults, task: str, found: ReleasedTask) -> Iterator[Row]:
    """A row for each direction; one for both where no difference was computed by direction."""
    released, name = results.released.arm, results.language.name
    differences = found.more_differences.get(f"{released}_minus_base", {})
    other = translation_language(results) if found.labelled is None else "translation"
    ways = {_FROM_SOURCE: f"{name} to {other}", _FROM_TARGET: f"{other} to {name}"}
    if not all(way in differences for way in ways):
        yield _task(results, f"{task}: finding the translation", found, found.verdicts, _sizes(found))
        return
    for way, outcome in ways.items():
        scores = {arm: scored[way] for arm, scored in found.more_intervals.items()}
        baselines = {name: scored[way] for name, scored in found.more_floor_intervals.items()}
        yield _scored(f"{task}, {outcome}", "accuracy@1", released, scores, baselines, differences[way], None,
                      _sizes(found), 1.0)


def _task(results: ReleaseResults, name: str, found: LearningPoint | TransferScores, verdicts: Mapping[str, Verdict],
          note: str) -> Row:
    arm = results.released.arm
    scores = {name: found.arm_intervals.get(name) or _point(mean) for name, mean in found.means.items()}
    baselines = {name: found.floor_intervals.get(name) or _point(value) for name, value in found.floors.items()}
    return _scored(name, _metric(found.metric), arm, scores, baselines, found.intervals.get(f"{arm}_minus_base"),
                   verdicts.get(f"{arm}_minus_base"), note, _most(found.metric))


def _transfer(results: ReleaseResults, task: str, found: ReleasedTransfer, scored: int) -> Row:
    """The row of a task learned from labels in another language alone."""
    return _task(results, f"{task} from 0 labels in {results.language.name}", found, found.verdicts,
                 f"{found.train_items:,} {name_of(found.train_language)} labels, {scored:,} scored")


def _scored(name: str, measure: str, arm: str, scores: Mapping[str, Interval], baselines: Mapping[str, Interval],
            gain: Interval | None, outcome: Verdict | None, note: str, most: float) -> Row:
    best = max(baselines, key=lambda baseline: baselines[baseline][1], default=None)
    outcome = outcome or (verdict(gain) if gain is not None else None)
    return _row(Row(name, measure, gain=gain, baseline_name=_baseline(best), verdict=outcome, note=note,
                    most=most, digits=1 if most == 100 else 3), _by_column(scores, arm, baselines, best))


def _by_column(scores: Mapping[str, Interval], released: str, baselines: Mapping[str, Interval],
               best: str | None) -> dict[Column, Interval]:
    """Column -> value with its interval, of what was measured."""
    found: dict[Column, Interval | None] = {
        "base": scores.get("base"), "control": scores.get("control"), "adapted": scores.get(released),
        "baseline": baselines[best] if best is not None else None}
    return {column: one for column, one in found.items() if one is not None}


def _row(row: Row, spans: Mapping[Column, Interval]) -> Row:
    """``row`` with the values of ``spans``; where low and high are the mean, no interval was computed."""
    mean: dict[Column, float] = {column: value for column, (_, value, _) in spans.items()}
    return replace(row, base=mean.get("base"), control=mean.get("control"), adapted=mean.get("adapted"),
                   baseline=mean.get("baseline"),
                   intervals={column: one for column, one in spans.items() if len({*one}) > 1})


def _behaviour(results: ReleaseResults) -> Iterator[Row]:
    """How many behavioural tests keep their threshold, on the base and on the released model."""
    if results.behaviour is None or not results.behaviour.tests:
        return
    tests, green = results.behaviour.tests, results.behaviour.passed
    base = sum(test.base.rate is not None and test.base.rate <= test.threshold for test in tests.values())
    reviewed = sum(test.reviewed != "none" for test in tests.values())
    yield Row("behavioral tests passed", f"of {len(tests)}", base=base, adapted=len(green & tests.keys()),
              note=f"{reviewed} of {len(tests)} reviewed by a speaker", most=len(tests), digits=0)


def _metric(metric: str) -> str:
    return METRICS.get(metric, metric.replace("_", " "))


def _most(metric: str) -> float:
    return 100.0 if metric == "chrf" else 1.0


def _sizes(found: ReleasedTask) -> str:
    seeds = max((len(found.scores.get(arm, [])) for arm in ARMS), default=0)
    trained = [] if found.fine_tuned else ["not fine-tuned"]
    return ", ".join([f"{found.test_items:,} scored", *trained, *([f"{seeds} seeds"] if seeds > 1 else [])])


def _baseline(name: str | None) -> str:
    return BASELINES.get(name, name) if name is not None else ""


def _point(value: float) -> Interval:
    """A value of which no interval was computed."""
    return value, value, value
