"""Which sounds a frozen method reads, and how they are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.unit.speech.transcription.spoken import write_language
from vernacular.speech.transcription.sounds import SPEEDS, name_of, noise_names, pause_before, sounds_of
from vernacular.speech.utterance import RATE, read_utterances


def test_what_a_person_recorded_begins_with_the_id_of_the_utterance(tmp_path: Path) -> None:
    first, second = read_utterances(write_language(tmp_path, 2))
    first = replace(first, start_sample=RATE, end_sample=2 * RATE)
    sounds = {sound.name: sound for sound in sounds_of([first, second], [first], tmp_path)}
    own = {name for name in sounds if name.startswith(first.id)}
    assert {*sounds} == own | {name_of(second), *noise_names()}
    assert len(own) == 1 + len(SPEEDS) + 1  # itself, its copies, the pause before it


def test_a_copy_is_faster_and_a_pause_is_what_was_trimmed(tmp_path: Path) -> None:
    utterance = read_utterances(write_language(tmp_path, 1))[0]
    trimmed = replace(utterance, start_sample=RATE // 2, end_sample=None)
    sounds = {sound.name: sound.listen() for sound in sounds_of([trimmed], [trimmed], tmp_path)}
    whole = len(sounds[name_of(trimmed)])
    for speed in SPEEDS:
        assert abs(len(sounds[name_of(trimmed, speed)]) - whole / speed) <= 1
    pause = pause_before(trimmed)
    assert pause is not None and not pause.text
    assert len(sounds[name_of(pause)]) == RATE // 2
    assert pause_before(utterance) is None
    assert pause_before(replace(utterance, start_sample=RATE // 10)) is None


def test_hours_of_training_have_no_copies(tmp_path: Path) -> None:
    long = replace(read_utterances(write_language(tmp_path, 1))[0], seconds=3 * 3600)
    assert not any("-x" in sound.name for sound in sounds_of([long], [long], tmp_path))
