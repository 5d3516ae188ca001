"""The stage ``speech/pretrained_<model>``: continue the base's own objective on the speech of the language.

Writes ``model/`` (the encoder as transformers loads it, with its feature extractor) and
``curve.json``. The control is the base: ``base_of`` returns what each arm starts from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vernacular.config.schema import Language
from vernacular.config.speech import SpeechModel, SpeechPretraining
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.plots import curves
from vernacular.core.report import Gate, Remark, Report
from vernacular.core.store import write_atomically
from vernacular.modeling.base_files import locate
from vernacular.modeling.checkpoint import Progressed
from vernacular.modeling.distributed import start
from vernacular.pipeline.stage import StageContext
from vernacular.remarks.rules import little_speech
from vernacular.speech.pretraining.audio_batches import Audio
from vernacular.speech.pretraining.objectives import Contrastive, Objective, load_objective
from vernacular.speech.pretraining.pretrain import codes_of, plan_of, read_targets, steps_within
from vernacular.speech.pretraining.pretraining_speech import PretrainingSpeech, read_pretraining_speech, seconds_of
from vernacular.speech.pretraining.stage_results import SpeechPretrainingResult
from vernacular.speech.training import train_speech
from vernacular.speech.utterance import RATE, Samples, load_audio

MODEL_FOLDER = "model"
_GATE = "speech_learned"
_UNIT = "nats per masked frame"


def base_of(arm: Literal["control", "pretrained"], name: str, model: SpeechModel, language: Language,
            inputs: Mapping[str, Path]) -> Path | None:
    """Return the folder that an arm of transcription starts from; None for an arm that was not trained.

    Args:
        arm: ``control`` is the base, ``pretrained`` what this stage made of it.
        name: of the model.
        model: its settings.
        language: the folder.
        inputs: stage name -> artifact folder.
    """
    if arm == "control":
        return locate(model.base, language)
    folder = inputs.get(f"speech/pretrained_{name}", Path()) / MODEL_FOLDER
    return folder if folder.is_dir() else None


def run(work: StageContext, name: str, model: SpeechModel) -> Report:
    """Pretrain the model ``name``, resuming from a checkpoint if there is one."""
    settings = model.pretraining
    assert settings is not None  # else the stage is not declared
    data = read_pretraining_speech(work.inputs["speech/clean"], work.inputs["speech/splits"])
    remark = little_speech(name, data.hours, settings.least_hours)
    if remark is not None:
        return _untrained(data, remark)
    if not data.train or not data.held_out:
        raise Problem("there is no speech that may be used for training", where=f"{work.language.code} speech",
                      fix="Add recordings, or remove `pretraining`", code=Code.SOURCE_EMPTY)
    base, device = locate(model.base, work.language), start()
    every = [*data.train, *data.held_out]

    def wave(row: int) -> Samples:
        return load_audio(work.inputs["speech/recordings"], every[row])

    targets = read_targets(base, wave, len(every), settings, work.progress, work.scratch / "targets.npz")
    classes = targets.clusters if targets is not None else codes_of(settings, 3600 * data.hours)
    objective = load_objective(base, classes, settings.seed).to(device)
    audio = Audio(np.array([round(RATE * seconds_of(one)) for one in every]), wave,
                  targets.rows if targets is not None else None)
    train, held_out = np.arange(len(data.train)), np.arange(len(data.train), len(every))
    steps = _steps(work, objective, audio, settings, train, held_out)
    plan = plan_of(objective, audio, train, held_out, settings, steps)
    work.progress(f"{steps} steps of {settings.batch_seconds:g} s on {data.hours:.1f} hours")
    progress = train_speech(objective, plan, work.scratch / "checkpoint.pt", work.progress)
    before, after = _before(progress, math.floor(plan.head_first * steps)), progress.best[1]
    learned = after < before
    if learned:
        objective.save(work.out / MODEL_FOLDER)
    write_atomically(work.out / "curve.json", json.dumps({"curve": progress.curve, "losses": progress.losses}))
    return _report(work, data, SpeechPretrainingResult(
        trained=learned, reason="" if learned else "the held-out loss did not fall, so the base stays as it is",
        hours=data.hours, speakers=speakers_of(data), objective=type(objective).__name__,
        clusters=0 if isinstance(objective, Contrastive) else classes, held_out=len(data.held_out), steps=progress.step,
        planned_steps=steps, minutes=progress.seconds / 60, curve=progress.curve, before=before, after=after,
        passes=progress.step * settings.batch_seconds / 3600 / data.hours))


def speakers_of(data: PretrainingSpeech) -> list[str]:
    """Return who speaks in the training data; a speaker held out from transcription may be among them."""
    return sorted({one.speaker for one in data.train if one.speaker})


def _before(progress: Progressed, wait: int) -> float:
    """Return the held-out loss of the base: the first one after its new head was trained alone."""
    return next((value for step, value in progress.curve if step >= wait), progress.curve[0][1])


def _steps(work: StageContext, objective: Objective, audio: Audio, settings: SpeechPretraining,
           train: NDArray[np.int64], held_out: NDArray[np.int64]) -> int:
    """Return the number of steps: stored before a kill, or from the budget."""
    kept = work.scratch / "steps.json"
    if not kept.is_file():
        trial = plan_of(objective, audio, train, held_out, settings, 1000)
        write_atomically(kept, json.dumps(steps_within(objective, trial, settings)))
    return int(json.loads(kept.read_text(encoding="utf-8")))


def _untrained(data: PretrainingSpeech, remark: Remark) -> Report:
    """Return the report of a pretraining that was left out."""
    report, reason = Report(), remark.what
    report.set_result(SpeechPretrainingResult(trained=False, reason=reason, hours=data.hours,
                                              speakers=speakers_of(data)))
    report.count("hours", data.hours, "speech that may be used for training", "hours")
    report.gates.append(Gate(name=_GATE, passed=True, blocking=False, reason=reason))
    report.remark(remark)
    return report


def _report(work: StageContext, data: PretrainingSpeech, result: SpeechPretrainingResult) -> Report:
    report = Report()
    report.set_result(result)
    report.count("hours", result.hours, "speech for training", "hours")
    report.count("speakers", len(result.speakers), "speakers of the speech for training")
    report.count("steps", result.steps, "optimizer steps")
    report.count("training_minutes", result.minutes, "time in training steps", "minutes")
    report.count("passes", result.passes, "passes over the speech")
    report.count("held_out_before", result.before or 0.0, f"held-out loss of {result.held_out} utterances with the "
                                                          "base, its head trained; lower is better", _UNIT)
    report.count("held_out_after", result.after or 0.0, "held-out loss at its lowest; lower is better", _UNIT)
    curves(work.out / "curve.png", "Loss of held-out speech while pretraining (lower is better)", "optimizer steps",
           _UNIT, {"held-out": ([step for step, _ in result.curve], [value for _, value in result.curve])})
    report.plots["learning curve"] = "curve.png"
    report.gates.append(Gate(
        name=_GATE, passed=result.trained, value=result.after, threshold=result.before, blocking=False,
        reason=f"held-out loss went from {result.before:.3f} to {result.after:.3f} {_UNIT}; it must fall",
        fix="Lower `pretraining.learning_rate`, raise `pretraining.steps`, or add recordings"))
    return report
