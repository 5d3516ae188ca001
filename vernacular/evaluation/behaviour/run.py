"""The stage ``evaluation/<model>_behaviour``: every test on the model that is released and, to compare, on the base.

Draws cases, asks the predictors, and writes each test's failure rate, interval, gate and worst cases. Which cases and
what counts as a failure is decided in ``cases`` and ``judge``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from vernacular.arms import Arm, released_arm
from vernacular.artifacts import Gate, Report
from vernacular.config.schema import Language, Model
from vernacular.errors import Problem
from vernacular.evaluation.behaviour.cases import Case, make_cases
from vernacular.evaluation.behaviour.judge import Answer, Array, Outcome, judge, wilson
from vernacular.evaluation.behaviour.lexicons import resolve
from vernacular.evaluation.behaviour.load import load_suite
from vernacular.evaluation.behaviour.schema import BehaviourTest
from vernacular.evaluation.held_out import held_out_lines, preparation
from vernacular.jsonl import write_jsonl
from vernacular.stages import GateSpec, Work

ARMS: tuple[Arm, ...] = ("base", "adapted")
WORST_SHOWN = 3
FILE = "cases.jsonl"
Splitter = Callable[[str], list[str]]


class Predictor(Protocol):
    """What a trained task answers: see ``vernacular.tasks.predictor``."""

    labels: list[str]

    def probabilities(self, texts: Sequence[str]) -> Sequence[Array]:
        """One array a text: shape (labels,), or (words, labels)."""


def gate_specs(language: Language) -> tuple[GateSpec, ...]:
    """One gate a test of the folder, named after it."""
    return tuple(GateSpec(test.name, f"{test.description or test.capability}: at most {test.threshold:.0%} of the "
                          f"cases fail. Author: {test.author}; reviewed by a speaker: {test.reviewed}.",
                          test.severity == "error") for test in load_suite(language).tests)


def run(work: Work, name: str, model: Model) -> Report:
    """Run every behavioural test of the folder on the first seed of the model ``name``.

    Raises:
        Problem: a test that cannot be used, or an adapter that is not there.
    """
    from vernacular.corpus.words import words as words_of
    from vernacular.tasks.predictor import load_predictor
    suite = load_suite(work.language)
    released = released_arm(name, work.reports)
    loaded: dict[Arm, Arm] = {"base": "base", "adapted": released}
    report = Report()
    lines = held_out_lines(work.inputs["corpus/splits"])
    lexicons = resolve(suite, lines)
    results: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for task_name in dict.fromkeys(test.task for test in suite.tests):
        task = work.language.tasks[task_name]
        words = words_of if task.kind == "token_classification" else None
        asked = {arm: Asker(load_predictor(loaded[arm], name, model, task_name, work.inputs, work.language,
                                           model.lora.seeds[0]), words) for arm in ARMS}
        for test in (test for test in suite.tests if test.task == task_name):
            cases = make_cases(test, lines, lexicons, most=work.settings.cases, seed=work.settings.seed,
                               prepare=preparation(task))
            outcomes = {arm: asker.outcomes(test, cases) for arm, asker in asked.items()}
            results[test.name] = summarise(test, outcomes)
            rows += [_row(test, case, {arm: outcomes[arm][number] for arm in ARMS})
                     for number, case in enumerate(cases)]
            report.gates.append(gate(test, results[test.name]))
            note_worst(report, test, cases, outcomes["adapted"])
            work.progress(f"{test.name}: {results[test.name]['adapted']['failures']} of {len(cases)} cases fail")
    write_jsonl(work.out / FILE, rows)
    _note_counts(report, results)
    report.details = {"tests": results, "lexicons": {key: len(words) for key, words in lexicons.items()},
                      "seed_of_adapter": model.lora.seeds[0], "arm": released}
    return report


class Asker:
    """A predictor and the judge together; the answers to lines that were asked before are kept.

    Args:
        predictor: what answers.
        words_of: splits a line into the words that are labelled; None where lines are labelled.
    """

    def __init__(self, predictor: Predictor, words_of: Splitter | None) -> None:
        self._predictor, self._words_of = predictor, words_of
        self._known: dict[str, Answer] = {}

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """The answers to ``texts``, in their order.

        Raises:
            Problem: the predictor labels another number of words than the line has.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for text, found in zip(new, self._predictor.probabilities(new) if new else [], strict=True):
            words = tuple(self._words_of(text)) if self._words_of is not None else ()
            if self._words_of is not None and len(words) != len(found):
                raise Problem(f"{len(found)} labels for {len(words)} words: {text[:80]!r}", where="behaviour",
                              fix="Report this: the predictor and words_of disagree")
            self._known[text] = Answer(found, words)
        return [self._known[text] for text in texts]

    def outcomes(self, test: BehaviourTest, cases: Sequence[Case]) -> list[Outcome]:
        """Whether each case of ``test`` fails."""
        after = self.answers([case.after for case in cases])
        before = iter(self.answers([case.before for case in cases if case.before is not None]))
        filled_words = [tuple(word for text in case.filled for word in (self._words_of or str.split)(text))
                        for case in cases]
        keeps = all(step.keeps_words for step in test.change)
        return [judge(test, self._predictor.labels, next(before) if case.before is not None else None, answer,
                      filled, keeps) for case, answer, filled in zip(cases, after, filled_words, strict=True)]


