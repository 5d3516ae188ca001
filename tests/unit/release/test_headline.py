"""The table that terminal, page, card and README share: which rows there are, in which order, and what they hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.release.made_up import NAME, made_up_reports, search_details, task_details, transfer_details
from vernacular.config.schema import Language
from vernacular.core.report import Gate, Report
from vernacular.release.card import write_card
from vernacular.release.headline import COLUMNS, MOST_ROWS, Row, rows
from vernacular.release.markdown import literal
from vernacular.release.results import gather


def found_in(language: Language, reports: dict[str, Report]) -> list[Row]:
    return rows(gather(language, NAME, language.models[NAME], reports))


def with_task(language: Language, reports: dict[str, Report], task: str, like: str,
              details: dict[str, Any]) -> Language:
    """``language`` with one more task, put first, and its report among ``reports``."""
    reports[f"task/{task}_{NAME}"] = Report(details=details)
    return language.model_copy(update={"tasks": {task: language.tasks[like], **language.tasks}})


def test_each_stage_that_has_run_has_its_row(language: Language) -> None:
    reports = made_up_reports()
    reports[f"tokenizer/{NAME}"].details["fertility_intervals"]["change"] = [-0.4, -0.387, -0.37]
    likely, words = ({row.measure: row for row in found_in(language, reports)}[measure]
                     for measure in ("nats per character", "tokens per word"))
    assert (words.base, words.control, words.adapted, words.verdict) == (3.1, 3.1, 1.9, "gain")
    assert words.intervals["adapted"] == pytest.approx((1.8, 1.9, 2.0)) and words.relative
    assert words.gain_cell == "-38.7% (-40.0% to -37.0%)" and words.cell("base") == "3.10"
    assert (likely.base, likely.control, likely.adapted, likely.verdict) == (2.5, 1.6, 1.5, "gain")
    assert likely.gain == (-1.1, -1.0, -0.9) and likely.better == "lower"
    assert (likely.baseline, likely.intervals["baseline"]) == (1.8, (1.75, 1.8, 1.85))


def test_a_task_has_the_verdict_and_the_best_baseline_of_its_results(language: Language) -> None:
    made = {row.name.split()[0]: row for row in found_in(language, made_up_reports())}
    names, genre = made["names"], made["genre"]
    assert (names.verdict, genre.verdict) == ("gain", "no gain")
    assert (names.baseline, names.baseline_name) == (0.4, "TF-IDF + logistic regression")
    assert (names.base, names.adapted) == pytest.approx((0.32, 0.62)) and names.gain == (0.2, 0.3, 0.4)
    assert names.cells[1:4] == ["0.320", "0.620", "+0.300 (+0.200 to +0.400)"]
    assert len(names.cells) == len(COLUMNS)


def test_search_has_a_row_for_each_direction(language: Language) -> None:
    reports = made_up_reports()
    changed = with_task(language, reports, "search", "genre", search_details())
    there, back = (row for row in found_in(changed, reports) if row.name.startswith("search"))
    assert (there.base, there.adapted, there.baseline) == (0.03, 0.72, 0.22)
    assert (back.base, back.adapted, back.verdict) == (0.05, 0.68, "gain")
    assert there.gain == pytest.approx((0.64, 0.69, 0.74)) and there.most == 1
    assert there.name != back.name


def test_search_without_differences_by_direction_has_one_row(language: Language) -> None:
    reports = made_up_reports()
    details = search_details()
    details["more_differences"] = {}
    changed = with_task(language, reports, "search", "genre", details)
    row, = (row for row in found_in(changed, reports) if row.name.startswith("search"))
    assert row.gain == (0.6, 0.66, 0.72) and row.baseline == 0.23


def test_transfer_is_below_its_task(language: Language) -> None:
    reports = made_up_reports()
    reports[f"task/genre_{NAME}"].details["transfer"] = transfer_details()
    made = found_in(language, reports)
    at = next(number for number, row in enumerate(made) if row.base == 0.15)
    assert made[at - 1].name.startswith("genre")
    assert (made[at].adapted, made[at].verdict, made[at].baseline) == (0.38, "gain", 0.11)
    assert "English" in made[at].note and "2,000" in made[at].note


def test_behavioral_tests_are_counted_on_base_and_release(language: Language) -> None:
    reports = made_up_reports()
    behaviour = reports[f"evaluation/{NAME}_behaviour"]
    tests = behaviour.details["tests"]
    tests["swap"] = {**tests["spaces"], "adapted": {**tests["spaces"]["adapted"], "failures": 0, "rate": 0.0}}
    behaviour.gates.append(Gate(name="swap", passed=True, reason="0 of 40 cases fail"))
    row = found_in(language, reports)[-1]
    assert (row.base, row.adapted, row.most, row.gain, row.verdict) == (0, 1, 2, None, None)
    assert row.cells[1:] == ["0", "1", "", ""]


def test_a_released_control_is_what_is_shown(language: Language) -> None:
    reports = made_up_reports()
    for stage, value in ((f"model/{NAME}", 2.0), (f"model/{NAME}_control", 1.0)):
        reports[stage] = reports[stage].model_copy(deep=True)
        reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
    reports[f"evaluation/{NAME}_likelihood"].details["differences"]["control_minus_base"] = [-1.0, -0.9, -0.8]
    words, likely, *_ = found_in(language, reports)
    assert (words.adapted, words.gain, words.verdict) == (3.1, None, None)
    assert (likely.adapted, likely.gain) == (1.6, (-1.0, -0.9, -0.8))


def test_never_more_than_eight_rows_and_none_of_nothing(language: Language) -> None:
    reports, changed = made_up_reports(), language
    for number in range(MOST_ROWS):
        details = task_details("genre", 0.2, 0.3, [0.0, 0.1, 0.2])
        changed = with_task(changed, reports, f"task{number}", "genre", details)
    made = found_in(changed, reports)
    assert len(made) == MOST_ROWS and made[0].measure == "tokens per word"
    assert found_in(language, {}) == []


def test_the_card_shows_the_same_rows(language: Language) -> None:
    found = gather(language, NAME, language.models[NAME], made_up_reports())
    card = write_card(found)
    assert card.count("| gain (95 % interval) |") == 1
    for row in rows(found):
        assert any(all(literal(cell) in line for cell in row.cells) for line in card.splitlines()), row.name


def test_what_was_kept_of_the_base_languages_is_the_last_row(language: Language) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_retention"].details |= {
        "measured": True, "caveat": "", "similarity": {}, "unit": "nats per character", "items": 300,
        "languages": ["eng"],
        "scores": {arm: {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}
                   for arm, mean in (("base", 1.0), ("control", 1.2), ("adapted", 1.3))},
        "differences": {"adapted_minus_base": [0.2, 0.3, 0.4]}}
    row = found_in(language, reports)[-1]
    assert (row.base, row.adapted, row.verdict, row.baseline) == (1.0, 1.3, "harm", None)


def test_a_harm_is_shown_however_many_rows_there_are(language: Language) -> None:
    reports, changed = made_up_reports(), language
    for number in range(MOST_ROWS):
        details = task_details("genre", 0.2, 0.3, [0.0, 0.1, 0.2])
        changed = with_task(changed, reports, f"task{number}", "genre", details)
    reports[f"evaluation/{NAME}_retention"].details |= {
        "measured": True, "caveat": "", "similarity": {}, "unit": "nats per character", "items": 300,
        "languages": ["eng"],
        "scores": {arm: {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}
                   for arm, mean in (("base", 1.0), ("control", 1.2), ("adapted", 1.3))},
        "differences": {"adapted_minus_base": [0.2, 0.3, 0.4]}}
    made = found_in(changed, reports)
    assert len(made) == MOST_ROWS and made[-1].verdict == "harm" and made[0].measure == "tokens per word"
