"""A folder with speech, with text, and with both."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.unit.release.made_up import NAME, made_up_reports, put
from tests.unit.reporting.speech.made_up import CODE, MODEL, SPEECH, put_speech, spoken_language
from vernacular.config.schema import Language
from vernacular.config.speech import Speech
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.reporting.language_report import LanguageReport, read_report


def printed(report: LanguageReport, full: bool) -> str:
    stream = io.StringIO()
    if full:
        report.print_all(Console(file=stream))
    else:
        report.print_short(report.write_page(), Console(file=stream))
    return stream.getvalue()


def test_speech_alone(tmp_path: Path) -> None:
    store, language = Store(tmp_path / "artifacts"), spoken_language(tmp_path / CODE)
    put_speech(store, language)
    report = read_report(store, language, MODEL, {}, chosen=False)
    assert report.text is None and set(report.as_json()) == {"speech"}
    assert report.write_page() == store.home(CODE, f"speech/release_{MODEL}") / "report.html"
    for full in (False, True):
        screen = printed(report, full)
        assert all(cell in screen for cell in ("25.0 (24.0 to 26.0)", "45.0", "36.0", "speaker-2", "pipeline("))
    assert "speech/transcription_spoken" in printed(report, full=True)


def test_text_and_speech_are_on_one_page(language: Language, tmp_path: Path) -> None:
    both, store = language.model_copy(update={"speech": Speech(**SPEECH)}), Store(tmp_path / "artifacts")
    with pytest.raises(Problem) as caught:
        read_report(store, both, NAME, {}, chosen=False)
    assert caught.value.code == Code.RESULT_MISSING
    put(store, both, made_up_reports())
    assert read_report(store, both, NAME, {}, chosen=False).speech is None
    put_speech(store, both)
    report = read_report(store, both, NAME, {}, chosen=False)
    page = report.write_page().read_text(encoding="utf-8")
    assert 'id="speech"' in page and 'id="measured"' in page and "speech" in report.as_json()
    assert "speaker-2" in printed(report, full=False)
    assert read_report(store, both, NAME, {}, chosen=True).speech is None
    assert read_report(store, both, MODEL, {}, chosen=True).text is None


def test_nothing_has_run(tmp_path: Path) -> None:
    language = spoken_language(tmp_path / CODE)
    with pytest.raises(Problem) as caught:
        read_report(Store(tmp_path / "artifacts"), language, MODEL, {}, chosen=False)
    assert caught.value.code == Code.RESULT_MISSING
