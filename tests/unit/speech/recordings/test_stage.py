"""Sources of every kind give utterances; names become pseudonyms; what is not allowed is not used."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hub_site import COMMIT, DATASET, serve_dataset
from tests.recordings import EAF, TEXTGRID, read_recordings, sound_file, speech_folder, tone
from tests.site import LoopbackSite
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.speech.recordings.recording import pieces
from vernacular.speech.recordings.speakers import KEY
from vernacular.speech.utterance import load_audio, may_play, read_utterances

WAV = sound_file(tone(2.5))


def _rejects(folder: Path) -> list[tuple[str, str]]:
    return [(row["file"], row["rule"]) for row in pq.read_table(folder / "rejects.parquet").to_pylist()]


def test_a_table_with_segments_and_names(tmp_path: Path) -> None:
    language = speech_folder(tmp_path, {
        "rec/Awa_story.wav": WAV, "rec/b.wav": WAV[:-10],
        "rec/index.tsv": ("file\ttext\tspeaker\tstart\tend\tsession\tsplit\n"
                          "Awa_story.wav\tmwana\tAwa Traoré\t0\t1\tmarket\ttrain\n"
                          "Awa_story.wav\tdila\tAwa\t1\t2.5\tmarket\ttest\nAwa_story.wav\tx\tAwa\t1\t9\t\t\n"
                          "Koumba_gone.wav\ty\tKoumba\t\t\t\t\n").encode()},
        [{"kind": "audio", "folder": "rec", "transcripts": {"kind": "table"}, "uses": ["training", "playing"]}],
        speakers=[{"pseudonym": "elder", "names": ["Awa Traoré"], "uses": ["training"], "gender": "woman",
                   "consent": "community-agreement"}])
    folder = read_recordings(language, tmp_path).folder
    third, first, second = read_utterances(folder)
    hashed = second.speaker
    assert (first.speaker, first.text, first.split, first.session) == ("elder", "mwana", "train", "market")
    assert hashed.startswith("speaker-") and first.file == second.file and "Awa" not in first.file
    assert (first.consent, second.consent) == ("community-agreement", "contributor")
    assert (may_play(first), may_play(second)) == (False, True)
    assert (third.file, third.text) == ("b.wav", "")
    assert np.abs(load_audio(folder, second) - tone(2.5)[16_000:]).max() < 2e-4
    assert sorted(rule for _, rule in _rejects(folder)) == ["times", "transcript"]
    everyone = pq.read_table(folder / "speakers.parquet").to_pylist()
    assert [row["gender"] for row in everyone if row["pseudonym"] == "elder"] == ["woman"]
    store = tmp_path / "artifacts" / "mdw" / "speech"
    assert not any(name in path.read_bytes() for name in (b"Traor", b"Koumba") for path in store.rglob("*")
                   if path.is_file())
    assert not any("Koumba" in str(row) for row in pq.read_table(folder / "rejects.parquet").to_pylist())


def test_pseudonyms_depend_on_the_folders_key(tmp_path: Path) -> None:
    table = b"file\tspeaker\ta\na.wav\tclient\t\n"
    found = set()
    for part in ("one", "two"):
        language = speech_folder(tmp_path / part, {"a.wav": WAV, "index.tsv": table},
                                 [{"kind": "audio", "transcripts": {"kind": "table"}}])
        found |= {one.speaker for one in read_utterances(read_recordings(language, tmp_path / part).folder)}
        again = read_recordings(language, tmp_path / part)
        assert {one.speaker for one in read_utterances(again.folder)} <= found
    assert len(found) == 2 and len((language.folder / KEY).read_text().strip()) == 64


def test_elan_textgrid_and_text_in_an_inbox(tmp_path: Path) -> None:
    language = speech_folder(tmp_path, {
        "recordings/day1/a.wav": WAV, "recordings/day1/a.eaf": EAF.encode(),
        "recordings/b.flac": sound_file(tone(4), format="FLAC"), "recordings/b.TextGrid": TEXTGRID.encode("utf-16"),
        "recordings/c.wav": WAV, "recordings/c.txt": "bána  ba\n".encode(), "recordings/lost.txt": b"x"})
    folder = read_recordings(language, tmp_path).folder
    assert [(one.file, one.start, one.seconds, one.text, one.session) for one in read_utterances(folder)] == [
        ("b.flac", 0.0, 1.25, 'say "item [1]" = 7', ""), ("c.wav", 0.0, 2.5, "bána ba", ""),
        ("day1/a.wav", 0.5, 1.25, "ba\u0301 na", "day1")]
    assert _rejects(folder) == [("lost.txt", "transcript")]


def test_common_voice(tmp_path: Path) -> None:
    head = "client_id\tpath\tsentence\tup_votes\n"
    language = speech_folder(tmp_path, {
        "cv/clips/a.mp3": sound_file(tone(2), format="MP3"), "cv/clips/b.mp3": sound_file(tone(1), format="MP3"),
        "cv/validated.tsv": f"{head}9f3acc77\ta.mp3\tone \"two\tx\n".encode()},
        [{"kind": "audio", "folder": "cv", "files": "clips/*.mp3", "transcripts": {"kind": "common_voice"}}])
    one, other = read_utterances(read_recordings(language, tmp_path).folder)
    assert (one.file, one.text, other.text) == ("clips/a.mp3", 'one "two', "")
    assert one.speaker and "9f3acc77" not in one.speaker


def test_a_dataset_with_the_sound_inside(tmp_path: Path) -> None:
    (tmp_path / "languages/mdw/data").mkdir(parents=True)
    pq.write_table(pa.table({"audio": [{"bytes": WAV, "path": "/etc/passwd"}, {"bytes": None, "path": "/etc/passwd"}],
                             "text": ["mwana", "x"], "who": ["s1", "s1"]}), tmp_path / "languages/mdw/data/a.parquet")
    language = speech_folder(tmp_path, {}, [{"kind": "hub", "dataset": "./data", "text_field": "text",
                                             "speaker_field": "who"}])
    folder = read_recordings(language, tmp_path).folder
    one, = read_utterances(folder)
    assert (one.text, one.seconds, one.split) == ("mwana", 2.5, "train") and one.speaker
    assert _rejects(folder) == [("a.parquet#2", "format")]


def test_who_did_not_allow_training_or_withdrew_is_left_out(tmp_path: Path) -> None:
    language = speech_folder(tmp_path, {
        "a.wav": WAV, "b.wav": sound_file(tone(1)), "c.wav": sound_file(tone(3)),
        "index.tsv": b"file\tspeaker\na.wav\tone\nb.wav\ttwo\nc.wav\tthree\n",
        "speakers.tsv": b"pseudonym\tnames\tuses\twithdrawn\np1\tone\ttraining,release\t\n"
                        b"p2\ttwo\tplaying\t\np3\tthree\t\tyes\n"},
        [{"kind": "audio", "files": "*.wav", "transcripts": {"kind": "table"}}], speakers="speakers.tsv")
    artifact = read_recordings(language, tmp_path)
    assert [(one.speaker, one.uses) for one in read_utterances(artifact.folder)] == [("p1", ["training"])]
    assert _rejects(artifact.folder) == [("b.wav", "consent")]
    assert artifact.manifest.report.counts["withdrawn"].value == 1


@pytest.mark.parametrize(("speakers", "code"), [
    (b"pseudonym\tage\nA B\t1\n", Code.CONFIG_VALUE), (b"name\nx\n", Code.DATA_COLUMN), (None, Code.DATA_MISSING),
    (b"pseudonym\twithdrawn\np1\tperhaps\n", Code.CONFIG_VALUE), (b"pseudonym\np1\np1\n", Code.CONFIG_RULE),
    (b"pseudonym\tnames\np1\tAwa\np2\tawa,b\n", Code.CONFIG_RULE),
    (b"pseudonym\twithdrawn\twithdrawn\np1\tyes\t\n", Code.DATA_COLUMN),
    (b"pseudonym\twithdrawn\np1\n", Code.DATA_FORMAT), (b'pseudonym\tnames\np1\t"Awa\n', Code.DATA_QUOTING)])
def test_a_wrong_list_of_speakers_is_refused(speakers: bytes | None, code: Code, tmp_path: Path) -> None:
    files = {"recordings/a.wav": WAV, **({} if speakers is None else {"speakers.tsv": speakers})}
    with pytest.raises(Problem) as caught:
        read_recordings(speech_folder(tmp_path, files, speakers="speakers.tsv"), tmp_path)
    assert caught.value.code == code


def test_who_withdrew_stays_out_whatever_is_wrong_with_transcripts(tmp_path: Path) -> None:
    language = speech_folder(tmp_path, {
        "eaf/damaged.wav": WAV, "eaf/damaged.eaf": EAF[:-9].encode(), "tab/E\u0301lise.wav": WAV,
        "tab/index.tsv": "file\tspeaker\n\u00c9lise.wav\tAWA\u200b \n".encode()},
        [{"kind": "inbox", "folder": "eaf"}, {"kind": "audio", "folder": "tab", "transcripts": {"kind": "table"}}],
        speakers=[{"pseudonym": "elder", "names": ["Awa"], "withdrawn": True}])
    artifact = read_recordings(language, tmp_path)
    assert not read_utterances(artifact.folder) and artifact.manifest.report.counts["withdrawn"].value == 1
    assert _rejects(artifact.folder) == [("damaged.wav", "transcript")]


@pytest.mark.parametrize(("listed", "unnamed"), [("withdrawn", 0), ("gender", 1)])
def test_unnamed_voices_stay_out_where_somebody_withdrew(listed: str, unnamed: int, tmp_path: Path) -> None:
    language = speech_folder(tmp_path, {
        "cv/clips/a.wav": WAV, "cv/clips/invalidated.wav": sound_file(tone(3)),
        "cv/validated.tsv": b"client_id\tpath\tsentence\n9f3acc77\ta.wav\tmwana\n"},
        [{"kind": "audio", "folder": "cv", "transcripts": {"kind": "common_voice"}}],
        speakers=[{"pseudonym": "p1", "names": ["b81"], **{listed: True if listed == "withdrawn" else "woman"}}])
    folder = read_recordings(language, tmp_path).folder
    assert [one.file for one in read_utterances(folder)] == ["clips/a.wav", "clips/invalidated.wav"][:1 + unnamed]
    assert _rejects(folder) == [("clips/invalidated.wav", "consent")][unnamed:]


def test_each_transcript_of_an_inbox_is_used_or_rejected(tmp_path: Path) -> None:
    language = speech_folder(tmp_path, {
        "recordings/a.wav": WAV, "recordings/a.mp3": sound_file(tone(3), format="MP3"), "recordings/a.txt": b"text",
        "recordings/a.eaf": EAF.encode()})
    folder = read_recordings(language, tmp_path).folder
    assert [(one.file, one.text) for one in read_utterances(folder)] == [("a.mp3", "ba\u0301 na"),
                                                                         ("a.wav", "ba\u0301 na")]
    assert _rejects(folder) == [("a.txt", "transcript")]


@pytest.mark.parametrize(("count", "length"), [(500, 0.01), (60, 1.5)])
def test_a_transcript_cannot_fill_the_disk(count: int, length: float, tmp_path: Path) -> None:
    rows = "".join(f"a.wav\tx\t{number / 1000}\t{number / 1000 + length}\n" for number in range(count))
    language = speech_folder(tmp_path, {"a.wav": WAV, "index.tsv": f"file\ttext\tstart\tend\n{rows}".encode()},
                             [{"kind": "audio", "transcripts": {"kind": "table"}}])
    folder = read_recordings(language, tmp_path).folder
    assert not read_utterances(folder) and _rejects(folder) == [("a.wav", "limit")]


def test_two_copies_of_a_recording_with_one_name_are_one(tmp_path: Path) -> None:
    language = speech_folder(tmp_path, {"Awa/1.wav": WAV, "awa/1.wav": WAV,
                                        "index.tsv": b"file\tspeaker\nAwa/1.wav\tAwa\nawa/1.wav\tawa\n"},
                             [{"kind": "audio", "transcripts": {"kind": "table"}}])
    folder = read_recordings(language, tmp_path).folder
    one, = read_utterances(folder)
    assert _rejects(folder) == [(one.file, "repeated")]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = {"kind": "audio", "folder": "../../../far", "transcripts": {"kind": "none"}}
    language = speech_folder(tmp_path, {}, [source])
    with pytest.raises(Problem) as caught:
        read_recordings(language, tmp_path)
    assert caught.value.code == Code.SOURCE_MISSING


def test_long_untranscribed_sound_is_cut_where_it_is_quiet() -> None:
    sound = np.full(16_000 * 45, 1000, dtype=np.int16)
    sound[16_000 * 14:16_000 * 15] = 0
    parts = [*pieces(sound)]
    assert parts[0][0] == 0 and parts[-1][1] == len(sound)
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    assert 14 <= parts[0][1] / 16_000 <= 15 and all(end - start <= 20 * 16_000 for start, end in parts)


@pytest.mark.slow  # a process that loads `datasets`
def test_a_dataset_on_the_hub_is_fetched_once_without_who_withdrew(tmp_path: Path,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"sound": {"bytes": sound_file(tone(1 + number)), "path": "a.wav"}, "words": f"text {number}", "who": name}
            for number, name in enumerate(["s1", "s2", "s3"])]
    source = {"kind": "hub", "dataset": DATASET, "revision": COMMIT, "split": "test", "audio_field": "sound",
              "text_field": "words", "speaker_field": "who", "most_recordings": 2}
    language = speech_folder(tmp_path, {}, [source], speakers=[{"pseudonym": "p1", "names": ["s1"], "withdrawn": True}])
    with LoopbackSite() as site:
        serve_dataset(site, monkeypatch, test=rows)
        folder = read_recordings(language, tmp_path).folder
    one, = read_utterances(folder)
    assert (one.text, one.split, one.seconds) == ("text 1", "test", 2.0) and one.speaker.startswith("speaker-")
    assert read_recordings(language, tmp_path).folder == folder  # the hub is gone
