"""The stage ``alignment/<name>``: read pairs, teach, save, report; and what each arm is taught after pretraining.

Writes ``body.safetensors``, the weights that pretraining starts from, and ``beside.jsonl``, the documents that were
read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from vernacular.alignment.pairs import count_joins, read_pairs
from vernacular.alignment.train import Aligned, align, save_body
from vernacular.artifacts import Gate, Report
from vernacular.config.schema import Alignment, Model
from vernacular.corpus.ledger import BESIDE
from vernacular.errors import Problem
from vernacular.jsonl import write_jsonl
from vernacular.models import load_base
from vernacular.plots import curves
from vernacular.pretraining.fused import keep_memory
from vernacular.pretraining.precision import device_of
from vernacular.pretraining.processes import start
from vernacular.pretraining.states import Teacher, weight
from vernacular.pretraining.texts import listed
from vernacular.stages import Work

_DISTANCE = "held-out sentences: squared distance of their mean state from their translation's, in variances"
_FOUND = "held-out sentences whose own translation is the nearest, as a share"


def run(work: Work, name: str, model: Model, asked: Alignment) -> Report:
    """Teach the base's body; goes on from its checkpoint if one was left by a process that was killed."""
    keep_memory()
    torch.manual_seed(work.seed)
    network, tokenizer = load_base(model.base, model.objective, work.language)
    check_kept(weight(model.pretraining, network, model.objective), f"{work.language.code} models {name}")
    network.to(start())
    pairs = read_pairs(work, asked)
    work.progress(f"{len(pairs.train):,} translated sentences to learn from, {len(pairs.held)} held out")
    aligned = align(network, tokenizer, Teacher(network, tokenizer), pairs, asked, asked.passes, work.seed,
                    work.scratch / "checkpoint.pt", work.progress)
    save_body(network, work.out)
    write_jsonl(work.out / BESIDE, listed(asked.beside, work))
    done, (first, last) = aligned.done, (aligned.done.curve[0][1], aligned.done.best[1])
    report = Report(details={"curve": done.curve, "steps": done.step})
    report.count("pairs", len(pairs.train), "translated sentences that were learned from")
    report.count("pairs_left_out", pairs.left_out, "pairs that share text with held-out lines, items or held-out pairs")
    if pairs.of_held_out:
        report.count("pairs_of_held_out", pairs.of_held_out, "those of them that are of held-out documents")
    count_joins(report, pairs)
    report.count("pairs_cut", aligned.cut, "pairs of which a side is longer than what is read of it")
    report.count("pairs_held", len(pairs.held), "translated sentences that were held out for this report")
    report.count("steps", done.step, "optimizer steps")
    report.count("best_step", done.best[0], "step with the least distance of held-out pairs")
    report.count("minutes", done.seconds / 60, "time in training steps", "minutes")
    report.count("train_distance", float(np.mean(done.losses[-50:])), "mean distance of the last 50 steps")
    report.count("distance_before", first, f"{_DISTANCE}, of the base")
    report.count("distance_after", last, f"{_DISTANCE}, as kept")
    report.count("found_before", aligned.before, f"{_FOUND}, of the base")
    report.count("found_after", aligned.after, f"{_FOUND}, as kept")
    curves(work.out / "curve.png", "Distance of held-out sentences from their translations", "optimizer steps",
           "squared distance, in variances", {"held-out": ([step for step, _ in done.curve],
                                                           [value for _, value in done.curve])})
    report.plots["distance from translations"] = "curve.png"
    # At 1 they are as far from their translations as from the mean of all: pairs that are none get there.
    report.gates.append(Gate(
        name="learned", passed=last < min(first, 1) and aligned.after >= aligned.before, value=last,
        threshold=min(first, 1), blocking=True, reason=(
            f"held-out sentences went from a distance of {first:.3f} to {last:.3f}, and {aligned.after:.0%} find their "
            f"translation, {aligned.before:.0%} before. Look whether the pairs belong together, or add some")))
    return report


def check_kept(held: float, where: str) -> None:
    """Raises Problem where pretraining would not hold states: it would undo what translations teach."""
    if not held:
        raise Problem("this base guesses words itself, so pretraining would not keep what alignment teaches",
                      where=where, fix="Set pretraining.keep_states, to 10 for instance, or take alignment out")


def teach_again(work: Work, model: Model, asked: Alignment, network: Any, tokenizer: Any) -> Aligned:
    """Teach an arm after its pretraining, in place, what that has undone; goes on from a checkpoint of its own.

    Pretraining holds texts like those that it reads, and lets others drift (docs/tasks.md, "Topics").
    """
    base, its_own = load_base(model.base, model.objective, work.language)
    teacher = Teacher(base, its_own).to(device_of(network))
    return align(network, tokenizer, teacher, read_pairs(work, asked), asked, asked.passes_after, work.seed,
                 work.scratch / "aligned.pt", work.progress)


def tell(report: Report, aligned: Aligned) -> None:
    """Put into the report of a pretraining what ``teach_again`` did."""
    report.count("translation_distance_pretrained", aligned.done.curve[0][1], f"{_DISTANCE}, after pretraining alone")
    report.count("translation_distance", aligned.done.best[1], f"{_DISTANCE}, as released")
    report.count("translation_found_pretrained", aligned.before, f"{_FOUND}, after pretraining alone")
    report.count("translation_found", aligned.after, f"{_FOUND}, as released")
    report.count("translation_minutes", aligned.done.seconds / 60, "time in steps on translations", "minutes")
