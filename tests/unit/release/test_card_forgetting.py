"""A task in one of the base's languages: card, page and terminal show it under retention, and its gate guards it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tests.unit.release.made_up import NAME, RELOADED, current, made_up_reports
from vernacular.config.schema import Language
from vernacular.release.card import write_card
from vernacular.release.card_forgetting import kept_on_tasks
from vernacular.release.result_models import ReleaseResults
from vernacular.release.results import gather
from vernacular.reporting.full_report import print_table
from vernacular.reporting.html import page

NONE = "No task in one of the base's languages was scored."
HARM = [-0.04, -0.03, -0.02]


def gathered(language: Language, interval: list[float] | None = None) -> ReleaseResults:
    """Results in which `genre` is a task in English; ``interval``: of adapted minus base."""
    reports = made_up_reports()
    intervals = reports[f"task/genre_{NAME}"].details["intervals"]
    if interval is None:
        del intervals["adapted_minus_base"]
    else:
        intervals["adapted_minus_base"] = interval
    english = language.tasks["genre"].model_copy(update={"language": "eng"})
    language = language.model_copy(update={"tasks": {**language.tasks, "genre": english}})
    return gather(language, NAME, language.models[NAME], reports, reloaded=RELOADED)


def gate(results: ReleaseResults, name: str) -> tuple[bool, str]:
    return next((one.passed, one.reason) for one in results.release_gates if one.name == name)


def test_card_page_and_terminal_show_it_under_retention(language: Language) -> None:
    results = gathered(language, [-0.05, 0.01, 0.06])
    said, = kept_on_tasks(results)
    assert said == ("genre, in eng, a language of the base (macro_f1, 30 items to learn from, 20 scored): base 0.520, "
                    "control 0.520, adapted 0.530; adapted against base +0.010, 95 % interval -0.050 to +0.060.")
    card = write_card(results)
    assert "The task genre, in eng" in card.split("## What it forgot")[1].split("## ")[0] and NONE not in card
    html = page(current(results), {})
    assert f"<p>The task {said}</p>" in html.split('id="retention"')[1].split("</section>")[0] and NONE not in html
    shown = io.StringIO()
    print_table(current(results), Console(file=shown, width=200))
    assert "Task genre in eng, a language of the base: macro_f1" in shown.getvalue()


def test_without_one_that_is_said(language: Language) -> None:
    results = gather(language, NAME, language.models[NAME], made_up_reports(), reloaded=RELOADED)
    assert kept_on_tasks(results) == []
    assert NONE in write_card(results) and NONE in page(current(results), {})


@pytest.mark.parametrize(("interval", "passed", "said"), [
    ([-0.05, 0.01, 0.06], True, "; no worse than the base on genre"),
    (HARM, False, "; worse than the base on genre (-0.030, 95 % interval -0.040 to -0.020)"),
    (None, False, "; not measured: genre")])
def test_the_gate_of_retention_guards_it_and_no_other(language: Language, interval: list[float] | None, passed: bool,
                                                       said: str) -> None:
    results = gathered(language, interval)
    green, reason = gate(results, "retention")
    assert green == passed and reason.endswith(said) and reason.startswith("changed by +0.1%")
    assert gate(results, "released_not_worse_than_base")[0]
