"""The table of all languages."""

from __future__ import annotations

from pathlib import Path

from tests.unit.release.made_up import NAME, made_up_reports, put
from tests.unit.reporting.speech.made_up import MODEL, put_speech, spoken_language
from vernacular.catalog import stages_of
from vernacular.config.schema import Language
from vernacular.core.store import Store
from vernacular.pipeline.graph_summary import outline_of
from vernacular.reporting.status_table import rows_of


def test_the_overview_shows_what_the_released_arm_gained(language: Language, tmp_path: Path) -> None:
    reports = made_up_reports()
    reports[f"evaluation/{NAME}_likelihood"].details["differences"]["control_minus_base"] = [0.1, 0.2, 0.3]
    outline = outline_of(language, stages_of(language))
    for control, phrase in ((1.0, "gain -1.000 (-1.100 to -0.900)"), (0.9, "harm +0.200 (+0.100 to +0.300)")):
        for stage, value in ((f"model/{NAME}", 1.0), (f"model/{NAME}_control", control)):
            reports[stage] = reports[stage].model_copy(deep=True)
            reports[stage].count("dev_likelihood", value, "dev lines", "nats per character")
        store = Store(tmp_path / str(control))
        put(store, language, reports)
        row, = rows_of(outline, store)
        assert row.likelihood == phrase
        assert bool(row.tasks) == (control == 1.0)  # of the control they were not compared


def test_a_model_of_speech_has_a_row(tmp_path: Path) -> None:
    spoken, store = spoken_language(tmp_path / "qaa"), Store(tmp_path / "artifacts")
    outline = outline_of(spoken, stages_of(spoken))
    before, = rows_of(outline, store)
    assert (before.model, before.newest_text) == (MODEL, "never run")
    put_speech(store, spoken, silent=False)
    row, = rows_of(outline, store)
    assert "25.0%" in row.tasks and f"speech/release_{MODEL}: behaviour" in row.red and row.release