def summarise(test: BehaviourTest, outcomes: Mapping[Arm, Sequence[Outcome]]) -> dict[str, Any]:
    """A test with its failures, rate and Wilson interval (95 %) on every arm."""
    summary: dict[str, Any] = test.model_dump(mode="json", include={
        "capability", "description", "type", "task", "author", "reviewed", "threshold", "severity"})
    for arm, judged in outcomes.items():
        failures = sum(outcome.failed for outcome in judged)
        low, high = wilson(failures, len(judged))
        summary[arm] = {"cases": len(judged), "failures": failures, "low": low, "high": high,
                        "rate": failures / len(judged) if judged else None}
    return summary


def gate(test: BehaviourTest, summary: Mapping[str, Any]) -> Gate:
    """The gate of one test, on the adapted model.

    A test without a case is not passed, unless both forms of the text are the same for want of what is changed.
    """
    found = summary["adapted"]
    if not found["cases"]:
        idle = test.type == "invariance" and not test.before and all(step.may_be_idle for step in test.change)
        return Gate(name=test.name, passed=idle, threshold=test.threshold, blocking=test.severity == "error",
                    reason=("no case: the held-out text is the same in both forms" if idle else
                            "not measured: no case could be made from the held-out text"))
    return Gate(name=test.name, passed=found["rate"] <= test.threshold, value=found["rate"], threshold=test.threshold,
                blocking=test.severity == "error",
                reason=f"{found['failures']} of {found['cases']} cases fail ({found['rate']:.1%}, 95 % interval "
                       f"{found['low']:.1%} to {found['high']:.1%}); the base fails {summary['base']['failures']}")


def note_worst(report: Report, test: BehaviourTest, cases: Sequence[Case], outcomes: Sequence[Outcome]) -> None:
    """Add the cases that fail furthest to the report's samples."""
    failed = sorted(((outcome, case) for outcome, case in zip(outcomes, cases, strict=True) if outcome.failed),
                    key=lambda pair: (-pair[0].distance, pair[1].after))
    rows = report.samples.setdefault("worst_failures", [])
    rows += [{"test": test.name, "line": case.before or "", "changed": case.after, "said": outcome.before,
              "then_said": outcome.after} for outcome, case in failed[:WORST_SHOWN]]


def _row(test: BehaviourTest, case: Case, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    return {"test": test.name, "before": case.before, "after": case.after,
            **{arm: {"failed": outcome.failed, "distance": round(outcome.distance, 4), "said": outcome.before,
                     "then_said": outcome.after} for arm, outcome in outcomes.items()}}


def _note_counts(report: Report, results: Mapping[str, Any]) -> None:
    report.count("tests", len(results), "behavioural tests in the folder")
    report.count("tests_green", sum(gate.passed for gate in report.gates), "tests that keep their threshold")
    report.count("tests_without_cases", sum(not found["adapted"]["cases"] for found in results.values()),
                 "tests whose change leaves every held-out line as it is")
    report.count("tests_reviewed", sum(found["reviewed"] != "none" for found in results.values()),
                 "tests that a speaker has reviewed")
    for arm in ARMS:
        cases = sum(found[arm]["cases"] for found in results.values())
        failures = sum(found[arm]["failures"] for found in results.values())
        report.count(f"cases_{arm}", cases, f"cases asked of the {arm} model")
        if cases:
            report.count(f"failure_rate_{arm}", failures / cases, f"share of all cases that the {arm} model fails")
