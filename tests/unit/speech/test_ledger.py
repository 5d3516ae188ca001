"""The ledger of speech: a row for each recording and speaker, filters, and no name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recordings import read_recordings, sound_file, speech_folder, tone
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.speech.ledger import look_up
from vernacular.speech.ledger_rows import SpeechLedger

TABLE = b"file\ttext\tspeaker\na.wav\tbana ba boo\tAwa\nb.wav\tmwana\tAma\n"


@pytest.fixture
def read(tmp_path: Path) -> tuple[Store, Language]:
    language = speech_folder(tmp_path, {
        "rec/a.wav": sound_file(tone(1)), "rec/b.wav": sound_file(tone(2)), "rec/index.tsv": TABLE,
        "more/c.wav": sound_file(tone(3))}, [
            {"name": "told", "kind": "audio", "folder": "rec", "transcripts": {"kind": "table"},
             "uses": ["training", "release"]},
            {"name": "rest", "kind": "audio", "folder": "more", "transcripts": {"kind": "none"}}],
        speakers=[{"pseudonym": "elder", "names": ["Awa"], "uses": ["training"], "consent": "community-agreement",
                   "gender": "woman"}])
    read_recordings(language, tmp_path)
    return Store(tmp_path / "artifacts"), language


def test_recordings_and_speakers_with_what_they_allow(read: tuple[Store, Language]) -> None:
    found = look_up(*read)
    assert [(row.source, row.path, row.transcribed, row.uses) for row in found.recordings] == [
        ("rest", "c.wav", 0, ["training"]), ("told", "a.wav", 1, ["training"]),
        ("told", "b.wav", 1, ["release", "training"])]
    elder, other = found.speakers
    assert (elder.pseudonym, elder.consent, elder.uses, elder.gender) == (
        "elder", ["community-agreement"], ["training"], "woman")
    assert other.uses == ["release", "training"] and other.minutes == pytest.approx(2 / 60, abs=0.001)
    assert "Awa" not in str(found) and "Ama" not in str(found)
    assert found == SpeechLedger.model_validate_json(found.model_dump_json()) != SpeechLedger()


def test_filters_by_place_source_words_and_person(read: tuple[Store, Language]) -> None:
    first = look_up(*read).recordings[1]
    for asked in ({"place": "a.wav"}, {"place": first.id}, {"text": "Bana, ba"}, {"speaker": "Awa"},
                  {"speaker": "elder"}):
        assert look_up(*read, **asked).recordings == [first]
    assert len(look_up(*read, source="told").recordings) == 2
    assert look_up(*read, place="other.wav").as_json() == {}
    with pytest.raises(Problem) as caught:
        look_up(*read, speaker="Nobody")
    assert caught.value.code == Code.COMMAND_NAME
