"""Spaces that two forms of a sentence do not share can be seen: in worst failures and on the page of a review."""

from __future__ import annotations

from pathlib import Path

import pytest

from vernacular.behavior_tests.schema import BehaviourTest
from vernacular.config.load import load_language
from vernacular.core.report import Report
from vernacular.evaluation.behavior.cases import Case
from vernacular.evaluation.behavior.judge import Outcome
from vernacular.evaluation.behavior.review import HEAD
from vernacular.evaluation.behavior.review_page import review_page
from vernacular.evaluation.behavior.run import note_worst
from vernacular.evaluation.behavior.whitespace import with_blanks_shown


@pytest.mark.parametrize(("first", "second", "shown"), [
    ("galu ali pano", "galu ali pano  ", ("galu ali pano", "galu ali pano␣␣")),
    ("galu ali", "  galu ali", ("galu ali", "␣␣galu ali")),
    ("galu ali pano", "galu  ali  pano", ("galu ali pano", "galu ␣ali␣ pano")),
    ("galu ali", "galu\u00a0ali", ("galu␣ali", "galu⍽ali")),
    ("galu ali", "galuali", ("galu␣ali", "galuali")),
    ("سلام دنیا", "سلام\u200cدنیا", ("سلام␣دنیا", "سلام⟨U+200C⟩دنیا")),
    ("galu ali", "mbuzi ali", ("galu ali", "mbuzi ali")),  # letters differ, and they can be seen
    ("", "galu ali", ("", "galu ali"))])
def test_only_spaces_that_differ_are_shown(first: str, second: str, shown: tuple[str, str]) -> None:
    assert with_blanks_shown(first, second) == shown


def test_a_failure_on_spaces_shows_them() -> None:
    test, report = BehaviourTest.model_validate({
        "name": "spaces", "capability": "robustness", "type": "invariance", "task": "names", "author": "me",
        "change": [{"operator": "spaces"}]}), Report()
    note_worst(report, test, [Case("galu", "galu  ")], [Outcome(True, 0.5, "O", "NAME")])
    row, = report.samples["worst_failures"]
    assert (row["line"], row["changed line"]) == ("galu", "galu␣␣")


def test_a_reviewer_sees_them_and_the_table_holds_the_line_as_it_is(language_folder: Path) -> None:
    row = {"test": "one", "what must hold": "a", "first": "galu", "second": "galu \ngalu  ", "version": "0a"}
    page = review_page(load_language(language_folder), HEAD, [row])
    assert ">galu</p>" in page and ">galu␣</p>" in page and ">galu␣␣</p>" in page
    assert 'data-second="galu \ngalu  "' in page
