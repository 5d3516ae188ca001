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
from vernacular.speech.pretraining.heard_speech import HeardSpeech, read_heard_speech, seconds_of
from vernacular.speech.pretraining.objectives import Contrastive, Objective, load_objective
from vernacular.speech.pretraining.pretrain import codes_of, plan_of, read_targets, steps_within
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
    heard = read_heard_speech(work.inputs["speech/clean"], work.inputs["speech/splits"])
    remark = little_speech(name, heard.hours, settings.least_hours)
    if remark is not None:
        return _untrained(heard, remark)
    if not heard.train or not heard.held_out:
        raise Problem("there is no speech that may be used for training", where=f"{work.language.code} speech",
                      fix="Add recordings, or remove `pretraining`", code=Code.SOURCE_EMPTY)
    base, device = locate(model.base, work.language), start()
    every = [*heard.train, *heard.held_out]

    def wave(row: int) -> Samples:
        return load_audio(work.inputs["speech/recordings"], every[row])

    targets = read_targets(base, wave, len(every), settings, work.progress, work.scratch / "targets.npz")
    classes = targets.clusters if targets is not None else codes_of(settings, 3600 * heard.hours)
    objective = load_objective(base, classes, settings.seed).to(device)
    audio = Audio(np.array([round(RATE * seconds_of(one)) for one in every]), wave,
                  targets.rows if targets is not None else None)
    train, held_out = np.arange(len(heard.train)), np.arange(len(heard.train), len(every))
    steps = _steps(work, objective, audio, settings, train, held_out)
    plan = plan_of(objective, audio, train, held_out, settings, steps)
    work.progress(f"{steps} steps of {settings.batch_seconds:g} s on {heard.hours:.1f} hours")
    done = train_speech(objective, plan, work.scratch / "checkpoint.pt", work.progress)
    before, after = _before(done, math.floor(plan.head_first * steps)), done.best[1]
    learned = after < before
    if learned:
        objective.save(work.out / MODEL_FOLDER)
    write_atomically(work.out / "curve.json", json.dumps({"curve": done.curve, "losses": done.losses}))
    return _report(work, heard, SpeechPretrainingResult(
        trained=learned, reason="" if learned else "the held-out loss did not fall, so the base stays as it is",
        hours=heard.hours, speakers=speakers_of(heard), objective=type(objective).__name__,
        clusters=0 if isinstance(objective, Contrastive) else classes, held_out=len(heard.held_out), steps=done.step,
        planned_steps=steps, minutes=done.seconds / 60, passes=done.step * settings.batch_seconds / 3600 / heard.hours,
        curve=done.curve, before=before, after=after))


def speakers_of(heard: HeardSpeech) -> list[str]:
    """Return the pseudonyms of those whom training hears; a speaker held out from transcription may be among them."""
    return sorted({one.speaker for one in heard.train if one.speaker})


def _before(done: Progressed, wait: int) -> float:
    """Return the held-out loss of the base: the first one after its new head was trained alone."""
    return next((value for step, value in done.curve if step >= wait), done.curve[0][1])


def _steps(work: StageContext, objective: Objective, audio: Audio, settings: SpeechPretraining,
           train: NDArray[np.int64], held_out: NDArray[np.int64]) -> int:
    """Return the number of steps: stored before a kill, or from the budget."""
    kept = work.scratch / "steps.json"
    if not kept.is_file():
        trial = plan_of(objective, audio, train, held_out, settings, 1000)
        write_atomically(kept, json.dumps(steps_within(objective, trial, settings)))
    return int(json.loads(kept.read_text(encoding="utf-8")))


def _untrained(heard: HeardSpeech, remark: Remark) -> Report:
    """Return the report of a pretraining that was left out."""
    report, reason = Report(), remark.what
    report.set_result(SpeechPretrainingResult(trained=False, reason=reason, hours=heard.hours,
                                              speakers=speakers_of(heard)))
    report.count("hours", heard.hours, "speech that training may hear", "hours")
    report.gates.append(Gate(name=_GATE, passed=True, blocking=False, reason=reason))
    report.remark(remark)
    return report


def _report(work: StageContext, heard: HeardSpeech, found: SpeechPretrainingResult) -> Report:
    report = Report()
    report.set_result(found)
    report.count("hours", found.hours, "speech that training heard", "hours")
    report.count("speakers", len(found.speakers), "speakers whom training heard")
    report.count("steps", found.steps, "optimizer steps")
    report.count("training_minutes", found.minutes, "time in training steps", "minutes")
    report.count("passes", found.passes, "passes over the speech")
    report.count("held_out_before", found.before or 0.0, f"held-out loss of {found.held_out} utterances with the base, "
                                                         "its head trained; lower is better", _UNIT)
    report.count("held_out_after", found.after or 0.0, "held-out loss at its lowest; lower is better", _UNIT)
    curves(work.out / "curve.png", "Loss of held-out speech while pretraining (lower is better)", "optimizer steps",
           _UNIT, {"held-out": ([step for step, _ in found.curve], [value for _, value in found.curve])})
    report.plots["learning curve"] = "curve.png"
    report.gates.append(Gate(
        name=_GATE, passed=found.trained, value=found.after, threshold=found.before, blocking=False,
        reason=f"held-out loss went from {found.before:.3f} to {found.after:.3f} {_UNIT}; it must fall",
        fix="Lower `pretraining.learning_rate`, raise `pretraining.steps`, or add recordings"))
    return report
