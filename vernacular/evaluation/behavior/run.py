"""The stage ``evaluation/<model>_behaviour``: every test on the released model and its base.

Generates cases, queries the predictors, and writes each test's failure rate, interval, gate and
worst cases. ``cases`` and ``judge`` contain the rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from scipy.stats import binomtest

from vernacular.behavior_tests.feedback import Mark
from vernacular.behavior_tests.lexicons import resolve
from vernacular.behavior_tests.load import load_suite, marks_of
from vernacular.behavior_tests.operators.base import Given
from vernacular.behavior_tests.schema import UNREVIEWED, BehaviourTest, Suite, percent
from vernacular.config.behaviour import Behaviour
from vernacular.config.schema import Model
from vernacular.core.jsonl import write_jsonl
from vernacular.core.report import Gate, Report
from vernacular.core.result import SampleRow
from vernacular.evaluation.behavior.askers import Asker, Weigher
from vernacular.evaluation.behavior.cases import Case, lines_for, make_cases
from vernacular.evaluation.behavior.judge import Outcome
from vernacular.evaluation.behavior.training_overlap import set_aside
from vernacular.evaluation.behavior.whitespace import with_blanks_shown
from vernacular.evaluation.held_out import held_out_lines, preparation
from vernacular.evaluation.stage_results import BehaviorResult, BehaviorTestResult, FailureRate
from vernacular.modeling.base_files import bytes_of_weights
from vernacular.modeling.variants import Arm, load_arm, released_arm
from vernacular.pipeline.parallel import in_processes
from vernacular.pipeline.stage import StageContext
from vernacular.remarks.rules import no_cases
from vernacular.tasks.predictor import load_predictor
from vernacular.text.words import words as words_of

ARMS: tuple[Arm, ...] = ("base", "adapted")
WORST_SHOWN = 3
FILE = "cases.jsonl"


def run(work: StageContext[Behaviour], name: str, model: Model) -> Report:
    """Run all behavioral tests of the tasks on the first seed of the model ``name``.

    Raises:
        Problem: an invalid test, or a missing adapter.
    """
    suite = load_suite(work.language).of_tasks(work.language.tasks_of(name))
    released = released_arm(name, work.reports)
    loaded: dict[Arm, Arm] = {"base": "base", "adapted": released}
    report = Report()
    lines = held_out_lines(work.inputs["corpus/splits"])
    given = resolve(suite, lines)
    marks, aside = _scored(marks_of(work.language), work, report)
    results: dict[str, BehaviorTestResult] = {}
    rows: list[SampleRow] = []
    asked = in_processes([partial(_ask, work, name, model, loaded, suite, task, lines, given, marks)
                          for task in dict.fromkeys(test.task for test in suite.tests)],
                         bytes_of_weights(model.base, work.language))
    for one in (one for found in asked for one in found):
        test, cases, outcomes = one.test, one.cases, one.outcomes
        results[test.name] = summarise(test, outcomes, suite.review_of(test), one.lines,
                                       aside[test.task] if test.source else 0)
        rows += [_row(test, case, {arm: outcomes[arm][number] for arm in ARMS}) for number, case in enumerate(cases)]
        report.gates.append(gate(test, results[test.name]))
        note_worst(report, test, cases, outcomes["adapted"])
        work.progress(f"{test.name}: {results[test.name].adapted.failures} of {len(cases)} cases fail")
    write_jsonl(work.out / FILE, rows)
    _note_counts(report, results)
    report.set_result(BehaviorResult(
        tests=results, seed_of_adapter=model.lora.seeds[0], arm=released,
        lexicons={key: len(words) for key, words in (*given.lexicons.items(), *given.pairs.items())}))
    report.remark(no_cases([test for test, found in results.items() if not found.adapted.cases]))
    return report


def _scored(marks: Sequence[Mark], work: StageContext, report: Report) -> tuple[list[Mark], Counter[str | None]]:
    """Return the marks that can be scored, and the number excluded per task; report the excluded ones."""
    why = set_aside(work, marks)
    if why:
        report.count("marks_set_aside", len(why), "marked sentences in the training data: not scored")
        report.samples["marks_set_aside"] = [{"task": task, "text": text, "reason": reason}
                                             for (task, text), reason in why.items()]
    return [mark for mark in marks if (mark.task, mark.text) not in why], Counter(task for task, _ in why)


@dataclass(frozen=True)
class Asked:
    """The cases of one test and the outcomes per variant."""

    test: BehaviourTest  # of the suite
    cases: Sequence[Case]  # that were generated
    outcomes: Mapping[Arm, Sequence[Outcome]]  # of each case, by variant
    lines: int  # number of held-out lines the change applies to


def _ask(work: StageContext[Behaviour], name: str, model: Model, loaded: Mapping[Arm, Arm], suite: Suite,
         task_name: str | None, lines: Sequence[str], given: Given, marks: Sequence[Mark]) -> list[Asked]:
    """Run all tests of one task on every variant; their cases are predicted together."""
    judges = {arm: _judge_of(loaded[arm], name, model, task_name, work) for arm in ARMS}
    by_word = task_name is not None and work.language.tasks[task_name].kind == "token_classification"
    prepare = str if task_name is None else preparation(work.language.tasks[task_name])
    whole = [line for line in lines if all(judged.reads(prepare(line)) for judged in judges.values())]
    cases = {test.name: make_cases(test, whole, given, most=work.settings.cases, seed=work.settings.seed,
                                   prepare=prepare, marks=marks, by_word=by_word)
             for test in suite.tests if test.task == task_name}
    for judged in judges.values():
        judged.ask_ahead([case for made in cases.values() for case in made])
    return [Asked(test, cases[test.name], {arm: judged.outcomes(test, cases[test.name])
                                           for arm, judged in judges.items()}, len(lines_for(test, whole)))
            for test in suite.tests if test.task == task_name]


def _judge_of(arm: Arm, name: str, model: Model, task_name: str | None, work: StageContext) -> Asker | Weigher:
    """Return the judge of a task under one variant; without a task, of the language model."""
    if task_name is None:
        return Weigher(*load_arm(arm, name, model, work.language, work.inputs), model.objective)
    by_word = work.language.tasks[task_name].kind == "token_classification"
    return Asker(load_predictor(arm, name, model, task_name, work.inputs, work.language, model.lora.seeds[0]),
                 words_of if by_word else None)


def summarise(test: BehaviourTest, outcomes: Mapping[Arm, Sequence[Outcome]], reviewed: str, lines: int,
              set_aside: int = 0) -> BehaviorTestResult:
    """Summarize a test with failures, rate and Wilson interval (95%) for every variant.

    ``reviewed``: the reviewer, or ``none``. ``lines``: number of held-out lines the change
    applies to. ``set_aside``: number of excluded marked sentences.
    """
    return BehaviorTestResult(
        capability=test.capability, description=test.description, notes=test.notes, type=test.type, task=test.task,
        author=test.author, threshold=test.threshold, severity=test.severity, reviewed=reviewed, lines=lines,
        set_aside=set_aside, base=_failure_rate(outcomes["base"]), adapted=_failure_rate(outcomes["adapted"]))


def _failure_rate(outcomes: Sequence[Outcome]) -> FailureRate:
    failures = sum(outcome.failed for outcome in outcomes)
    low, high = binomtest(failures, len(outcomes)).proportion_ci(method="wilson") if outcomes else (0.0, 1.0)
    return FailureRate(cases=len(outcomes), failures=failures, low=float(low), high=float(high),
                       rate=failures / len(outcomes) if outcomes else None)


def gate(test: BehaviourTest, summary: BehaviorTestResult) -> Gate:
    """Build the gate of a test, on the adapted model.

    A test without cases does not pass, unless nothing in the text can be changed.
    """
    found, aside = summary.adapted, summary.set_aside
    excluded = f"; {aside} marked sentences are excluded because the models were trained on them" if aside else ""
    if found.rate is None:
        idle = (summary.lines > 0 and test.type == "invariance" and not test.before
                and all(step.may_be_idle for step in test.change))
        return Gate(name=test.name, passed=idle, threshold=test.threshold, blocking=test.severity == "error",
                    reason=("no case: the held-out text is the same in both forms" if idle else
                            f"not measured: no answer {'to new text ' if aside else ''}has been marked yet{excluded}"
                            if test.source else
                            "not measured: no case could be generated" if not test.change else
                            "not measured: no case could be generated from the held-out text"))
    return Gate(name=test.name, passed=found.rate <= test.threshold, value=found.rate, threshold=test.threshold,
                blocking=test.severity == "error",
                reason=f"{'unreviewed test: ' if summary.reviewed == UNREVIEWED else ''}"
                       f"{found.cases - found.failures} "
                       f"of {found.cases} cases pass, {found.failures} fail ({found.rate:.1%}, 95 % "
                       f"interval {found.low:.1%} to {found.high:.1%}; at most {percent(test.threshold)} "
                       f"may); the base fails {summary.base.failures}{excluded}",
                fix="See the worst cases in the report; let a speaker `review` the test; more text or labels of "
                    "this kind help")


def note_worst(report: Report, test: BehaviourTest, cases: Sequence[Case], outcomes: Sequence[Outcome]) -> None:
    """Add the worst failures to the report's samples, with differing spaces made visible."""
    failed = sorted(((outcome, case) for outcome, case in zip(outcomes, cases, strict=True) if outcome.failed),
                    key=lambda pair: (-pair[0].distance, pair[1].after))
    rows = report.samples.setdefault("worst_failures", [])
    for outcome, case in failed[:WORST_SHOWN]:
        before, after = with_blanks_shown(case.before or "", case.after)
        rows.append({"test": test.name, "line": before, "changed line": after, "answer": outcome.before,
                     "answer to the changed line": outcome.after})


