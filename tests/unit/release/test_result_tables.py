"""Tables and remarks of a task."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.release.made_up import NAME, current, made_up_reports, ranged, task_details, transfer_details
from vernacular.config.schema import Language
from vernacular.release.card import write_card
from vernacular.release.result_models import ReleasedTask
from vernacular.release.result_tables import curve_table, remarks
from vernacular.release.results import gather
from vernacular.reporting.html import page


def task(**more: Any) -> ReleasedTask:
    """A task of a release that differs from the made-up one in ``more``."""
    return ReleasedTask.model_validate(task_details("genre", 0.3, 0.4, ranged(0.1, 0.05)) | {
        "description": "", "labelled": None, "language": None, "spread": 0.02, "bits_per_byte": {}, "verdicts": {},
        "above_floors": True, **more})


def test_texts_with_two_labels_and_items_that_are_cut_are_counted() -> None:
    found = task(notes={"texts_labelled_differently": 3}, test_items_cut={"base": 1200, "control": 7, "adapted": 0})
    twice, cut = remarks(found)
    assert twice.startswith("3 ") and cut.endswith(": base 1,200, control 7, adapted 0.")


@pytest.mark.parametrize(("texts", "phrases"), [(30, []), (25, ["from 25 texts,"]), (1, ["from 1 text, too few"])])
def test_how_items_of_one_text_are_resampled(texts: int, phrases: list[str]) -> None:
    found = remarks(task(test_items=30, test_texts=texts))
    assert len(found) == len(phrases) and all(part in line for part, line in zip(phrases, found, strict=True))


def test_the_point_without_labels_is_the_first_of_the_curve() -> None:
    found = task(transfer={**transfer_details(), "verdicts": {}})
    table = curve_table(found)
    first, second = table.rows
    assert len(first) == len(second) == len(table.columns) and "2,000" in first[0] and "English" in first[0]
    assert [cell[:5] for cell in first[1:5]] == ["0.150", "0.330", "0.380", "0.110"]
    assert second[0] == "30" and not curve_table(task())


def test_card_and_page_show_what_another_language_taught(language: Language) -> None:
    reports = made_up_reports()
    reports[f"task/genre_{NAME}"].details["transfer"] = transfer_details()
    found = gather(language, NAME, language.models[NAME], reports)
    genre = found.tasks["genre"]
    assert genre.transfer is not None and genre.transfer.verdicts == {
        "adapted_minus_base": "gain", "adapted_minus_control": "no gain", "control_minus_base": "gain"}
    row, line = curve_table(genre).rows[0], remarks(genre)[0]
    assert "| " + " | ".join(row) + " |" in write_card(found) and line in write_card(found)
    assert all(f">{cell}</td>" in page(current(found), {}) for cell in row)
    assert not any("2,000" in remark for remark in remarks(found.tasks["names"]))
