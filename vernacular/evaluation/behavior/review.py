"""``vernacular review``: test cases as a table or page for review by a speaker.

Importing it writes the speaker's name and the date into each test whose cases were all approved. A
test with a rejected case, or changed since the export, stays unreviewed. The comparisons of
``fairness.yaml`` are reviewed as one item under the file's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from vernacular.behavior_tests.lexicons import resolve
from vernacular.behavior_tests.load import FAIRNESS, folder_of, load_suite
from vernacular.behavior_tests.schema import UNREVIEWED, BehaviourTest, Review, Suite
from vernacular.behavior_tests.yaml_locations import find_test, place_of_test
from vernacular.config.schema import Language
from vernacular.config.yaml_edit import set_mapping
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.core.store import Store, digest_of
from vernacular.evaluation.behavior.cases import make_cases
from vernacular.evaluation.behavior.review_page import review_page
from vernacular.evaluation.behavior.spreadsheet import Row, is_ticked, read_sheet, write_new, write_sheet
from vernacular.evaluation.fairness.plan import Plan, load_plan
from vernacular.evaluation.fairness.review import claims
from vernacular.evaluation.held_out import held_out_lines
from vernacular.provenance.own_files import remember_written

HEAD = ("test", "what must hold", "first", "second", "good", "remark", "version")
SHOWN = 10
_GOOD = "The change is possible in the language, and "


@dataclass(frozen=True)
class Verdict:
    """The result of a table for one test."""

    test: str  # its name
    reviewed: bool  # whether the review was recorded
    message: str  # the reason, or what was written


def claim(test: BehaviourTest, filled: Sequence[str] | None = None) -> str:
    """State what a case assumes, for a speaker without technical knowledge.

    ``filled``: the words in the slots, for a task that labels words; None for whole lines.
    """
    label = test.expect.label if test.expect else None
    if test.type == "likelihood":
        return "The first is good; each further one is worse, or wrong" if test.growing else (
            "The first is good, the second wrong or much worse")
    if test.type == "minimum":
        return f"The answer to '{test.task}' is {label}" + (
            "" if filled is None else f" for {', '.join(filled)}" if filled else
            " for every word" if test.templates else " for the words that changed")
    if test.type == "invariance":
        return f"{_GOOD}the answer to '{test.task}' stays the same"
    way = "becomes likelier" if test.expect and test.expect.probability == "rises" else "becomes less likely"
    return f"{_GOOD}'{label or 'the first answer'}' of '{test.task}' {way}"


def rows_for(store: Store, language: Language, names: Sequence[str], most: int) -> list[Row]:
    """Return the rows of the table: up to ``most`` cases of each test in ``names`` or of all, and of fairness.yaml.

    Tests on held-out lines are skipped if the text is not split yet; marks need no review.

    Raises:
        Problem: unknown test, or nothing to review.
    """
    suite, plan = load_suite(language), load_plan(language)
    tests = [find_test(suite, name, language) for name in names if name != FAIRNESS or plan is None] if names else [
        test for test in suite.tests if suite.review_of(test) == UNREVIEWED and not test.source]
    splits = store.current(language.code, "corpus/splits")
    lines = held_out_lines(splits.folder) if splits is not None else []
    given = resolve(suite, lines)

    def by_word(test: BehaviourTest) -> bool:
        return test.task is not None and language.tasks[test.task].kind == "token_classification"

    rows = []
    for test in tests:
        cases = make_cases(test, lines, given, most=most, seed=language.behaviour.seed, prepare=str,
                           by_word=by_word(test))[:most]
        rows += _rows(test.name, suite.digest(test), [
            (claim(test, case.filled if by_word(test) else None), case.versions[0], "\n".join(case.versions[1:]))
            for case in cases])
    if plan is not None and lines and (FAIRNESS in names or (not names and plan.review_of(suite) == UNREVIEWED)):
        rows += _rows(FAIRNESS, plan.digest(suite), claims(plan, lines, given, most, language.behaviour.seed))
    if not rows:
        raise Problem("there is no case to review" + ("" if splits else ": the text has not been split yet"),
                      where=f"{language.code} behaviour", fix=(
                          "Every test is reviewed; name one to review it again" if splits and not tests else
                          f"Run `vernacular run {language.code} --to corpus/splits`, or write templates"),
                      code=Code.DATA_EMPTY)
    return rows


def _rows(name: str, digest: str, cases: Sequence[tuple[str, str, str]]) -> list[Row]:
    return [{"test": name, "what must hold": statement, "first": first, "second": second,
             "version": version_of(digest, len(cases), first, second)} for statement, first, second in cases]


def version_of(digest: str, rows: int, first: str, second: str) -> str:
    """Return a version: the test's digest, its number of rows, and a digest of one row's sentences.

    Edited sentences or removed rows thus invalidate the approval.
    """
    return f"{digest}-{rows}-{digest_of([' '.join(text.split()) for text in (first, second)])[:6]}"


def write_review(store: Store, language: Language, names: Sequence[str], path: Path, most: int = SHOWN) -> int:
    """Write the table (.csv) or page (.html) to ``path``; return the number of cases."""
    if path.suffix.lower() not in (".csv", ".html"):
        raise Problem(f"unknown ending '{path.suffix}'", where=str(path), fix="Name it .csv or .html",
                      code=Code.DATA_FORMAT)
    rows = rows_for(store, language, names, most)
    remember_written(store, language.code, path)
    if path.suffix.lower() == ".csv":
        write_sheet(path, HEAD, rows)
    else:
        write_new(path, review_page(language, HEAD, rows))
    return len(rows)


def read_review(language: Language, path: Path, by: str, on: date) -> list[Verdict]:
    """Import a filled table into the files of the folder; return a verdict per test.

    ``path``: the table, as CSV. ``by``: the speaker who filled it in.

    Raises:
        Problem: no name, the page instead of its table, or an invalid table.
    """
    if not by.strip():
        raise Problem("the reviewer's name is missing", where="vernacular review", fix="Name the reviewer with --by",
                      code=Code.CONFIG_VALUE)
    if path.suffix.lower() == ".html":
        raise Problem("this is the page, not the table that it saves", where=str(path),
                      fix="Open it in a browser, answer, press Save, and use the saved .csv file",
                      code=Code.DATA_FORMAT)
    suite, plan = load_suite(language), load_plan(language)
    answers: dict[str, list[tuple[int, Row]]] = {}
    for line, row in read_sheet(path, HEAD):
        answers.setdefault(row["test"], []).append((line, row))
    return [_verdict(subject, answers[subject.name], language, path, (by.strip(), on))
            for subject in [_subject(name, suite, plan, language) for name in answers]]


@dataclass(frozen=True)
class _Subject:
    """A test or fairness.yaml under review: current version, earlier review, and location."""

    name: str
    version: str
    review: Review | None
    place: tuple[File, list[str | int]] | None


def _subject(name: str, suite: Suite, plan: Plan | None, language: Language) -> _Subject:
    if plan is not None and name == FAIRNESS:
        return _Subject(name, plan.digest(suite), plan.reviewed, (folder_of(language).file(FAIRNESS), []))
    test = find_test(suite, name, language)
    return _Subject(name, suite.digest(test), test.reviewed, place_of_test(name, language))


def _verdict(test: _Subject, rows: Sequence[tuple[int, Row]], language: Language, path: Path,
             who: tuple[str, date]) -> Verdict:
    version, place = test.version, test.place
    wrong, open_rows, written = [], 0, 0
    for line, row in rows:
        digest, _, count = row["version"].rpartition("-")[0].partition("-")
        if digest != version or not count.isdecimal():
            return Verdict(test.name, False, "changed since the table was exported")
        written = max(written, int(count))
        if row["version"] != version_of(version, int(count), row["first"], row["second"]):
            return Verdict(test.name, False, f"its sentences were changed in the table (“{row['first'][:60]}”): "
                                             "change them in the file of tests, and export the table again")
        if row["good"] == "" and not row["remark"]:
            open_rows += 1
        elif not is_ticked(row["good"], f"{path}:{line}"):
            wrong.append(f"“{row['first'][:40]}”{': ' + row['remark'] if row['remark'] else ''}")
    if wrong:
        message = f"{len(wrong)} of {len(rows)} cases are rejected ({'; '.join(wrong)})"
        if test.review is not None and place is not None:  # an earlier reviewer did not see this
            set_mapping(*place, "reviewed", UNREVIEWED, after="author")
            message += f"; the review by {test.review.by} is withdrawn"
        return Verdict(test.name, False, message)
    missing = written - len(rows)
    if missing > 0:
        return Verdict(test.name, False, f"{missing} of {written} cases are missing from the table")
    if open_rows:
        return Verdict(test.name, False, f"{open_rows} of {len(rows)} cases have no answer")
    if place is None:
        return Verdict(test.name, False, "speakers' marks need no review")
    set_mapping(*place, "reviewed",
                {"by": who[0], "on": who[1].isoformat(), "of": version}, after="author")
    return Verdict(test.name, True, f"reviewed by {who[0]}, {who[1]}")
