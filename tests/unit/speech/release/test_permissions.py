"""A list of speakers that changed after the recordings were read is noticed."""

from __future__ import annotations

from pathlib import Path

from tests.recordings import read_recordings, sound_file, speech_folder, tone
from vernacular.speech.release.permissions import speakers_changed


def test_a_changed_list_of_speakers_is_noticed(tmp_path: Path) -> None:
    sources = [{"kind": "audio", "folder": "rec", "transcripts": {"kind": "table"}}]
    language = speech_folder(tmp_path, {"rec/a.wav": sound_file(tone(1)),
                                        "rec/index.tsv": b"file\tspeaker\na.wav\tAWA\n"}, sources)
    read = read_recordings(language, tmp_path)
    assert not speakers_changed(read, language)
    listed = speech_folder(tmp_path, {}, sources, speakers=[{"pseudonym": "elder", "names": ["Awa"],
                                                             "uses": ["training"]}])
    assert speakers_changed(read, listed)
