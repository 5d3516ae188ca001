"""What is trained for a speech model: the released arm and the baselines that it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from vernacular.config.speech import SpeechModel
from vernacular.modeling.base_files import fingerprint, locate
from vernacular.pipeline.stage import StageContext
from vernacular.speech.pretraining.stage import base_of
from vernacular.speech.transcription.encoders import base_encoder, log_mel, random_encoder
from vernacular.speech.transcription.frozen_method import FrozenMethod
from vernacular.speech.transcription.head_training import HeadSettings
from vernacular.speech.transcription.method import Method
from vernacular.speech.transcription.methods import CtcMethod, Listen, TuningSettings
from vernacular.speech.transcription.sounds import sounds_of
from vernacular.speech.transcription.state_cache import compute_states, forget_others
from vernacular.speech.transcription.trainings import without
from vernacular.speech.transcription.whisper_method import WhisperMethod
from vernacular.speech.transcription.whisper_tokens import NewTokens
from vernacular.speech.utterance import Utterance, load_audio

RELEASED, LOG_MEL, RANDOM, CONTROL = "released", "log_mel", "random_weights", "without_pretraining"
ALIGNER = "aligner"  # heads on the base that check transcripts, where the released method trains the base itself
_STATES = 50  # of an encoder in a second


def methods_of(work: StageContext, name: str, model: SpeechModel, utterances: Sequence[Utterance],
               train: Sequence[Utterance], text: Sequence[str]) -> dict[str, Method]:
    """The method of each arm, the released one first; the arm without pretraining is there if there was a pretraining.

    ``ALIGNER`` is there if another method than ``frozen`` is to check transcripts.

    Args:
        work: the stage.
        name: of the model.
        model: its settings.
        utterances: all that are used; encoders that are frozen have read them.
        train: those that some training hears.
        text: further text of the language.
    """
    base, start = locate(model.base, work.language), start_of(work, name, model)
    identity = fingerprint(model.base, work.language)
    starts = {RELEASED: (start, identity if start == base else f"{identity}-pretrained")}
    if start != base:
        starts[CONTROL] = base, identity
    encoders: dict[str, tuple[str, Callable[[], Any]]] = {
        RANDOM: (f"{identity}-random", partial(random_encoder, base, work.seed)), LOG_MEL: (LOG_MEL, log_mel)}
    found: dict[str, Method] = {}
    if model.method == "frozen":
        encoders = {arm: (key, partial(base_encoder, path)) for arm, (path, key) in starts.items()} | encoders
    else:
        listen = partial(load_audio, work.inputs["speech/recordings"])
        new_tokens = NewTokens(model.new_tokens, work.language.script, without(text, utterances))
        for arm, (path, _) in starts.items():
            checkpoints = work.scratch / arm  # apart: their names do not contain the base
            checkpoints.mkdir(exist_ok=True)
            found[arm] = tuned_method(model, path, listen, checkpoints, work.language.slug, new_tokens)
        if model.check_transcripts != "none":
            encoders[ALIGNER] = identity, partial(base_encoder, base)
    sounds = [*sounds_of(utterances, train, work.inputs["speech/recordings"])]
    forget_others(work.cache, sounds, [key for key, _ in encoders.values() if not key.endswith("-pretrained")])
    for arm, (key, make) in encoders.items():
        states = compute_states(make(), sounds, work.cache / key, work.progress)
        found[arm] = FrozenMethod(states, head_settings(model))
    return found


def start_of(work: StageContext, name: str, model: SpeechModel) -> Path:
    """The folder of the model that training starts from: the base, or what pretraining made of it."""
    pretrained = None if model.pretraining is None else base_of("pretrained", name, model, work.language, work.inputs)
    return pretrained or locate(model.base, work.language)


def head_settings(model: SpeechModel) -> HeadSettings:
    """Sizes and rates of the head of a model."""
    return replace(HeadSettings(), rate=model.learning_rate, batch=round(model.batch_seconds * _STATES))


def tuned_method(model: SpeechModel, path: Path, listen: Listen, scratch: Path, language: str,
                 new_tokens: NewTokens) -> Method:
    """The method of a model whose base is trained.

    Args:
        model: its settings.
        path: folder of the base.
        listen: returns the sound of an utterance.
        scratch: for checkpoints.
        language: names the file of adapters.
        new_tokens: that Whisper's decoder gets.
    """
    settings = TuningSettings(model.learning_rate, model.rank, model.batch_seconds, model.checkpoint_minutes)
    if model.method == "whisper":
        return WhisperMethod(path, settings, listen, scratch, new_tokens)
    assert model.method != "frozen"
    return CtcMethod(path, model.method, settings, listen, scratch, language)
