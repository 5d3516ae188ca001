"""Names of speakers: spellings of one name are one person, and paths have none of them."""

from __future__ import annotations

import time

import pytest

from vernacular.config.speech import Speaker
from vernacular.speech.recordings.speakers import Speakers


@pytest.mark.parametrize("name", ["\u00c9lise  B", "E\u0301LISE b", " \u00e9lise\u200e b", "Elder", "elder"])
def test_a_name_is_known_however_it_is_written(name: str) -> None:
    speakers = Speakers({"elder": Speaker(pseudonym="elder", names=["\u00c9lise B"], withdrawn=True)}, b"key")
    assert speakers.pseudonym(name) == "elder" and speakers.has_withdrawn(name)
    unlisted = Speakers({}, b"key")
    assert unlisted.pseudonym("\u00c9lise B") == unlisted.pseudonym("e\u0301lise b") != unlisted.pseudonym("elise b")


def test_a_name_that_was_taken_down_covers_all_names_of_the_person() -> None:
    gone = frozenset([Speakers({}, b"key").digest("Awa")])
    listed = {"elder": Speaker(pseudonym="elder", names=["Awa", "Awa Traore"])}
    assert Speakers(listed, b"key", gone).has_withdrawn("Awa Traore")


def test_paths_have_no_names_and_many_names_take_little_time() -> None:
    speakers = Speakers({"elder": Speaker(pseudonym="elder", names=["\u00c9lise"])}, b"key")
    assert speakers.without_names("a/E\u0301LISE_1.wav", []) == "a/elder_1.wav"
    names = [f"{number:040x}" for number in range(3000)]
    started = time.process_time()
    for number in range(100):
        speakers.without_names(f"clips/{number}.wav", names)
    assert time.process_time() - started < 2
