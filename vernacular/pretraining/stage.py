"""The stages ``model/<name>`` and ``model/<name>_control``: load, grow, pack, train or resume, save, report.

Writes ``model/`` (weights, configuration and tokenizer) and ``curve.json``.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from vernacular.arms import MODEL_FOLDER, Arm
from vernacular.artifacts import Gate, Report, write_atomically
from vernacular.config.schema import Model
from vernacular.jsonl import read_jsonl
from vernacular.models import fingerprint, load_base, load_tokenizer
from vernacular.plots import curves
from vernacular.pretraining.budget import known_speed, measure_speed, speed_key, steps_within
from vernacular.pretraining.loop import Plan, Progressed, train
from vernacular.pretraining.objectives import Objective, lengths, objective_for
from vernacular.pretraining.packing import Blocks, pack
from vernacular.stages import Work
from vernacular.vocabulary.initialise import grow

DEV_BLOCKS = 32


def run(work: Work, name: str, model: Model, arm: Arm) -> Report:
    """Pretrain one arm; goes on from its checkpoint if one was left by a process that was killed."""
    tokenizer_folder = work.inputs[f"tokenizer/{name}"]
    network, _ = load_base(model.base, model.objective, work.language)
    old_rows = network.get_input_embeddings().weight.shape[0]
    tokenizer = load_tokenizer(tokenizer_folder / ("extended" if arm == "adapted" else "base"))
    if arm == "adapted":
        grow(network, load_file(tokenizer_folder / "rows.safetensors"))
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    plan = _plan(work, model, network, tokenizer, old_rows)
    steps = _steps(work, model, network, plan)
    plan = dataclasses.replace(plan, steps=steps, evaluations=max(2, min(10, steps // 20)))
    size = model.pretraining.batch_size * model.pretraining.sequence_length
    work.progress(f"{steps} steps of {size:,} tokens, {steps * model.pretraining.batch_size / len(plan.blocks):.2f} "
                  f"passes over {len(plan.blocks):,} blocks")
    done = train(network, plan, work.scratch / "checkpoint.pt", work.progress)
    network.to("cpu").save_pretrained(work.out / MODEL_FOLDER)
    tokenizer.save_pretrained(work.out / MODEL_FOLDER)
    write_atomically(work.out / "curve.json", json.dumps({"curve": done.curve, "losses": done.losses}))
    return _report(work, plan, done, model, size)


def _plan(work: Work, model: Model, network: Any, tokenizer: Any, old_rows: int) -> Plan:
    settings, splits = model.pretraining, work.inputs["corpus/splits"]
    blocks = pack([row["text"] for row in read_jsonl(splits / "train.jsonl")], tokenizer, settings.sequence_length)
    held_out = pack([row["text"] for row in read_jsonl(splits / "dev.jsonl")], tokenizer, settings.sequence_length)
    objective = objective_for(model.objective, tokenizer, settings.mask_share)
    sizes = lengths(tokenizer)
    return Plan(blocks, objective, settings, settings.steps or 1000, old_rows, work.seed,
                lambda network: per_character(network, held_out, objective, sizes))


def _steps(work: Work, model: Model, network: Any, plan: Plan) -> int:
    """The number of steps: kept from before a kill, or from the budget and this machine's speed."""
    kept = work.scratch / "steps.json"
    if kept.is_file():
        return int(json.loads(kept.read_text(encoding="utf-8")))
    speed = 0.0
    if model.pretraining.steps is None:
        key = speed_key(model, fingerprint(model.base, work.language))
        known = known_speed(work.machine, key)
        speed = known if known is not None else measure_speed(work.machine, key, network, plan)
    steps = steps_within(model.pretraining, speed, len(plan.blocks))
    write_atomically(kept, json.dumps(steps))
    return steps


def per_character(network: Any, blocks: Blocks, objective: Objective, sizes: torch.Tensor, size: int = 16) -> float:
    """Held-out nats per character of predicted tokens, on the same blocks and masks each time: for the curve."""
    nats = characters = 0.0
    for first in range(0, min(DEV_BLOCKS, len(blocks)), size):
        rows = np.arange(first, min(first + size, DEV_BLOCKS, len(blocks)))
        total, targets = objective.loss(network, blocks, rows, (0, 2, first))
        nats += float(total)
        characters += float(sizes[targets.cpu()].sum())
    return nats / max(1.0, characters)


def _report(work: Work, plan: Plan, done: Progressed, model: Model, size: int) -> Report:
    tokens, passes = plan.steps * size, plan.steps * model.pretraining.batch_size / len(plan.blocks)
    report = Report(details={"steps": plan.steps, "tokens": tokens, "minutes": done.seconds / 60, "curve": done.curve})
    report.count("steps", plan.steps, "optimizer steps")
    report.count("tokens", tokens, "tokens processed in training")
    report.count("epochs", passes, "passes over the training text")
    report.count("training_minutes", done.seconds / 60, "time in training steps", "minutes")
    report.count("tokens_per_s", tokens / max(done.seconds, 1e-9), "training speed", "tokens/s")
    report.count("train_loss", float(np.mean(done.losses[-50:])), "mean loss of the last 50 steps", "nats per token")
    first, last = done.curve[0][1], done.curve[-1][1]
    report.count("dev_nats_per_character_first", first, "held-out, masked tokens, before training", "nats/character")
    report.count("dev_nats_per_character_last", last, "held-out, masked tokens, after training", "nats/character")
    curves(work.out / "curve.png", "Held-out likelihood while pretraining", "optimizer steps", "nats per character",
           {"held-out": ([step for step, _ in done.curve], [value for _, value in done.curve])})
    report.plots["learning curve"] = "curve.png"
    report.gates.append(Gate(name="learned", passed=last < first, value=last, threshold=first, blocking=True,
                             reason=f"held-out nats per character went from {first:.3f} to {last:.3f}"))
    return report
