"""Every kind of bad recording gives one line: accepted, or rejected with rule and reason. Nothing is lost."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.recordings import read_recordings, sound_file, speech_folder, tone
from vernacular.speech.utterance import load_audio, read_utterances

GOOD = tone(2)
STEREO = np.stack([GOOD, GOOD], axis=1)


def _wav(data_size: int, body: bytes, rate: int = 16_000, channels: int = 1) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 * channels, 2 * channels, 16)
    return (b"RIFF" + struct.pack("<I", min(data_size + 36, 0xFFFFFFFF)) + b"WAVEfmt " + struct.pack("<I", 16) + form
            + b"data" + struct.pack("<I", data_size) + body)


PCM = (GOOD * 32767).astype("<i2").tobytes()
LONG = tone(20)
FLAC, OGG = sound_file(LONG, format="FLAC"), sound_file(LONG, format="OGG", subtype="VORBIS")
OPUS, MP3 = sound_file(LONG, format="OGG", subtype="OPUS"), sound_file(LONG, format="MP3")
MP4 = b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0" + b"\0" * 400
DRM = b"\0\0\0\x20ftypM4P \0\0\0\0M4P mp42isom\0\0\0\0" + b"drms" * 100

# name -> content, and the seconds that are accepted or the rule of the reject
KINDS: dict[str, tuple[bytes | Callable[[], bytes], float | str]] = {
    "zero_length.wav": (b"", "format"),
    "header_only.wav": (_wav(0, b""), "format"),
    "pcm8.wav": (sound_file(GOOD, subtype="PCM_U8"), 2.0),
    "pcm24.wav": (sound_file(GOOD, subtype="PCM_24"), 2.0),
    "pcm32.wav": (sound_file(GOOD, subtype="PCM_32"), 2.0),
    "float.wav": (sound_file(GOOD, subtype="FLOAT"), 2.0),
    "too_loud_float.wav": (sound_file(GOOD * 20, subtype="DOUBLE"), 2.0),
    "adpcm.wav": (sound_file(GOOD, subtype="IMA_ADPCM"), 2.0),
    "khz192.wav": (sound_file(tone(2, rate=192_000), 192_000), 2.0),
    "khz4.wav": (sound_file(tone(2, rate=4000), 4000), "format"),
    "khz8_telephone.wav": (sound_file(tone(2, rate=8000), 8000, subtype="ULAW"), 2.0),
    "hertz1.wav": (_wav(len(PCM), PCM, rate=1), "format"),
    "cancelling.wav": (sound_file(np.stack([GOOD, -GOOD], axis=1)), 2.0),
    "one_silent_channel.wav": (sound_file(np.stack([GOOD * 0, GOOD], axis=1)), 2.0),
    "channels64.wav": (sound_file(np.repeat(GOOD[:, None], 64, axis=1)), 2.0),
    "truncated_untranscribed.wav": (_wav(len(PCM), PCM[:32_000]), 1.0),
    "truncated.wav": (_wav(len(PCM), PCM[:32_000]), "truncated"),
    "truncated.flac": (FLAC[:len(FLAC) // 2], "truncated"),
    "truncated_untranscribed.flac": (FLAC[:len(FLAC) // 2], 8.2),
    "truncated.ogg": (OGG[:len(OGG) // 2], "truncated"),
    "truncated_untranscribed.ogg": (OGG[:len(OGG) // 2], 5.5),
    "truncated.opus": (OPUS[:len(OPUS) // 2], "truncated"),
    "truncated.mp3": (MP3[:len(MP3) // 2], "truncated"),
    "truncated_untranscribed.mp3": (MP3[:len(MP3) // 2], 9.7),
    "headers_only.ogg": (OGG[:2000], "format"),
    "vorbis.ogg": (OGG, 20.0),
    "mp3.mp3": (MP3, 20.0),
    "flac.flac": (FLAC, 20.0),
    "opus.opus": (OPUS, 20.0),
    "wrong_extension.mp3": (FLAC, 20.0),
    "video.mp4": (MP4, "format"),
    "video_named_wav.wav": (MP4, "format"),
    "matroska.webm": (b"\x1aE\xdf\xa3" + b"\0" * 300, "format"),
    "drm.m4p": (DRM, "format"),
    "text.wav": (b"This is no recording at all, but somebody renamed it.\n" * 20, "format"),
    "noise_bytes.ogg": (np.random.default_rng(1).bytes(5000), "format"),
    "zip.flac": (b"PK\x03\x04" + b"\0" * 100, "format"),
    "silence_bomb.flac": (lambda: sound_file(np.zeros(8000 * 600, dtype="int16"), 8000, format="FLAC"), "limit"),
    "not_numbers.wav": (sound_file(np.full(16_000, np.nan, dtype=np.float32), subtype="FLOAT"), "format"),
    "huge_declared.wav": (_wav(0xFFFFFFF0, PCM), 2.0),
    "huge_channels.wav": (_wav(len(PCM), PCM, channels=32_000), "format"),
    "flac_bad_middle.flac": (FLAC[:len(FLAC) // 2] + b"\0" * 600 + FLAC[len(FLAC) // 2 + 600:], "truncated"),
    "one_sample.wav": (sound_file(np.ones(1, dtype=np.float32), 44_100), "format"),
    "chained.ogg": (OGG + OPUS, "format"),
    "name with\ttab.wav": (sound_file(GOOD), 2.0),
}
# With a transcript of the whole: a file without its end is then of no use, and a whole one must not be taken for one.
TRANSCRIBED = {*(name for name, (_, outcome) in KINDS.items() if outcome == "truncated"), "vorbis.ogg", "opus.opus",
               "mp3.mp3", "flac.flac", "pcm24.wav", "huge_declared.wav", "adpcm.wav"}


# folder of the artifact, seconds of what was accepted, rule and reason of what was not
Outcomes = tuple[Path, dict[str, list[float]], dict[str, tuple[str, str]]]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    root = tmp_path_factory.mktemp("hostile")
    files = {f"recordings/{name}": data() if callable(data) else data for name, (data, _) in KINDS.items()}
    for name in TRANSCRIBED:
        folder, stem = f"recordings/{name}/", Path(name).stem
        files[f"{folder}{name}"] = files.pop(f"recordings/{name}")
        files[f"{folder}{stem}.txt"] = b"what is said in all of it"
    language = speech_folder(root, files, limits={"output_mb": 10, "memory_mb": 300})
    artifact = read_recordings(language, root)
    accepted: dict[str, list[float]] = {}
    for one in read_utterances(artifact.folder):
        accepted.setdefault(Path(one.file).name, []).append(len(load_audio(artifact.folder, one)) / 16_000)
    rejects = pq.read_table(artifact.folder / "rejects.parquet").to_pylist()
    assert len({row["file"] for row in rejects}) == len(rejects)
    return artifact.folder, accepted, {Path(row["file"]).name: (row["rule"], row["reason"]) for row in rejects}


@pytest.mark.parametrize("name", KINDS)
def test_outcome_of_a_bad_recording(name: str, outcomes: Outcomes) -> None:
    _, accepted, rejected = outcomes
    wanted = KINDS[name][1]
    if isinstance(wanted, str):
        assert rejected[name][0] == wanted and rejected[name][1] and name not in accepted
    else:
        assert sum(accepted[name]) == pytest.approx(wanted, abs=0.15) and name not in rejected


def test_every_file_has_one_outcome(outcomes: Outcomes) -> None:
    _, accepted, rejected = outcomes
    assert {*accepted, *rejected} == {*KINDS} and not {*accepted} & {*rejected}


@pytest.mark.parametrize("name", ["cancelling.wav", "one_silent_channel.wav", "pcm8.wav", "khz192.wav",
                                  "khz8_telephone.wav", "channels64.wav", "too_loud_float.wav"])
def test_the_sound_of_an_accepted_recording_is_kept(name: str, outcomes: Outcomes) -> None:
    folder, *_ = outcomes
    one = next(one for one in read_utterances(folder) if Path(one.file).name == name)
    sound = load_audio(folder, one)[:len(GOOD)]
    assert np.abs(np.corrcoef(sound, GOOD[:len(sound)])[0, 1]) > 0.98
    assert np.abs(sound).max() > 0.1
