"""The speed of this machine with a model of speech: its own method trains for some steps on noise, and is timed.

Cached in the store's ``.machine`` folder, by base, method and shape of a step.
"""

from __future__ import annotations

import json
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from vernacular.config.schema import Language
from vernacular.config.speech import SpeechModel
from vernacular.core.store import Store, digest_of, write_atomically
from vernacular.modeling.base_files import fingerprint, locate
from vernacular.pipeline.stage import Progress, silent
from vernacular.speech.transcription.alignment import BATCH_SECONDS, SETTINGS
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.arms import head_settings, tuned_method
from vernacular.speech.transcription.encoders import base_encoder, log_mel
from vernacular.speech.transcription.frozen_method import FrozenMethod
from vernacular.speech.transcription.head_training import Budget
from vernacular.speech.transcription.method import Method, Transcriber
from vernacular.speech.transcription.sounds import name_of, noise_names
from vernacular.speech.transcription.state_cache import States
from vernacular.speech.transcription.whisper_tokens import NewTokens
from vernacular.speech.utterance import RATE, Samples, Utterance

_STEPS, _TIMES = 3, 3
_TEXT = "abcdefghijklmnopqrstuvwxyz '"
_LETTERS = 12  # of a second of speech
# Whisper tiny.en (8.2 million parameters in its encoder) on a core: docs/experiments/speech.md
_TABLE = {"encode": 0.013, "mel": 0.002, "step": 0.9, "check": 0.45, "read": 0.03}


@dataclass(frozen=True)
class SpeechSpeed:
    """Seconds that things take."""

    encode: float  # a second of sound, read by the encoder of the base
    mel: float  # a second of sound as log-mel features
    step: float  # an optimizer step
    check: float  # one of a head that checks transcripts
    read: float  # a second of sound, transcribed by the trained model without a language model
    weights: int  # bytes of a trained model, without a frozen base
    states: int  # bytes of the states of a second of sound
    parameters: int  # of the base
    origin: Literal["measured", "earlier", "table"] = "measured"


def speed_of_speech(store: Store, language: Language, name: str, model: SpeechModel, seconds: float, quick: bool,
                    progress: Progress = silent) -> SpeechSpeed:
    """Return the speed of this machine with ``model``.

    Args:
        store: whose ``.machine`` folder caches it.
        language: the folder.
        name: of the model.
        model: its settings.
        seconds: of a usual utterance.
        quick: whether nothing may be measured.
        progress: receives lines for a person.

    Raises:
        Problem: the base cannot be used.
    """
    key = digest_of(["2", fingerprint(model.base, language), model.method, model.rank, model.batch_seconds,
                     round(seconds), torch.cuda.get_device_name() if torch.cuda.is_available() else
                     platform.machine(), torch.get_num_threads()])
    path = store.root / ".machine" / f"speech-{key[:16]}.json"
    if path.is_file():
        return SpeechSpeed(**{**json.loads(path.read_text(encoding="utf-8")), "origin": "earlier"})
    base = locate(model.base, language)
    if quick:
        return SpeechSpeed(**_TABLE, weights=8_000_000 if model.method == "frozen" else _bytes_of(base),
                           states=200_000, parameters=_bytes_of(base) // 4, origin="table")
    progress(f"measuring the speed of this machine with {name}: some seconds; --quick skips it")
    found = measure_speech(base, model, seconds)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(asdict(found)))
    return found


def measure_speech(base: Path, model: SpeechModel, seconds: float) -> SpeechSpeed:
    """Time the method of ``model`` on noise.

    Args:
        base: folder of the base.
        model: its settings.
        seconds: of an utterance.

    Raises:
        Problem: the base cannot be used.
    """
    wave = np.random.default_rng(1).normal(0, 0.05, round(seconds * RATE)).astype(np.float32)
    text = (_TEXT * (1 + int(_LETTERS * seconds) // len(_TEXT)))[:max(1, int(_LETTERS * seconds))].strip()
    encode, mel, states = _read(base, wave)

    def trained(method: Method, batch: float) -> Transcriber:
        some = [_noise(number, seconds, text) for number in range(max(1, round(batch / seconds)))]
        if isinstance(method, FrozenMethod):
            method = replace(method, states=dict.fromkeys([*map(name_of, some), *noise_names()], states))
        return method.train(some, some[:1], Alphabet.of([text]), Budget(_STEPS), 1, silent)

    with tempfile.TemporaryDirectory() as place:
        learned = trained(FrozenMethod({}, head_settings(model)) if model.method == "frozen" else tuned_method(
            model, base, lambda _: wave, Path(place), "plan", NewTokens()), model.batch_seconds)
        learned.save(Path(place) / "trained")
        weights = sum(path.stat().st_size for path in (Path(place) / "trained").rglob("*") if path.is_file())
        read = _median(lambda: learned.text(_noise(0, seconds, text))) / seconds
    checker = trained(FrozenMethod({}, SETTINGS), BATCH_SECONDS)
    return SpeechSpeed(encode / seconds, mel / seconds, _step(learned), _step(checker), read, weights,
                       round(states.nbytes / seconds), _bytes_of(base) // 4)


def _read(base: Path, wave: Samples) -> tuple[float, float, States]:
    """Seconds of reading ``wave`` with the base and as log-mel features, and the states of the base."""
    encoder, features, sound = base_encoder(base), log_mel(), torch.from_numpy(wave)
    with torch.inference_mode():
        return _median(lambda: encoder(sound)), _median(lambda: features(sound)), encoder(sound).half().numpy()


def _step(trained: Transcriber) -> float:
    return float(trained.facts.seconds) / _STEPS


def _noise(number: int, seconds: float, text: str) -> Utterance:
    return Utterance(id=f"{number:024x}", source="plan", file="", raw_digest="", speaker="", session="", start=0,
                     seconds=seconds, text=text, translation="", split="", licence="", consent="", uses=[])


def _median(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(_TIMES):
        started = time.monotonic()
        call()
        times.append(time.monotonic() - started)
    return float(np.median(times))


def _bytes_of(base: Path) -> int:
    """Bytes of the weights of a base."""
    return max((path.stat().st_size for path in base.iterdir() if path.suffix in (".safetensors", ".bin")), default=0)
