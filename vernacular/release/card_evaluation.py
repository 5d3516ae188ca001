"""The card's sections on behavior, fairness, forgetting and planted phrases; terminal and page share their tables."""

from __future__ import annotations

from collections.abc import Mapping

from vernacular.behavior_tests.schema import percent
from vernacular.core.result import Interval
from vernacular.evaluation.behavior.whitespace import LEGEND
from vernacular.evaluation.stage_results import (
    BehaviorTestResult,
    FailureRate,
    Gap,
    PhrasesTried,
    TriggerScanResult,
)
from vernacular.modeling.variants import ARMS
from vernacular.release.markdown import MISSING, Section, Table, caveat, interval_text, literal, number, signed
from vernacular.release.result_models import ReleasedTask, ReleaseResults
from vernacular.release.result_tables import against, likelihood_table

WORD_LOOKUP = 3  # words of a text; a task on shorter ones measures no more than finding words


def by_review(results: ReleaseResults) -> list[tuple[str, dict[str, BehaviorTestResult]]]:
    """The tests that a speaker reviewed, then the others: a sentence on how many pass, and these tests by name."""
    tests, passed = (results.behaviour.tests, results.behaviour.passed) if results.behaviour else ({}, set())
    groups = []
    for reviewed, title in ((True, "Reviewed by a speaker"), (False, "Not reviewed by a speaker: what these tests "
                                                                     "assume about the language may be wrong")):
        chosen = {name: test for name, test in tests.items() if (test.reviewed != "none") == reviewed}
        many = f"{len(chosen)} test{'' if len(chosen) == 1 else 's'}"
        groups.append((f"{title}: {many}, {len(chosen.keys() & passed)} passed.", chosen))
    return groups


def behavior(results: ReleaseResults) -> list[Section]:
    """Behavioral tests: those that a speaker reviewed, the others, and the worst failures."""
    if results.behaviour is None or not results.behaviour.tests:
        return [Section("Behavior", ["No behavioral test was run."])]
    passed, blocks = results.behaviour.passed, list[str | Table]()
    for reviewed, (summary, chosen) in zip((True, False), by_review(results), strict=True):
        blocks.append(f"**{summary}**")
        columns = ["capability", "test", "what must hold", "task", "base fails (95 %)", "released fails (95 %)",
                   "at most", "passed", "author", *(["reviewed by"] if reviewed else [])]
        table = Table(columns, [
            [test.capability, name, test.description or test.capability, test.task or "likelihood", rate(test.base),
             rate(test.adapted), percent(test.threshold), "yes" if name in passed else "no", test.author,
             *([test.reviewed] if reviewed else [])] for name, test in chosen.items()], columns[1:2] + columns[4:8])
        blocks += [table] if table else []
    worst = {str(row["test"]): row for row in reversed(results.behaviour.worst_failures)}
    rows = [worst[name] for name in results.behaviour.tests if name in worst and name not in passed]
    failures: list[str | Table] = [f"The worst failure of each test that does not pass. {LEGEND}",
                Table([*rows[0]], [[*map(str, row.values())] for row in rows])] if rows else []
    return [Section("Behavior", blocks), Section("", failures, on_screen=False)]


def rate(found: FailureRate) -> str:
    """How many cases of a test fail, with the 95 % interval of their share."""
    return (f"{found.failures} of {found.cases} ({found.low:.0%} to {found.high:.0%})" if found.cases
            else "no case")


def fairness_table(results: ReleaseResults) -> Table:
    """Every gap on the base and the released model, and its change; no row where none was measured."""
    columns = ["task", "comparison", "measure", "sentences", "gap of the base (95 %)", "gap of the released (95 %)",
               "its lowest, its highest", "change (95 %)", "verdict"]
    return Table(columns, [
        [one.task, one.comparison.replace("_", " "), one.measure.replace("_", " "), str(one.sentences),
         _gap(one.base), _gap(one.adapted), _ends(one.adapted),
         signed(one.change) if one.change is not None else MISSING, one.verdict]
        for one in (results.fairness.comparisons.values() if results.fairness else ())],
        [*columns[:2], *columns[4:6], *columns[7:]])


def describe_fairness(results: ReleaseResults) -> str:
    """What the figures do not show, and who wrote and who reviewed what is compared."""
    found = results.fairness
    return f"{found.caveat} Author: {found.author}; reviewed by a speaker: {found.reviewed}." if found else ""


def fairness(results: ReleaseResults) -> Section:
    """Gaps between groups."""
    table = fairness_table(results)
    return Section("Fairness", [table, describe_fairness(results)] if table else ["Not measured."])


