"""Minutes, memory and disk of the stages of speech, as ranges. Constants: docs/experiments/forecast.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vernacular.config.schema import Language
from vernacular.config.speech import SpeechBudget, SpeechModel
from vernacular.core.store import Store
from vernacular.forecast.cost import SPREAD
from vernacular.forecast.ranges import Range, exactly
from vernacular.forecast.speech_size import SpeechSize
from vernacular.forecast.speech_speed import SpeechSpeed, speed_of_speech
from vernacular.modeling.memory import GIB, memory_parts
from vernacular.pipeline.stage import Progress, silent
from vernacular.speech.behavior.table import CHANGED, NOTHING
from vernacular.speech.transcription.alignment import BUDGET, FEWEST
from vernacular.speech.transcription.sounds import MOST_COPIED, SPEEDS

# Seconds that a second of sound takes, and what a stage takes besides
_DECODING, _CLEANING, _SPLITTING = (0.0035, 2.0), (0.0045, 1.0), (0.0001, 0.5)
_SEARCH = 0.015  # of a second of sound: decoding with n-grams; more where the model is less sure
_TRIED = 3.0  # searches of what chooses while its weights are tried: about twelve, narrower ones
_LOOKS = 7  # evaluations in a training
_STARTING, _LOADING = 8.0, 12.0  # of a stage with a network, and of a process that loads a release
_ASKED = 20  # utterances that a release transcribes again
_SOUNDS = len(NOTHING) + len(CHANGED) + 1
_FRAMES = 50  # states of a second
_FLAC = Range(12_000, 22_000)  # bytes of a second of sound
_MEL_BYTES = 16_000  # of a second
_PROCESS = Range(0.6, 0.9)  # GiB of a process with torch and transformers
_MEMORY = Range(0.9, 1.8)  # relative to the prediction from the shape
_COMPARED = 0.04  # seconds of work for a transcript that is checked
_SKIPPED = 5.0  # seconds of a pretraining that is left out
_EVALUATED = Range(1.0, 1.4)  # a pretraining with its evaluations, relative to its steps
_WITHIN = Range(0.95, 1.2)  # a training with a budget in minutes, with its evaluations


@dataclass(frozen=True)
class SpeechForecast:
    """The forecast of one model of speech."""

    name: str
    base: str
    method: str
    trainings: Mapping[str, int]  # what is trained -> how many times
    minutes: Range  # of one training
    speed: SpeechSpeed
    seconds: dict[str, Range]  # stage -> time
    memory_gib: Range  # of the largest process
    disk_gib: Range  # of everything stored


def forecast_recordings(size: SpeechSize) -> dict[str, Range]:
    """Return the time of the stages before the models."""
    return {stage: _spread(size.sound * rate + exactly(start), "measured") for stage, (rate, start) in (
        ("speech/recordings", _DECODING), ("speech/clean", _CLEANING), ("speech/splits", _SPLITTING))}


def forecast_speech(language: Language, store: Store, name: str, model: SpeechModel, size: SpeechSize, quick: bool,
                    progress: Progress = silent) -> SpeechForecast:
    """Forecast one model whose base is on this machine.

    Raises:
        Problem: its base cannot be used.
    """
    speed = speed_of_speech(store, language, name, model, size.mean, quick, progress)
    return combine(language, name, model, size, speed)


def combine(language: Language, name: str, model: SpeechModel, size: SpeechSize, speed: SpeechSpeed) -> SpeechForecast:
    """Return the forecast that size and speed give."""
    assert language.speech is not None
    trainings = trainings_of(model, size)
    count, each = sum(trainings.values()), _training(model, speed)
    searched = 0.0 if model.language_model == "none" or model.method == "whisper" else 1.0
    once = count - size.folds  # trainings that are scored on the same part
    scored = size.scored * once + size.held_out
    looked = 1 if model.minutes is not None and model.method != "frozen" else 1 + _LOOKS
    tried = size.scored * (once - trainings["baselines"]) + size.held_out + size.chosen * (
        _TRIED * (count - trainings["baselines"]))  # baselines use no language model
    read = _read(size) * (speed.encode * _encoders(model) + speed.mel)
    beside = scored * speed.read + size.chosen * (count * looked * speed.read) + tried * (searched * _SEARCH) + read
    beside += _check(model, size, speed.check)
    # heads are trained side by side after the first, where cores and memory allow it
    together = 1 + (count - 1) / 2 if model.method == "frozen" else count
    trained = _spread(beside, speed.origin) + Range(each.low * together, each.high * count) + exactly(_STARTING)
    # a second of sound, in the finished release
    heard = (speed.encode if model.method == "frozen" else 0.0) + speed.read + searched * _SEARCH
    behavior = language.speech.behaviour.cases * size.mean * _SOUNDS * heard + _LOADING + _STARTING
    seconds = {f"speech/transcription_{name}": trained,
               f"speech/behaviour_{name}": _spread(exactly(behavior), speed.origin),
               f"speech/release_{name}": _spread(exactly(_LOADING + _STARTING + _ASKED * size.mean * heard),
                                                 speed.origin)}
    if model.pretraining is not None:
        seconds[f"speech/pretrained_{name}"] = _pretraining(model, size, speed)
    return SpeechForecast(name, model.base.name_on_hub or model.base.hub or model.base.package or str(model.base.path),
                          model.method, trainings, each * (1 / 60), speed, seconds, _memory(model, size, speed),
                          _disk(model, size, speed, count))


def _read(size: SpeechSize) -> Range:
    """Seconds of sound that an encoder reads, with copies at other speeds if there is little speech."""
    copied = size.train.high <= MOST_COPIED
    return size.transcribed + size.train * (sum(1 / speed for speed in SPEEDS) if copied else 0.0)


def _encoders(model: SpeechModel) -> int:
    """How many networks of the base's shape read all sounds: random weights, and those that heads learn from."""
    if model.method == "frozen":
        return 2 + (model.pretraining is not None)
    return 1 + (model.check_transcripts != "none")