def _row(test: BehaviourTest, case: Case, outcomes: Mapping[str, Outcome]) -> SampleRow:
    return {"test": test.name, "before": case.before, "after": case.after,
            **{arm: {"failed": outcome.failed, "distance": round(outcome.distance, 4), "said": outcome.before,
                     "then_said": outcome.after} for arm, outcome in outcomes.items()}}


def _of(test: BehaviorTestResult, arm: Arm) -> FailureRate:
    return test.base if arm == "base" else test.adapted


def _note_counts(report: Report, results: Mapping[str, BehaviorTestResult]) -> None:
    green = {gate.name for gate in report.gates if gate.passed}
    reviewed = {name for name, found in results.items() if found.reviewed != UNREVIEWED}
    report.count("tests", len(results), "behavioural tests in the folder")
    report.count("tests_green", len(green), "tests that keep their threshold")
    report.count("tests_without_cases", sum(not found.adapted.cases for found in results.values()),
                 "tests of which no case could be made")
    report.count("tests_reviewed", len(reviewed), "tests that a speaker has reviewed as they are")
    report.count("tests_reviewed_green", len(reviewed & green), "reviewed tests that keep their threshold")
    report.count("capabilities", len({found.capability for found in results.values()}), "capabilities tested")
    for arm in ARMS:
        for kind, names in (("", set(results)), ("_reviewed", reviewed), ("_unreviewed", set(results) - reviewed)):
            cases = sum(_of(results[name], arm).cases for name in names)
            failures = sum(_of(results[name], arm).failures for name in names)
            if not kind:
                report.count(f"cases_{arm}", cases, f"cases asked of the {arm} model")
            if cases:
                report.count(f"failure_rate_{arm}{kind}", failures / cases, "share of all cases "
                             f"{'of ' + kind[1:] + ' tests ' if kind else ''}that the {arm} model fails")
