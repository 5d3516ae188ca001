"""The stages ``model/<name>`` and ``model/<name>_control``: load, extend, pack, train, save, report.

Writes ``model/`` (weights, configuration and tokenizer), ``curve.json`` and ``beside.jsonl``, the
documents read besides the splits.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.alignment.objective import TranslationLoss
from vernacular.config.schema import Model
from vernacular.config.training import Pretraining
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.jsonl import write_jsonl
from vernacular.core.plots import curves
from vernacular.core.report import Gate, Report
from vernacular.core.store import write_atomically
from vernacular.corpus.side_texts import listed
from vernacular.datasets.aligned_pairs import Learned
from vernacular.modeling import lora
from vernacular.modeling.base_files import fingerprint
from vernacular.modeling.base_models import load_tokenizer
from vernacular.modeling.checkpoint import Progressed
from vernacular.modeling.classifier_families import missing_classifiers
from vernacular.modeling.device import device_of
from vernacular.modeling.distributed import share, start, together
from vernacular.modeling.fused_loss import keep_memory
from vernacular.modeling.likelihood import LEAST_WORDS, likelihood
from vernacular.modeling.objectives import Objective, check_reading, lengths, nats, objective_for
from vernacular.modeling.optimizer import times_further, waiting
from vernacular.modeling.packing import Blocks
from vernacular.modeling.schedules import capped, most_blocks, order
from vernacular.modeling.sharding import is_sharded, shard
from vernacular.modeling.state_distillation import States, Teacher, weight
from vernacular.modeling.training_loop import Plan, compile_body, recompute_states, train
from vernacular.modeling.variants import DEV_LIKELIHOOD, MODEL_FOLDER, NLL, Arm, nll_unit
from vernacular.pipeline.stage import StageContext
from vernacular.pretraining import data_mixture as texts
from vernacular.pretraining.budget import known_speed, measure_speed, speed_key, steps_within
from vernacular.pretraining.cost import measured, predict, report_costs
from vernacular.pretraining.network import gather, load_start
from vernacular.pretraining.stage_results import Interpolation, InterpolationPoint, MixedText, PretrainingResult
from vernacular.pretraining.weight_interpolation import Between, between_changes, between_weights, interpolate
from vernacular.provenance.corpus_tables import file_of, read_rows
from vernacular.provenance.document import BESIDE
from vernacular.remarks.rules import capped_steps, few_passes, small_text
from vernacular.text.words import words

_BLOCKS = 64  # of held-out text, for the curve and for choices
_DISTANCE = "held-out sentences: squared distance of their mean state from their translation's, in variances"
_FOUND = "share of held-out sentences whose own translation is nearest"


def run(work: StageContext, name: str, model: Model, arm: Arm) -> Report:
    """Pretrain one variant, resuming from a checkpoint if there is one."""
    keep_memory()
    device = start()
    settings = model.pretraining
    torch.manual_seed(work.seed)  # equal initialization of low-rank changes in all processes
    _check(settings, work.language.code)
    network, tokenizer, new_rows = load_start(work, name, model, arm)
    for problem in missing_classifiers(network.config.model_type, work.language.tasks_of(name), f"models.{name}.base"):
        raise problem
    further = times_further(settings, network, new_rows)
    state_weight = weight(settings, network, model.objective)
    settings = settings.model_copy(update={"keep_states": state_weight})
    teacher = Teacher(network, load_tokenizer(work.inputs[f"tokenizer/{name}"] / "base")) if state_weight else None
    if settings.recompute:
        recompute_states(network)
    wrapped = lora.wrap(network, new_rows.tolist(), settings.lora_rank) if settings.method == "lora" else None
    base = {name: tensor.detach().clone() for name, tensor in (
        network.state_dict() if wrapped is None else lora.head_of(wrapped)).items()}
    settings = settings.model_copy(update={"head_first": waiting(settings, network, new_rows, model.objective)})
    if settings.shard and together()[1] > 1:
        shard(network, device)
    network.to(device)
    text = texts.read(work, model, tokenizer)
    kept = range(len(text.blocks)) if model.alignment is None else text.replayed
    states = (States(teacher.to(device), text.blocks, tokenizer, state_weight, kept)
              if teacher is not None and kept else None)
    if states is not None and model.alignment is not None and not states.differ:
        work.progress("replay text is too short for distillation; translations preserve the states of their language")
        states = None
    if states is not None:
        states.check()
    objective, sizes = objective_for(model.objective, tokenizer, settings.mask_share), lengths(tokenizer)
    check_reading(network, objective.batch(text.dev, np.arange(1), (0, 3)))
    translations = None if model.alignment is None else TranslationLoss(
        Learned.read(work.inputs[f"alignment/{name}"]), tokenizer, model.alignment, network, work.seed,
        f"{work.language.code} models {name}: alignment.translations")
    before = None if translations is None else translations.measure(network)

    def held_out(blocks: Blocks) -> Callable[[Any], float]:
        return lambda network: per_character(network, blocks, objective, sizes)

    plan = Plan(text.blocks, np.arange(len(text.blocks)), objective, settings, settings.steps or 1000, new_rows,
                work.seed, held_out(text.dev), further=further, states=states, translations=translations)
    other = work.inputs[f"tokenizer/{name}"] / ("base" if arm == "adapted" else "extended")
    # Both variants take the same number of steps and limit the passes over each text.
    most = min(most_blocks(each.streams, settings.max_epochs)
               for each in (text, texts.read(work, model, load_tokenizer(other))))
    steps = _steps(work, model, network, plan, most)
    text = dataclasses.replace(text, streams=capped(text.streams, steps * settings.batch_size, settings.max_epochs))
    plan = dataclasses.replace(plan, steps=steps, evaluations=max(2, min(10, steps // 20)),
                               order=order(text.streams, steps * settings.batch_size, work.seed))
    work.progress(f"{steps} steps of {plan.step_tokens:,} tokens: " + ", ".join(
        f"{stream.share * steps * settings.batch_size / stream.count:.2f} passes over {stream.count:,} blocks of "
        f"{stream.name}" for stream in text.streams))
    predicted = predict(network, settings, steps, known_speed(work.machine, _key(work, model)), text.blocks.tokens.size,
                        model.objective, pair_tokens=translations.step_tokens() if translations is not None else 0,
                        precision=model.base.precision)
    compile_body(network, steps)
    done = train(network, plan, work.scratch / "checkpoint.pt", work.progress)
    if is_sharded(network):
        network, wrapped = gather(network, work, name, model, arm)
    if together()[0]:
        return Report()
    set_share = (between_weights(network, base, new_rows.tolist()) if wrapped is None else
                 between_changes(wrapped, base))
    points, chosen = interpolate(network, set_share, settings.interpolate, held_out(text.dev),
                                 held_out(text.replay) if text.replay is not None else None)
    network = network if wrapped is None else lora.merge(wrapped)
    work.progress(f"interpolated: {chosen.share:g} of the way from the base to the trained weights")
    network.eval()
    report = _report(work, plan, done, text, (points, chosen))
    if arm == "adapted":  # the control takes as many steps
        report.remark(few_passes(name, model, plan.steps, report.counts["epochs"].value),
                      capped_steps(name, model, plan.steps), small_text(name, model, text.streams[0].count))
    if translations is not None and before is not None:
        _report_translations(report, before, translations.measure(network))
    moved = None
    if teacher is not None and translations is None:
        moved = States(teacher, text.dev, tokenizer, state_weight).moved(network)
    if moved is not None:
        report.count("states_moved", moved, "mean states of held-out texts: squared distance from their initial "
                                            "values, in variances between texts")
    report_costs(report, f"model/{name}", predicted, measured(done.step * plan.step_tokens, done.seconds / 60))
    _comparable(report, work, model, network, tokenizer)
    network.to("cpu").save_pretrained(work.out / MODEL_FOLDER)
    tokenizer.save_pretrained(work.out / MODEL_FOLDER)
    write_jsonl(work.out / BESIDE, listed(texts.trained_on(model), work))
    write_atomically(work.out / "curve.json", json.dumps({"curve": done.curve, "losses": done.losses}))
    return report


def _check(settings: Pretraining, code: str) -> None:
    """Check that every process gets blocks of each batch; otherwise the others would wait for its gradient."""
    processes = together()[1]
    if processes > 1 and settings.batch_size < processes * settings.accumulate:
        raise Problem(f"a batch of {settings.batch_size} does not give {processes} processes {settings.accumulate} "
                      "parts each", where=f"{code} models pretraining",
                      fix=f"Raise batch_size to {processes * settings.accumulate}, or lower accumulate",
                      code=Code.CONFIG_RULE)


def _steps(work: StageContext, model: Model, network: Any, plan: Plan, most: float) -> int:
    """Return the number of steps: stored before a kill, or from budget and speed."""
    kept = work.scratch / "steps.json"
    key = _key(work, model)
    steps = float(json.loads(kept.read_text(encoding="utf-8"))) if kept.is_file() else 0.0
    known = torch.tensor([steps, known_speed(work.machine, key) or 0.0], dtype=torch.float64, device=device_of(network))
    steps, speed = share(known).tolist()  # all processes use the first one's values
    if not steps:
        if model.pretraining.steps is None and not speed:
            speed = measure_speed(work.machine, key, network, plan)
        steps = float(share(torch.tensor(float(steps_within(model.pretraining, speed, most)),
                                         device=device_of(network))))
        if together()[0] == 0:
            write_atomically(kept, json.dumps(int(steps)))
    return int(steps)


def _key(work: StageContext, model: Model) -> str:
    return speed_key(model, fingerprint(model.base, work.language))


def per_character(network: Any, blocks: Blocks, objective: Objective, sizes: NDArray[np.float64],
                  size: int = 16) -> float:
    """Return held-out nats per character of predicted tokens, with the same blocks and masks each time.

    Compares states of one model. Not comparable across tokenizers: other tokens of a masked word
    may be visible.
    """
    total = characters = 0.0
    picked = np.linspace(0, len(blocks) - 1, min(_BLOCKS, len(blocks))).astype(np.int64)
    for first in range(0, len(picked), size):
        batch = objective.batch(blocks, picked[first:first + size], (0, 2, first))
        if len(batch.predicted):
            total += float(nats(network, batch))
            characters += float(sizes[batch.predicted].sum())
    return total / max(1.0, characters)


def _comparable(report: Report, work: StageContext, model: Model, network: Any, tokenizer: Any) -> None:
    """Report the likelihood of dev lines, measured as in ``evaluation``; it decides between the variants."""
    lines = [line for row in read_rows(work.inputs["corpus/splits"] / file_of("dev"))
             for line in row["text"].split("\n") if len(words(line)) >= LEAST_WORDS]
    if not lines:
        return
    drawn = np.random.default_rng(work.seed).permutation(len(lines))[:model.likelihood_items]
    scored = likelihood(network, tokenizer, model.objective, [lines[row] for row in drawn], work.seed)
    unit = nll_unit(model.objective)
    report.count(DEV_LIKELIHOOD, scored.mean, f"{NLL} of {len(drawn)} dev lines, comparable across tokenizers; "
                                              "lower is better", unit)


def _report(work: StageContext, plan: Plan, done: Progressed, text: texts.Texts,
            found: tuple[list[Between], Between]) -> Report:
    points, chosen = found
    seen = done.step * plan.settings.batch_size
    tokens = seen * plan.settings.sequence_length
    report = Report()
    report.set_result(PretrainingResult(
        steps=done.step, planned_steps=plan.steps, tokens=tokens, minutes=done.seconds / 60, curve=done.curve,
        mix=[MixedText(name=stream.name, count=stream.count, share=stream.share) for stream in text.streams],
        interpolation=Interpolation(chosen=chosen.share, points=[
            InterpolationPoint(share=point.share, target=point.target, replay=point.replay) for point in points])))
    report.count("steps", done.step, "optimizer steps")
    report.count("tokens", tokens, "tokens processed in training")
    report.count("epochs", text.streams[0].share * seen / text.streams[0].count, "passes over the training text")
    for stream in text.streams[1:]:
        report.count(f"epochs_{stream.name}", stream.share * seen / stream.count, f"passes over {stream.name}")
    if text.streams[1:]:
        report.count("lines_left_out", text.left_out,
                     "lines of related and replay text removed by decontamination", "lines")
    report.count("training_minutes", done.seconds / 60, "time in training steps", "minutes")
    report.count("tokens_per_s", tokens / max(done.seconds, 1e-9), "training speed", "tokens/s")
    report.count("train_loss", float(np.mean(done.losses[-50:])), "mean loss of the last 50 steps", "nats per token")
    first, last = done.curve[0][1], chosen.target
    report.count("dev_nats_per_character_first", first, f"{NLL} of held-out masked tokens before training; lower is "
                                                        "better",
                 "nats per character")
    report.count("dev_nats_per_character_last", last, f"{NLL} of held-out masked tokens as released; lower is better",
                 "nats per character")
    report.count("best_step", done.best[0], f"step with the lowest held-out {NLL}")
    report.count("interpolation", chosen.share, "interpolation weight of the trained model")
    curves(work.out / "curve.png", f"{NLL.capitalize()} of held-out text while pretraining (lower is better)",
           "optimizer steps", "nats per character",
           {"held-out": ([step for step, _ in done.curve], [value for _, value in done.curve])})
    report.plots["learning curve"] = "curve.png"
    _show(report, work, points, chosen)
    report.gates.append(Gate(name="learned", passed=last < first, value=last, threshold=first, blocking=True,
                             reason=f"held-out {NLL} went from {first:.3f} to {last:.3f} nats per character; it "
                                    "must fall",
                             fix="Lower `pretraining.learning_rate`, raise `pretraining.steps`, or add text"))
    return report


def _report_translations(report: Report, before: tuple[float, float], after: tuple[float, float]) -> None:
    """Report held-out translations and their gate, from (distance, retrieval share) before and after training."""
    report.count("translation_distance_before", before[0], f"{_DISTANCE}, before training")
    report.count("translation_distance", after[0], f"{_DISTANCE}, as released")
    report.count("translation_found_before", before[1], f"{_FOUND}, before training")
    report.count("translation_found", after[1], f"{_FOUND}, as released")
    # At 1 they are as far from their translations as from the mean: mismatched pairs reach that.
    limit = min(before[0], 1.0)
    report.gates.append(Gate(
        name="translations_learned", passed=after[0] < limit and after[1] >= before[1], value=after[0],
        threshold=limit, reason=(
            f"{after[1]:.0%} of the held-out sentences find their translation ({before[1]:.0%} before), at a "
            f"distance of {after[0]:.3f} ({before[0]:.3f} before); the limit is {limit:.3f}"),
        fix="Check that the pairs match, or add some"))


def _show(report: Report, work: StageContext, points: list[Between], chosen: Between) -> None:
    base = points[0]
    report.samples["interpolation"] = [{
        "of the way": point.share, "target, nats per character": round(point.target, 4),
        "base's languages, nats per character": None if point.replay is None else round(point.replay, 4),
        "chosen": "yes" if point.share == chosen.share else ""} for point in points]
    if base.replay is None or chosen.replay is None:
        return
    report.count("replay_rise", chosen.replay / base.replay - 1,
                 f"relative change of the {NLL} of held-out replay text against the base")
    away = [point for point in points if point.share]
    curves(work.out / "interpolation.png", "Interpolation between the base's weights and the trained ones",
           "base's languages, nats per character", "target, nats per character",
           {"tried": ([point.replay or 0.0 for point in away], [point.target for point in away]),
            "chosen": ([chosen.replay], [chosen.target])})
    report.plots["interpolation"] = "interpolation.png"
