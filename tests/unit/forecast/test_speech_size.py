"""Recordings are counted without running a stage."""

from __future__ import annotations

from pathlib import Path

from tests.recordings import sound_file, speech_folder, tone
from vernacular.core.store import Store
from vernacular.forecast.speech_size import count_speech

TABLE = b"file\ttext\tspeaker\n" + b"".join(b"%d.wav\tmwana\tAwa\n" % number for number in range(30))


def test_lengths_are_measured_for_some_and_estimated_for_the_rest(tmp_path: Path) -> None:
    files = {f"rec/{number}.wav": sound_file(tone(1 + number % 2)) for number in range(30)}
    language = speech_folder(tmp_path, {**files, "rec/index.tsv": TABLE}, [
        {"kind": "audio", "folder": "rec", "transcripts": {"kind": "table"}}])
    found = count_speech(language, Store(tmp_path / "artifacts"), finished=False)
    assert found.utterances == 30 and found.sound.low < 45 < found.sound.high and not found.absent
    assert found.folds == 0  # of one speaker nobody can be held out
    assert found.train.high < found.sound.high


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    language = speech_folder(tmp_path, {}, [{"kind": "audio", "folder": "gone", "transcripts": {"kind": "none"}}])
    found = count_speech(language, Store(tmp_path / "artifacts"), finished=False)
    assert not found.utterances and len(found.absent) == 1
