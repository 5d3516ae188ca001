"""What the page shows of speech, and which recordings it holds."""

from __future__ import annotations

from pathlib import Path

from tests.unit.reporting.speech.made_up import MODEL, put_speech, spoken_language
from vernacular.core.store import Store
from vernacular.reporting.speech.page import speech_page
from vernacular.reporting.speech.results import speech_artifacts, speech_results
from vernacular.reporting.speech.view import SpeechView, view_speech


def shown(tmp_path: Path, silent: bool = True) -> tuple[SpeechView, str]:
    store, language = Store(tmp_path / "artifacts"), spoken_language(tmp_path / "qaa")
    put_speech(store, language, silent)
    found = speech_results(store, language)
    assert found is not None and language.speech is not None
    artifacts = speech_artifacts(store, language, language.speech.models)
    view = view_speech(found, artifacts)
    return view, speech_page(view, artifacts)


def test_only_what_the_speaker_allows_is_played(tmp_path: Path) -> None:
    view, page = shown(tmp_path)
    one, = view.models
    assert sorted(bool(example.sound) for example in one.examples) == [False, True]
    assert view.plays and one.unplayable == 1
    assert page.count("<audio") == page.count("data:audio/flac") == 1 and "media-src data:" in page


def test_transcripts_are_escaped_and_nothing_is_loaded(tmp_path: Path) -> None:
    _, page = shown(tmp_path)
    assert "<io>" not in page and "&lt;io&gt;" in page
    assert "http" not in page.replace("http-equiv", "")


def test_bars_tables_and_usage(tmp_path: Path) -> None:
    view, page = shown(tmp_path)
    one, = view.models
    assert [title for title, _ in one.measures] == ["Characters", "Words"]
    assert [bar.column for bar in one.measures[0][1]] == ["adapted", "baseline"]
    assert one.better and len(one.speakers.rows) == 1 and len(one.curve.rows) == 2
    assert one.usage[0] == "from transformers import pipeline" and one.model.place in one.usage[1]
    assert one.model.place.startswith(f"artifacts/qaa/speech/release_{MODEL}/") and str(tmp_path) not in page


def test_a_red_test_of_behavior_is_a_red_gate(tmp_path: Path) -> None:
    assert [gate.name for gate in shown(tmp_path / "a", silent=False)[0].models[0].red] == ["behaviour"]
    assert not shown(tmp_path / "b")[0].models[0].red
