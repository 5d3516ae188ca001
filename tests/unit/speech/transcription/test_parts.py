"""Which utterances choose, which are scored, how a learning curve is nested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.speech.transcription.spoken import WORDS, write_language
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.parts import Parts, carved, read_parts, shared_texts
from vernacular.speech.transcription.trainings import without
from vernacular.speech.utterance import Utterance, read_utterances


def _utterance(number: int, text: str) -> Utterance:
    return Utterance(id=f"{number:024x}", source="made", file=f"{number}.wav", raw_digest="", speaker="", session="",
                     start=0, seconds=30, text=text, translation="", split="", licence="CC0-1.0",
                     consent="contributor", uses=["training"])


def test_no_text_is_in_train_and_among_those_that_choose() -> None:
    utterances = [_utterance(number, WORDS[number % 5] * (1 + number // 10)) for number in range(60)]
    parts = carved(utterances, [])
    assert parts.choose
    assert not {one.text for one in parts.train} & {one.text for one in parts.choose}
    assert len(parts.train) + len(parts.choose) == 60


@pytest.mark.parametrize("dev", [8, 7])
def test_with_a_held_out_speaker_dev_chooses_if_it_is_large_enough(tmp_path: Path, dev: int) -> None:
    ids = [one.id for one in read_utterances(write_language(tmp_path))]
    fold = {"speaker": "other", "train": ids[:20], "dev": ids[20:20 + dev], "test": ids[30:]}
    (tmp_path / "folds.json").write_text(json.dumps([fold]))
    parts = read_parts(tmp_path, tmp_path)[2]["other"]
    train, choose = {one.id for one in parts.train}, {one.id for one in parts.choose}
    if dev == 8:
        assert (train, choose) == ({*ids[:20]}, {*ids[20:28]})
    else:
        assert choose and train | choose == {*ids[:20]}
    assert [one.id for one in parts.score] == ids[30:]


def test_a_smaller_part_of_the_curve_is_in_a_larger_one() -> None:
    parts = Parts([_utterance(number, "a") for number in range(40)], [], [])
    small, large = ({one.id for one in parts.limited(minutes).train} for minutes in (2, 6))
    assert len(small) == 4
    assert small < large


def test_utterances_whose_words_were_all_read_are_shared() -> None:
    parts = Parts([_utterance(0, "ae io")], [_utterance(1, "ua")], [_utterance(2, "io ua"), _utterance(3, "ae eio")])
    assert shared_texts(parts) == [True, False]


def test_text_for_the_language_model_contains_no_scored_transcript() -> None:
    lines = ["one two three four", "five six", "seven", "one two"]
    assert without(lines, [_utterance(0, "two three four"), _utterance(1, "five six"), _utterance(2, "one")]) == [
        "seven", "one two"]


def test_the_alphabet_keeps_tones_and_ignores_what_it_cannot_write() -> None:
    alphabet = Alphabet.of(["b\u00e1 la", "ba\u0301"])
    assert alphabet.symbols == ("", " ", "a", "b", "l", "\u00e1")
    assert alphabet.decode(alphabet.encode("  b\u00e1x  la ")) == "b\u00e1 la"
    assert alphabet.lacks(["xa"]) == {"x"}