def _gap(gap: Gap | None) -> str:
    return f"{number(gap.gap)} ({number(gap.low)} to {number(gap.high)})" if gap else MISSING


def _ends(gap: Gap | None) -> str:
    """The groups with the lowest and with the highest mean."""
    means = gap.groups if gap else {}
    return f"{min(means, key=means.__getitem__)}, {max(means, key=means.__getitem__)}" if means else ""


def forgetting(results: ReleaseResults) -> Section:
    """What training kept of the base's languages and representations."""
    found = results.retention
    blocks: list[str | Table] = ["Not measured: the folder names no text in the base's languages."]
    if found and found.measured:
        blocks = [f"Text in the base's languages ({', '.join(found.languages)}), {found.items} lines; lower is better."
                  f"{caveat(found.caveat)}", likelihood_table(found), describe_differences(found.differences)]
    kept = [f"The task {literal(line)}" for line in kept_on_tasks(results)]
    blocks += kept or ["No task in one of the base's languages was scored."]
    training = results.pretraining.of(results.released.arm)
    moved = training.counts.states_moved if training is not None else None
    if moved is not None:
        blocks.append(f"The mean states of held-out {results.language.name} texts are at a squared distance of "
                      f"{number(moved)} from the base's, in units of the variance between texts.")
    return Section("What it forgot", blocks)


def describe_differences(intervals: Mapping[str, Interval]) -> str:
    """Each difference with its interval."""
    return ". ".join(f"{against(name).capitalize()}: {interval_text(interval)}"
                     for name, interval in intervals.items()) + "."


def kept_on_tasks(results: ReleaseResults) -> list[str]:
    """A sentence for each task with a ``language``: the mean of each arm, and the released one against the base."""
    released, lines = results.released.arm, []
    for name, task in results.tasks.items():
        if not task.language:
            continue
        means = ", ".join(f"{arm} {number(task.means[arm])}" for arm in ARMS if arm in task.means)
        interval = task.intervals.get(f"{released}_minus_base")
        lines.append(f"{name}, in {task.language}, a language of the base ({task.metric}, "
                     f"{task.train_items} training items, {task.test_items} scored): {means}"
                     + (f"; {released} against base {interval_text(interval)}." if interval else "."))
    return lines


def describe_scan(scan: TriggerScanResult | None) -> str:
    """Which phrases the scan tried in the text and in the labels; empty if there was none."""
    if scan is None:
        return ""
    text, labels = scan.looked_for.text, scan.looked_for.labels
    return (f"In the text, the scan covers phrases of {text.words[0]} to {text.words[1]} words, not shorter ones; "
            f"{_tried(text)}." if text else "The text was not scanned.") + (
            f" In the labels of {', '.join(labels.tasks)}, it covers phrases of {labels.words[0]} to "
            f"{labels.words[1]} words; {_tried(labels)}." if labels.tasks else " Labels were not scanned.")


def _tried(phrases: PhrasesTried) -> str:
    return f"{number(phrases.tried, 0)} {'was' if phrases.tried == 1 else 'were'} tried"


def planted_phrases(results: ReleaseResults) -> Section:
    """The scan for planted phrases: what it covers, and what it found."""
    scan = results.attack
    if not scan:
        return Section("Planted phrases", ["Nobody scanned for phrases that were planted to change answers."])
    return Section("Planted phrases", [
        f"{scan.conclusion[:1].upper()}{scan.conclusion[1:]}. {describe_scan(scan)} A phrase is tried if three texts "
        "of a task, or a quarter per cent of the lines, contain it. In experiments, the scan missed most phrases that "
        "were planted in as few as three of a hundred texts of a task; in text it found one, in half a per cent of the "
        "lines that a tiny causal model learned from. That the scan finds nothing is no proof.",
        *([Table(["task", "phrase"], [[row.task, row.phrase] for row in scan.suspects])] if scan.suspects else [])])


def of_pictures(task: ReleasedTask) -> list[str]:
    """What a task on pictures measures, by the length of its texts; nothing for other tasks."""
    if task.words_of_texts is None:
        return []
    short = ("This is word look-up: it finds the picture of a word. Nothing here shows that scenes are understood"
             if task.words_of_texts <= WORD_LOOKUP else "Who does what to whom in a picture was not tested")
    return [f"Its texts have {number(task.words_of_texts, 1)} words on average. {short}. The model of pictures was not "
            "trained, and knows what its own training showed it."]
