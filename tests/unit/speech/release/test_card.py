"""The card and the report name the language model that decoding uses."""

from __future__ import annotations

from pathlib import Path

from tests.unit.reporting.speech.made_up import CODE, released, spoken_language, transcription
from vernacular.reporting.speech.sections import score_lines
from vernacular.speech.release.card import write_card
from vernacular.speech.transcription.stage_results import LanguageModelFacts, TranscriptionResult


def found(words: float) -> TranscriptionResult:
    return transcription().model_copy(update={"language_model": LanguageModelFacts(
        order=6, weight=0.3, bonus=0.5, words=words, texts=40, gain=(-2, -1, 0))})


def test_a_model_of_words_is_named_where_one_is_used(tmp_path: Path) -> None:
    language = spoken_language(tmp_path / CODE)
    cards = [write_card(language, released(transcription=found(share)), [], own_code=True) for share in (0, 0.5)]
    assert cards[0] != cards[1] and score_lines(found(0)) != score_lines(found(0.5))