def _check(model: SpeechModel, size: SpeechSize, step: float) -> Range:
    """Seconds of the check of transcripts; ``step``: of its trainings."""
    if model.check_transcripts == "none" or size.utterances < FEWEST:
        return exactly(0)
    assert BUDGET.steps is not None
    return exactly(2 * BUDGET.steps * step + size.utterances * _COMPARED)


def trainings_of(model: SpeechModel, size: SpeechSize) -> dict[str, int]:
    """How many times a model is trained, by what for; points of the curve that need more speech are left out."""
    minutes = size.train.high / 60
    return {name: number for name, number in (
        ("seeds", len(model.seeds)), ("held-out speakers", size.folds),
        ("baselines", 2 + (model.pretraining is not None)),
        ("points of the learning curve", len(model.points_below(minutes)))) if number}


def _training(budget: SpeechBudget, speed: SpeechSpeed) -> Range:
    """Seconds of one training; a budget in minutes is what it says, whatever the machine."""
    if budget.minutes is not None:
        return Range(60 * budget.minutes * _WITHIN.low, 60 * budget.minutes * _WITHIN.high)
    assert budget.steps is not None
    return _spread(exactly(budget.steps * speed.step), speed.origin)


def _pretraining(model: SpeechModel, size: SpeechSize, speed: SpeechSpeed) -> Range:
    """Seconds of a pretraining, which is left out with too little speech."""
    settings = model.pretraining
    assert settings is not None
    least = 3600 * settings.least_hours
    if size.heard.high < least:
        return Range(_SKIPPED, 4 * _SKIPPED)
    # a step of a transformer: three times as long as reading the same sound
    each = exactly(60.0 * settings.minutes) if settings.minutes is not None else _spread(exactly(
        (settings.steps or 0) * 3 * settings.batch_seconds * max(speed.encode, speed.read)), "table")
    full = Range(each.low * _EVALUATED.low, each.high * _EVALUATED.high)
    return full if size.heard.low >= least else Range(_SKIPPED, full.high)


def _spread(seconds: Range, origin: str) -> Range:
    spread = SPREAD["earlier" if origin == "earlier" else "table" if origin == "table" else "measured"]
    return Range(seconds.low * spread.low, seconds.high * spread.high)


def _memory(model: SpeechModel, size: SpeechSize, speed: SpeechSpeed) -> Range:
    """GiB of the largest process."""
    rows = 1.0 if model.method == "whisper" else model.batch_seconds / size.mean
    if model.method == "frozen":
        taken = 8.0 * speed.parameters + 3 * model.batch_seconds * 2 * speed.states + 4 * speed.weights
    else:  # as a transformer of twelve layers, whose width follows from its weights
        width = round((speed.parameters / (12 * 12)) ** 0.5)
        length = round(_FRAMES * (30.0 if model.method == "whisper" else size.mean))
        taken = memory_parts(speed.parameters, width, 12, 0, method="full" if model.method == "full" else "lora",
                             rank=model.rank, rows=rows, length=length, heads=max(1, width // 64)).total
    return _PROCESS + Range(taken * _MEMORY.low, taken * _MEMORY.high) * (1 / GIB)


def _disk(model: SpeechModel, size: SpeechSize, speed: SpeechSpeed, trainings: int) -> Range:
    """GiB of recordings, states, trained models and the release."""
    states = _read(size) * (float(_encoders(model) * speed.states) + _MEL_BYTES)
    models = trainings * speed.weights + 2 * (4 * speed.parameters + speed.weights)
    sound = Range(size.sound.low * _FLAC.low, size.sound.high * _FLAC.high)
    return (sound + states + Range(models * 0.9, models * 1.2)) * (1 / GIB)
