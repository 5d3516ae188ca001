"""The table of at most eight rows that shows what adaptation changed; terminal, page, card and README share it.

Reads the results of ``summary.gather``. Computes no score, no interval and no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from vernacular.config.codes import name_of
from vernacular.modeling.variants import ARMS
from vernacular.release.markdown import number, range_text, signed
from vernacular.release.results import Results, verdict

MOST_ROWS = 8
COLUMNS = ("measure", "base", "adapted", "gain (95 % interval)", "baseline")
Column = Literal["base", "control", "adapted", "baseline"]
Verdict = Literal["gain", "no gain", "harm"]
Interval = tuple[float, float, float]  # low, mean, high
METRICS = {"accuracy_at_1": "accuracy@1", "macro_f1": "macro F1", "entity_f1": "entity F1", "token_f1": "token F1",
           "chrf": "chrF", "f1_unseen_names": "F1 of unseen names"}
BASELINES = {"majority": "most frequent answer", "tfidf_logistic": "TF-IDF + logistic regression",
             "character_5gram": "character 5-gram model", "tfidf_characters": "TF-IDF of characters",
             "copy": "the source text", "nearest": "answer of the nearest training item",
             "nearest_span": "words nearest to the question"}
_FROM_SOURCE, _FROM_TARGET = "accuracy_at_1_from_source", "accuracy_at_1_from_target"


@dataclass(frozen=True)
class Row:
    """One measure on the base model, the control, the released model and the best baseline.

    Attributes:
        name: what was measured, for a person.
        measure: the metric or the unit.
        base: its value on the model as it was; None: not measured.
        control: on the model trained with the original tokenizer.
        adapted: on the released model, which may be the control.
        gain: released minus base, low, mean and high of its 95% interval; None: not measured.
        baseline: the best value that a method without a pretrained model reaches; None: there is none.
        baseline_name: what that method is; empty where there is none.
        better: which direction is an improvement.
        verdict: whether the difference is one beyond chance; None: not decided.
        note: sizes, for small print: labels, scored items, seeds.
        intervals: column -> its 95% interval, of the columns that have one.
        most: the best possible value; None where the measure has no upper end.
        digits: after the point.
        relative: whether ``gain`` is a share of the base's value, not a difference of values.
    """

    name: str
    measure: str
    base: float | None = None
    control: float | None = None
    adapted: float | None = None
    gain: Interval | None = None
    baseline: float | None = None
    baseline_name: str = ""
    better: Literal["higher", "lower"] = "higher"
    verdict: Verdict | None = None
    note: str = ""
    intervals: Mapping[Column, Interval] = field(default_factory=dict)
    most: float | None = None
    digits: int = 3
    relative: bool = False

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


def rows(results: Results) -> list[Row]:
    """The rows of the stages that have run, the most telling first, at most ``MOST_ROWS``; a harm is never left out.

    Args:
        results: of ``summary.gather``.
    """
    found = [*_rows(results)]
    chosen = sorted(range(len(found)), key=lambda number: (found[number].verdict != "harm", number))[:MOST_ROWS]
    return [found[number] for number in sorted(chosen)]


def translation_language(results: Results) -> str:
    """The name of the language that translations are in: that of the base, where it knows one alone."""
    known = results["model"]["base"].get("languages", [])
    return name_of(known[0]) if len(known) == 1 and known[0] != "mul" else "translation"


def _rows(results: Results) -> Iterator[Row]:
    yield from _fertility(results)
    yield from _likelihood(results, results["likelihood"], f"predicting held-out {results['language']['name']}")
    tasks = {task: found for task, found in results["tasks"].items() if not found["language"]}
    searches = {task: found for task, found in tasks.items() if found.get("kind") == "sentence_retrieval"}
    for task, found in searches.items():
        yield from _search(results, task, found)
    for task, found in tasks.items():
        if task not in searches:
            yield _task(results, f"{task} from {found['train_items']:,} labels", found)
            if found.get("transfer"):
                yield _transfer(results, task, found)
    yield from _behaviour(results)
    retention = results["retention"]
    if retention and retention.get("measured"):
        languages = " and ".join(map(name_of, retention["languages"]))
        yield from _likelihood(results, retention, f"predicting {languages}: what was kept")


def _fertility(results: Results) -> Iterator[Row]:
    found = results["fertility"]
    if found is None or found["base"] is None or found["extended"] is None:
        return
    ranges = found["intervals"] or {}
    extended = results["released"]["arm"] == "adapted"
    of = {"base": "base", "control": "base", "adapted": "extended" if extended else "base"}
    gain = _interval(ranges.get("change")) if extended else None
    yield _row(Row("segmentation of held-out text", "tokens per word", gain=gain, better="lower", digits=2,
                   relative=True, verdict=_verdict(verdict([*gain], lower_is_better=True)) if gain else None,
                   note=f"{number(found['new_pieces'], 0)} new tokens" if extended else
                   "the original tokenizer is released"),
               _by_column({arm: ranges.get(name) or [found[name]] * 3 for arm, name in of.items()},
                          "adapted", {}, None))


def _likelihood(results: Results, found: Mapping[str, Any] | None, name: str) -> Iterator[Row]:
    if not found or not found.get("scores"):
        return
    arm, scores = results["released"]["arm"], {name: _span(score) for name, score in found["scores"].items()}
    baselines = {name: _span(score) for name, score in found.get("floor", {}).items()}
    best = min(baselines, key=lambda baseline: baselines[baseline][1], default=None)
    gain = _interval(found.get("differences", {}).get(f"{arm}_minus_base"))
    yield _row(Row(name, found.get("unit", "nats per character"), gain=gain, better="lower",
                   baseline_name=_baseline(best), note=f"{found['items']:,} lines" if "items" in found else "",
                   verdict=_verdict(verdict([*gain], lower_is_better=True)) if gain else None),
               _by_column(scores, arm, baselines, best))


def _search(results: Results, task: str, found: Mapping[str, Any]) -> Iterator[Row]:
    """A row for each direction; one for both where no difference was computed by direction."""
    released, name = results["released"]["arm"], results["language"]["name"]
    differences = found.get("more_differences", {}).get(f"{released}_minus_base", {})
    other = translation_language(results) if found.get("labelled") is None else "translation"
    ways = {_FROM_SOURCE: f"{name} to {other}", _FROM_TARGET: f"{other} to {name}"}
    if not all(way in differences for way in ways):
        yield _task(results, f"{task}: finding the translation", found)
        return
    for way, said in ways.items():
        scores = {arm: scored[way] for arm, scored in found["more_intervals"].items()}
        baselines = {name: scored[way] for name, scored in found.get("more_floor_intervals", {}).items()}
        yield _scored(f"{task}, {said}", "accuracy@1", released, scores, baselines, differences[way], None,
                      _sizes(found), 1.0)


def _task(results: Results, name: str, found: Mapping[str, Any]) -> Row:
    arm = results["released"]["arm"]
    ranges, floors = found.get("arm_intervals", {}), found.get("floor_intervals", {})
    scores = {name: ranges.get(name) or [mean] * 3 for name, mean in found["means"].items()}
    baselines = {name: floors.get(name) or [value] * 3 for name, value in found.get("floors", {}).items()}
    return _scored(name, _metric(found["metric"]), arm, scores, baselines,
                   found.get("intervals", {}).get(f"{arm}_minus_base"),
                   found.get("verdicts", {}).get(f"{arm}_minus_base"), _sizes(found), _most(found["metric"]))


def _transfer(results: Results, task: str, found: Mapping[str, Any]) -> Row:
    """The row of a task learned from labels in another language alone."""
    transfer = found["transfer"]
    row = _task(results, f"{task} from 0 labels in {results['language']['name']}", {"scores": {}, **transfer})
    return replace(row, note=f"{transfer['train_items']:,} {name_of(transfer['train_language'])} labels, "
                             f"{found['test_items']:,} scored")


def _scored(name: str, measure: str, arm: str, scores: Mapping[str, Sequence[float]],
            baselines: Mapping[str, Sequence[float]], gain: Sequence[float] | None, said: str | None, note: str,
            most: float) -> Row:
    best = max(baselines, key=lambda baseline: baselines[baseline][1], default=None)
    said = said or (verdict([*gain]) if gain is not None else None)
    return _row(Row(name, measure, gain=_interval(gain), baseline_name=_baseline(best), verdict=_verdict(said),
                    note=note, most=most, digits=1 if most == 100 else 3), _by_column(scores, arm, baselines, best))


def _by_column(scores: Mapping[str, Sequence[float]], released: str, baselines: Mapping[str, Sequence[float]],
               best: str | None) -> dict[Column, Interval]:
    """Column -> value with its interval, of what was measured."""
    found: dict[Column, Interval | None] = {
        "base": _interval(scores.get("base")), "control": _interval(scores.get("control")),
        "adapted": _interval(scores.get(released)),
        "baseline": _interval(baselines[best]) if best is not None else None}
    return {column: one for column, one in found.items() if one is not None}


def _row(row: Row, spans: Mapping[Column, Interval]) -> Row:
    """``row`` with the values of ``spans``; where low and high are the mean, no interval was computed."""
    mean: dict[Column, float] = {column: value for column, (_, value, _) in spans.items()}
    return replace(row, base=mean.get("base"), control=mean.get("control"), adapted=mean.get("adapted"),
                   baseline=mean.get("baseline"),
                   intervals={column: one for column, one in spans.items() if len({*one}) > 1})


def _behaviour(results: Results) -> Iterator[Row]:
    """How many behavioural tests keep their threshold, on the base and on the released model."""
    tests = (results["behaviour"] or {}).get("tests")
    if not tests:
        return
    green = {gate["name"] for gate in results["behaviour"]["gates"] if gate["passed"]}
    base = sum(test["base"]["cases"] > 0 and test["base"]["rate"] <= test["threshold"] for test in tests.values())
    reviewed = sum(test["reviewed"] != "none" for test in tests.values())
    yield Row("behavioral tests passed", f"of {len(tests)}", base=base, adapted=len(green & tests.keys()),
              note=f"{reviewed} of {len(tests)} reviewed by a speaker", most=len(tests), digits=0)


def _metric(metric: str) -> str:
    return METRICS.get(metric, metric.replace("_", " "))


def _most(metric: str) -> float:
    return 100.0 if metric == "chrf" else 1.0


def _sizes(found: Mapping[str, Any]) -> str:
    seeds = max((len(found["scores"].get(arm, [])) for arm in ARMS), default=0)
    parts = [f"{found['test_items']:,} scored"] if "test_items" in found else []
    trained = [] if found.get("fine_tuned", True) else ["not fine-tuned"]
    return ", ".join([*parts, *trained, *([f"{seeds} seeds"] if seeds > 1 else [])])


def _baseline(name: str | None) -> str:
    return BASELINES.get(name, name) if name is not None else ""


def _span(score: Mapping[str, float]) -> Interval:
    return score["low"], score["mean"], score["high"]


def _interval(found: Sequence[float] | None) -> Interval | None:
    return None if found is None else (found[0], found[1], found[2])


def _verdict(said: str | None) -> Verdict | None:
    return "gain" if said == "gain" else "no gain" if said == "no gain" else "harm" if said == "harm" else None
