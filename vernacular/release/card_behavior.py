"""The card's sections on behaviour and fairness."""

from __future__ import annotations

from vernacular.behavior_tests.schema import percent
from vernacular.evaluation.behavior.whitespace import LEGEND
from vernacular.evaluation.stage_results import BehaviorTestResult, FailureRate, Gap
from vernacular.release.markdown import MISSING, number, signed, table
from vernacular.release.result_models import ReleaseResults

GAPS = ("task", "comparison", "measure", "sentences", "gap of the base (95 %)", "gap of the released (95 %)",
        "its lowest, its highest", "change (95 %)", "verdict")


def by_review(results: ReleaseResults) -> list[tuple[str, dict[str, BehaviorTestResult]]]:
    """The tests that a speaker reviewed, then the others: a sentence on how many are kept, and these tests by name."""
    tests, kept = (results.behaviour.tests, results.behaviour.passed) if results.behaviour else ({}, set())
    found = []
    for reviewed, title in ((True, "Reviewed by a speaker"), (False, "Not reviewed by a speaker: what these tests take "
                                                                     "for granted of the language may be wrong")):
        chosen = {name: test for name, test in tests.items() if (test.reviewed != "none") == reviewed}
        many = f"{len(chosen)} test{'' if len(chosen) == 1 else 's'}"
        found.append((f"{title}: {many}, {len(chosen.keys() & kept)} kept.", chosen))
    return found


def behaviour(results: ReleaseResults) -> str:
    """The section on behavioural tests: those that a speaker reviewed, the others, and the worst failures."""
    if results.behaviour is None or not results.behaviour.tests:
        return "No behavioural test was run."
    green, parts = results.behaviour.passed, []
    for reviewed, (said, chosen) in zip((True, False), by_review(results), strict=True):
        parts.append(f"**{said}**")
        if chosen:
            parts.append(table(["capability", "test", "what must hold", "task", "base fails (95 %)",
                                "released fails (95 %)", "at most", "kept", "author",
                                *(["reviewed by"] if reviewed else [])],
                               [_behaviour_row(name, test, reviewed, name in green) for name, test in chosen.items()]))
    worst = worst_failures(results)
    if worst:
        parts.append(f"The worst failure of each test that is not kept. {LEGEND}\n\n"
                     + table([*worst[0]], [[*row.values()] for row in worst]))
    return "\n\n".join(parts)


def worst_failures(results: ReleaseResults) -> list[dict[str, str]]:
    """The worst failure of each test that is not kept, in the order of the tests."""
    found = results.behaviour
    if found is None:
        return []
    worst = {str(row["test"]): row for row in reversed(found.worst_failures)}
    return [{column: str(value) for column, value in worst[name].items()}
            for name in found.tests if name in worst and name not in found.passed]


def _behaviour_row(name: str, test: BehaviorTestResult, reviewed: bool, kept: bool) -> list[str]:
    return [test.capability, name, test.description or test.capability, test.task or "likelihood",
            rate(test.base), rate(test.adapted), percent(test.threshold), "yes" if kept else "no",
            test.author, *([test.reviewed] if reviewed else [])]


def rate(found: FailureRate) -> str:
    """How many cases of a test fail, with the 95 % interval of their share."""
    return (f"{found.failures} of {found.cases} ({found.low:.0%} to {found.high:.0%})" if found.cases
            else "no case")


def fairness(results: ReleaseResults) -> str:
    """The section on fairness: every gap on base and released, what became of it, each with its interval."""
    rows = fairness_rows(results)
    return f"{table(GAPS, rows)}\n\n{fairness_said(results)}" if rows else "Not measured."


def fairness_rows(results: ReleaseResults) -> list[list[str]]:
    """The rows of GAPS, a comparison each; empty where none was measured."""
    return [[one.task, one.comparison.replace("_", " "), one.measure.replace("_", " "), str(one.sentences),
             _gap(one.base), _gap(one.adapted), _ends(one.adapted),
             signed(one.change) if one.change is not None else MISSING, one.verdict]
            for one in (results.fairness.comparisons.values() if results.fairness else ())]


def fairness_said(results: ReleaseResults) -> str:
    """What the figures cannot say, and who wrote and who reviewed what is compared."""
    found = results.fairness
    return f"{found.caveat} Author: {found.author}; reviewed by a speaker: {found.reviewed}." if found else ""


def _gap(found: Gap | None) -> str:
    return f"{number(found.gap)} ({number(found.low)} to {number(found.high)})" if found else MISSING


def _ends(found: Gap | None) -> str:
    """Between which groups the gap of the released model is: that with the lowest mean, and that with the highest."""
    means = found.groups if found else {}
    return f"{min(means, key=means.__getitem__)}, {max(means, key=means.__getitem__)}" if means else ""
