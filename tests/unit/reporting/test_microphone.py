"""The part of the page of ``try`` for recordings: what it writes, whom it answers, what it refuses, what it keeps."""

from __future__ import annotations

import json
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.recordings import sound_file
from tests.speech_sound import speech
from tests.spoken_release import MODEL
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.reporting.demo_server import make_server, serve
from vernacular.reporting.microphone import LARGEST, LONGEST, TOKEN, Microphone, read_wav
from vernacular.sandbox import reader
from vernacular.speech.release.listening import open_release
from vernacular.speech.utterance import RATE

SECRET = "a-token"


@pytest.fixture(scope="module")
def microphone(spoken_release: tuple[Store, Language]) -> Microphone:
    return Microphone(*spoken_release, MODEL)


@pytest.fixture(scope="module")
def address(microphone: Microphone) -> Iterator[str]:
    server = make_server(lambda text: {}, microphone.language, None, 0, token=SECRET, speech=microphone)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.close()


def send(address: str, data: bytes, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"{address}/transcribe", data, {TOKEN: SECRET, **headers})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_released_model_and_its_baselines_write_and_nothing_is_stored(
        microphone: Microphone, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.stop()  # the next worker has these settings, too
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    before = set(microphone.language.folder.parents[1].rglob("*"))
    sound = speech(1)
    status, body = send(address, sound_file(sound))
    assert status == 200
    rows = json.loads(body)["rows"]
    assert len(rows) >= 3 and 0 <= rows[0]["confidence"] <= 1
    samples = np.round(sound * 32767).astype(np.float32) / 32768
    assert rows[0]["text"] == open_release(microphone._artifacts[0].folder).hear(microphone._spoken(samples)).text
    assert set(microphone.language.folder.parents[1].rglob("*")) == before
    reader.stop()


def test_a_sound_without_speech_gives_no_text(address: str) -> None:
    assert send(address, sound_file(np.zeros(RATE, np.float32))) == (200, '{"rows":[]}')


def test_it_answers_the_page_alone(address: str) -> None:
    good = sound_file(np.zeros(RATE, np.float32))
    for headers in ({TOKEN: "another"}, {TOKEN: ""}, {"Origin": "http://evil.example"}, {"Host": "evil.example"},
                    {"Sec-Fetch-Site": "cross-site"}):
        assert send(address, good, **headers)[0] == 403
    with urllib.request.urlopen(f"{address}/") as answer:
        shown, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert 'id="speech"' in shown and 'id="text"' not in shown  # the folder has no text
    assert "script-src 'self'" in policy and "default-src 'none'" in policy
    for name in ("microphone.js", "recorder.js"):
        with urllib.request.urlopen(f"{address}/{name}") as answer:
            assert answer.headers["Content-Type"].startswith("text/javascript")


def test_hostile_files_are_refused(address: str) -> None:
    long = np.zeros(RATE * (LONGEST + 5), np.float32)
    endless = bytearray(sound_file(np.zeros(100, np.float32)))
    endless[40:44] = b"\xff\xff\xff\xff"
    for data, code in ((b"", Code.DATA_FORMAT), (b"RIFF\0\0\0\0WAVE", Code.DATA_FORMAT),
                       (sound_file(long[:RATE], format="FLAC"), Code.DATA_FORMAT),
                       (sound_file(long[:RATE])[:30], Code.DATA_FORMAT),
                       (sound_file(np.full(RATE, np.nan, np.float32), subtype="FLOAT"), Code.DATA_FORMAT),
                       (sound_file(long[::2], RATE // 2, subtype="PCM_U8"), Code.DATA_LIMIT),
                       (sound_file(np.tile(long[::2], 8), RATE // 2, subtype="GSM610"), Code.DATA_LIMIT)):
        status, body = send(address, data)
        assert (status, str(code) in body) == (400, True), (code, body)
    assert send(address, bytes(endless))[0] == 200  # as programs write that do not know the length beforehand
    large = urllib.request.Request(f"{address}/transcribe", b"", {TOKEN: SECRET, "Content-Length": str(LARGEST + 1)})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(large)
    assert caught.value.code == 413


def test_a_wav_of_another_rate_and_two_channels_is_read() -> None:
    sound = read_wav(sound_file(np.stack([speech(2)] * 2, axis=1), 44_100))
    assert sound.dtype == np.float32 and abs(len(sound) - len(speech(2)) * RATE / 44_100) < 100


def test_without_a_release_there_is_nothing_to_try(microphone: Microphone, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        serve(Store(tmp_path), microphone.language, None, MODEL, 0)
    assert caught.value.code == Code.RESULT_MISSING
