"""The stages ``model/<name>`` and ``model/<name>_control``: load, extend, pack, train, save, report.

Writes ``model/`` (weights, configuration and tokenizer), ``curve.json`` and ``beside.jsonl``, the
documents read besides the splits.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
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
from vernacular.core.report import Report
from vernacular.core.store import write_atomically
from vernacular.corpus.side_texts import listed
from vernacular.datasets.aligned_pairs import Learned
from vernacular.modeling import lora
from vernacular.modeling.base_files import fingerprint
from vernacular.modeling.base_models import load_tokenizer
from vernacular.modeling.classifier_families import missing_classifiers
from vernacular.modeling.device import device_of
from vernacular.modeling.distributed import share, start, together
from vernacular.modeling.fused_loss import keep_memory
from vernacular.modeling.objectives import Objective, check_reading, lengths, nats, objective_for
from vernacular.modeling.optimizer import times_further, waiting
from vernacular.modeling.packing import Blocks
from vernacular.modeling.schedules import capped, most_blocks, order
from vernacular.modeling.sharding import is_sharded, shard
from vernacular.modeling.state_distillation import States, Teacher, weight
from vernacular.modeling.training_loop import Plan, compile_body, recompute_states, train
from vernacular.modeling.variants import MODEL_FOLDER, Arm
from vernacular.pipeline.stage import StageContext
from vernacular.pretraining import data_mixture as texts
from vernacular.pretraining.budget import known_speed, measure_speed, speed_key, steps_within
from vernacular.pretraining.cost import measured, predict, report_costs
from vernacular.pretraining.network import gather, load_start
from vernacular.pretraining.training_report import comparable, report_moved, report_of, report_translations
from vernacular.pretraining.weight_interpolation import between_changes, between_weights, interpolate
from vernacular.provenance.document import BESIDE
from vernacular.remarks.rules import capped_steps, few_passes, small_text

_BLOCKS = 64  # of held-out text, for the curve and for choices


@dataclass(frozen=True)
class Start:
    """What training begins with.

    Attributes:
        network: the model, on its device.
        tokenizer: of the variant.
        new_rows: ids of new tokens.
        settings: with what is derived from the model filled in.
        further: how many times further new rows move per step.
        wrapped: the model with low-rank changes, if only these are trained.
        base: the weights before training that interpolation starts from.
        teacher: the base whose states are preserved, if they are.
    """

    network: Any
    tokenizer: Any
    new_rows: NDArray[np.int64]
    settings: Pretraining
    further: float
    wrapped: Any
    base: dict[str, torch.Tensor]
    teacher: Teacher | None


def run(work: StageContext, name: str, model: Model, arm: Arm) -> Report:
    """Pretrain one variant, resuming from a checkpoint if there is one."""
    keep_memory()
    device = start()
    begun = _begin(work, name, model, arm, device)
    network, tokenizer, settings = begun.network, begun.tokenizer, begun.settings
    text = texts.read(work, model, tokenizer)
    objective, sizes = objective_for(model.objective, tokenizer, settings.mask_share), lengths(tokenizer)
    check_reading(network, objective.batch(text.dev, np.arange(1), (0, 3)))
    states = _states(work, model, begun, text, device)
    translations = None if model.alignment is None else TranslationLoss(
        Learned.read(work.inputs[f"alignment/{name}"]), tokenizer, model.alignment, network, work.seed,
        f"{work.language.code} models {name}: alignment.translations")
    before = None if translations is None else translations.measure(network)

    def held_out(blocks: Blocks) -> Callable[[Any], float]:
        return lambda network: per_character(network, blocks, objective, sizes)

    plan = Plan(text.blocks, np.arange(len(text.blocks)), objective, settings, settings.steps or 1000, begun.new_rows,
                work.seed, held_out(text.dev), further=begun.further, states=states, translations=translations)
    plan, text = _planned(work, name, model, arm, plan, text, network)
    predicted = predict(network, settings, plan.steps, known_speed(work.machine, _key(work, model)),
                        text.blocks.tokens.size, model.objective, precision=model.base.precision,
                        pair_tokens=translations.step_tokens() if translations is not None else 0)
    compile_body(network, plan.steps)
    done = train(network, plan, work.scratch / "checkpoint.pt", work.progress)
    wrapped = begun.wrapped
    if is_sharded(network):
        network, wrapped = gather(network, work, name, model, arm)
    if together()[0]:
        return Report()
    set_share = (between_weights(network, begun.base, begun.new_rows.tolist()) if wrapped is None else
                 between_changes(wrapped, begun.base))
    points, chosen = interpolate(network, set_share, settings.interpolate, held_out(text.dev),
                                 held_out(text.replay) if text.replay is not None else None)
    network = network if wrapped is None else lora.merge(wrapped)
    work.progress(f"interpolated: {chosen.share:g} of the way from the base to the trained weights")
    network.eval()
    report = report_of(work, plan, done, text, (points, chosen))
    if arm == "adapted":  # the control takes as many steps
        report.remark(few_passes(name, model, plan.steps, report.counts["epochs"].value),
                      capped_steps(name, model, plan.steps), small_text(name, model, text.streams[0].count))
    if translations is not None and before is not None:
        report_translations(report, before, translations.measure(network))
    if begun.teacher is not None and translations is None:
        report_moved(report, States(begun.teacher, text.dev, tokenizer, settings.keep_states or 0.0).moved(network))
    report_costs(report, f"model/{name}", predicted, measured(done.step * plan.step_tokens, done.seconds / 60))
    comparable(report, work, model, network, tokenizer)
    network.to("cpu").save_pretrained(work.out / MODEL_FOLDER)
    tokenizer.save_pretrained(work.out / MODEL_FOLDER)
    write_jsonl(work.out / BESIDE, listed(texts.trained_on(model), work))
    write_atomically(work.out / "curve.json", json.dumps({"curve": done.curve, "losses": done.losses}))
    return report


def _begin(work: StageContext, name: str, model: Model, arm: Arm, device: torch.device) -> Start:
    """Load the model and make of it what is trained.

    Raises:
        Problem: the settings do not fit the number of processes, or a task needs a classifier that the family lacks.
    """
    settings = model.pretraining
    torch.manual_seed(work.seed)  # equal initialization of low-rank changes in all processes
    _check(settings, work.language.code)
    network, tokenizer, new_rows = load_start(work, name, model, arm)
    for problem in missing_classifiers(network.config.model_type, work.language.tasks_of(name), f"models.{name}.base"):
        raise problem
    further = times_further(settings, network, new_rows)
    settings = settings.model_copy(update={"keep_states": weight(settings, network, model.objective)})
    teacher = (Teacher(network, load_tokenizer(work.inputs[f"tokenizer/{name}"] / "base"))
               if settings.keep_states else None)
    if settings.recompute:
        recompute_states(network)
    wrapped = lora.wrap(network, new_rows.tolist(), settings.lora_rank) if settings.method == "lora" else None
    base = {name: tensor.detach().clone() for name, tensor in (
        network.state_dict() if wrapped is None else lora.head_of(wrapped)).items()}
    settings = settings.model_copy(update={"head_first": waiting(settings, network, new_rows, model.objective)})
    if settings.shard and together()[1] > 1:
        shard(network, device)
    return Start(network.to(device), tokenizer, new_rows, settings, further, wrapped, base, teacher)


def _states(work: StageContext, model: Model, begun: Start, text: texts.Texts, device: torch.device) -> States | None:
    """Return the base's states of replayed text that training preserves, if it does."""
    kept = range(len(text.blocks)) if model.alignment is None else text.replayed
    if begun.teacher is None or not kept:
        return None
    states = States(begun.teacher.to(device), text.blocks, begun.tokenizer, begun.settings.keep_states or 0.0, kept)
    if model.alignment is not None and not states.differ:
        work.progress("replay text is too short for distillation; translations preserve the states of their language")
        return None
    states.check()
    return states


def _planned(work: StageContext, name: str, model: Model, arm: Arm, plan: Plan, text: texts.Texts,
             network: Any) -> tuple[Plan, texts.Texts]:
    """Return plan and text with the number of steps, and the order of the blocks, decided.

    Both variants take the same number of steps and limit the passes over each text.
    """
    settings = plan.settings
    other = work.inputs[f"tokenizer/{name}"] / ("base" if arm == "adapted" else "extended")
    most = min(most_blocks(each.streams, settings.max_epochs)
               for each in (text, texts.read(work, model, load_tokenizer(other))))
    steps = _steps(work, model, network, plan, most)
    text = dataclasses.replace(text, streams=capped(text.streams, steps * settings.batch_size, settings.max_epochs))
    plan = dataclasses.replace(plan, steps=steps, evaluations=max(2, min(10, steps // 20)),
                               order=order(text.streams, steps * settings.batch_size, work.seed))
    work.progress(f"{steps} steps of {plan.step_tokens:,} tokens: " + ", ".join(
        f"{stream.share * steps * settings.batch_size / stream.count:.2f} passes over {stream.count:,} blocks of "
        f"{stream.name}" for stream in text.streams))
    return plan, text


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
