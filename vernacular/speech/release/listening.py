"""Transcribes any sound with the release of a speech model, or with a baseline that was trained beside it.

For ``vernacular transcribe`` and the page of ``vernacular try``. Loads no code from a release: those that carry some
are read by this version's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import load_file

from vernacular.config.schema import Language
from vernacular.config.speech import SpeechModel
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.base_files import locate
from vernacular.modeling.base_models import quiet
from vernacular.speech.encoders import load_speech_model
from vernacular.speech.model_code.speech_model import SpeechForCTC
from vernacular.speech.model_code.speech_pipeline import LANGUAGE_MODEL, Decoder
from vernacular.speech.recordings.recording import pieces
from vernacular.speech.release.code_files import is_own_code
from vernacular.speech.transcription.alphabet import normal
from vernacular.speech.transcription.arms import CONTROL, LOG_MEL, RANDOM, head_settings
from vernacular.speech.transcription.encoders import base_encoder, log_mel, random_encoder
from vernacular.speech.transcription.frozen_method import HEAD
from vernacular.speech.transcription.head_training import Scores, transcribe
from vernacular.speech.transcription.methods import scores_of
from vernacular.speech.transcription.stage import ALPHABET, TRAININGS
from vernacular.speech.transcription.trainings import confidence_of
from vernacular.speech.transcription.whisper_method import Whisper, load_whisper
from vernacular.speech.utterance import RATE, Samples

_LONGEST = 30 * RATE  # samples that are read together; a longer sound is cut where it is quiet
_SHORTEST = RATE // 10  # a shorter rest is left out: some encoders cannot read it


@dataclass(frozen=True)
class Heard:
    """What a model writes for a sound."""

    text: str  # with the language model, if the model has one
    likeliest: str | None  # the text of the likeliest path; None where ``text`` is that, or the decoder's own
    confidence: float | None  # between 0 and 1; None of a model with its own decoder


class Listener(Protocol):
    """A trained model that reads sound, mono at ``RATE``."""

    def hear(self, sound: Samples) -> Heard:
        """Transcribe a sound of any length."""


@dataclass(frozen=True)
class CtcListener:
    """A model of CTC."""

    scores: Callable[[Samples], Scores]  # log probabilities of symbols, (frames, symbols)
    decoder: Decoder

    def hear(self, sound: Samples) -> Heard:
        """Transcribe a sound of any length."""
        found = [self.scores(piece) for piece in _cut(sound)]
        likeliest = Decoder(self.decoder.symbols, None)
        texts = [normal(" ".join(one.text(scores) for scores in found)) for one in (self.decoder, likeliest)]
        return Heard(texts[0], None if self.decoder.search is None else texts[1], confidence_of(np.concatenate(found)))


@dataclass(frozen=True)
class WhisperListener:
    """A Whisper model, whose decoder writes the text."""

    whisper: Whisper

    def hear(self, sound: Samples) -> Heard:
        """Transcribe a sound of any length."""
        return Heard(normal(" ".join(map(self.whisper.write, _cut(sound)))), None, None)


def _cut(sound: Samples) -> Sequence[Samples]:
    if len(sound) <= _LONGEST:
        return [sound]
    return [sound[start:end] for start, end in pieces(sound) if end - start >= _SHORTEST]


def open_release(release: Path) -> Listener:
    """Load the model of an artifact of ``speech/release_<model>``.

    Raises:
        Problem: it carries code that this version does not ship, or its files cannot be used.
    """
    quiet()
    settings = json.loads((release / "config.json").read_text(encoding="utf-8"))
    if not is_own_code(release):
        raise Problem("the release carries code that this version does not ship", where=str(release),
                      fix="Run the language again", code=Code.RELEASE_LOAD)
    if not str(settings["architectures"][0]).endswith("ForCTC"):
        return WhisperListener(load_whisper(release))
    decoder = Decoder.load(settings["symbols"], settings.get("decoding", {}), release / LANGUAGE_MODEL)
    if settings["model_type"] == SpeechForCTC.config_class.model_type:
        model: Any = SpeechForCTC.from_pretrained(release, local_files_only=True, dtype=torch.float32)
        return CtcListener(partial(_own_scores, model.eval()), decoder)
    base = load_speech_model(release, "AutoModelForCTC")
    return CtcListener(lambda sound: scores_of(base, [sound])[0], decoder)


def open_baselines(language: Language, model: SpeechModel, trained: Path) -> dict[str, Listener]:
    """Load the heads that were trained beside a model, by arm; ``trained`` is ``speech/transcription_<model>``.

    Raises:
        Problem: the base cannot be used.
    """
    quiet()
    base, symbols = locate(model.base, language), json.loads((trained / ALPHABET).read_text(encoding="utf-8"))
    encoders: dict[str, Callable[[], Any]] = {LOG_MEL: log_mel, RANDOM: partial(random_encoder, base, model.seeds[0])}
    if model.method == "frozen":
        encoders[CONTROL] = partial(base_encoder, base)
    found: dict[str, Listener] = {}
    for arm, make in encoders.items():
        file = trained / TRAININGS / arm / HEAD
        if file.is_file():
            weights = load_file(file)
            head = head_settings(model).head(len(weights["mixture"]), len(weights["norm.weight"]), len(symbols))
            head.load_state_dict(weights)
            found[arm] = CtcListener(partial(_head_scores, make(), head.eval()), Decoder(symbols, None))
    return found


def _own_scores(model: Any, sound: Samples) -> Scores:
    with torch.inference_mode():
        return np.asarray(model(torch.from_numpy(sound)[None]).logits[0], np.float32)


def _head_scores(encoder: Any, head: Any, sound: Samples) -> Scores:
    with torch.inference_mode():
        states = encoder(torch.from_numpy(sound)).half().numpy()
    return transcribe(head, states)
