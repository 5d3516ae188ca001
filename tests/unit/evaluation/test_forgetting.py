"""The gate on the base's languages names the text that it was measured on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.unit.release.made_up import NAME, made_up_reports, put
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.evaluation.forgetting import REPLAYED, gate_of
from vernacular.evaluation.stage_results import RISE
from vernacular.release.card import write_card
from vernacular.reporting.full_report import print_table, results
from vernacular.reporting.html import page


def test_the_gate_says_where_its_text_was_replayed() -> None:
    plain, replayed = (gate_of(RISE * 2, "bits per byte", one) for one in (False, True))
    assert not plain.passed and not replayed.passed
    assert "bits per byte" in plain.reason and "+1.0%" in plain.reason and plain.message != plain.reason
    assert replayed.reason == f"{plain.reason}; {REPLAYED}"
    assert gate_of(RISE, "bits per byte", True).passed


@pytest.mark.parametrize("replayed", [True, False])
def test_so_do_card_page_and_terminal(language_folder: Path, tmp_path: Path, replayed: bool) -> None:
    language, reports, store = load_language(language_folder), made_up_reports(), Store(tmp_path / "artifacts")
    reports[f"evaluation/{NAME}_retention"].details |= {
        "measured": True, "caveat": REPLAYED if replayed else "", "unit": "bits per byte", "languages": ["eng"],
        "items": 7, "scores": {}, "differences": {}, "similarity": {}}
    put(store, language, reports)
    found = results(store, language, NAME)
    out = io.StringIO()
    print_table(found, Console(file=out))
    caveat = "The lines are from the documents that training replays"
    for text in (write_card(found), page(found, {}), out.getvalue()):
        assert (caveat in " ".join(text.split())) == replayed
