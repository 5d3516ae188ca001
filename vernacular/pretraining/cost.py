"""Predicted and measured costs of a pretraining: tokens, steps, memory, disk, time, energy."""

from __future__ import annotations

import sys
from typing import Any

import torch

from vernacular.config.base import Precision
from vernacular.config.training import Pretraining
from vernacular.core.codes import Code
from vernacular.core.energy import kilowatt_hours
from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.modeling.base_models import most_positions
from vernacular.modeling.frozen_weights import count_parameters
from vernacular.modeling.memory import GIB, TrainingMemory, memory_parts
from vernacular.modeling.state_distillation import weight
from vernacular.pretraining.stage_results import PretrainingResult, TrainingCost, TrainingCosts

_PROCESS = 0.7  # GiB of Python with torch and transformers
_BASE = 4  # bytes per parameter of the base's weights: the distillation teacher, and for interpolation
_PACKED = 17  # bytes per token of packed text


def check_length(network: Any, settings: Pretraining, where: str) -> None:
    """Check that blocks fit the base's maximal length."""
    most = most_positions(network)
    if most < settings.sequence_length:
        raise Problem(f"the base reads at most {most} tokens at once", where=where,
                      fix=f"Set sequence_length to at most {most}", code=Code.CONFIG_RULE)


def step_memory(network: Any, settings: Pretraining, precision: Precision, objective: str, card: bool,
                new_rows: int = 0, pair_tokens: int = 0) -> TrainingMemory:
    """Predict the memory of a training step; arguments as in ``predict``."""
    config = network.config.get_text_config()
    block = -(-settings.batch_size // settings.accumulate) * settings.sequence_length
    part = block + pair_tokens // settings.accumulate
    share = (settings.mask_share if objective == "masked" else 1.0) * block / part
    table, decoder = network.get_input_embeddings(), network.get_output_embeddings()
    return memory_parts(
        count_parameters(network), config.hidden_size, config.num_hidden_layers, config.vocab_size,
        precision=precision, method=settings.method, rank=settings.lora_rank, rows=part / settings.sequence_length,
        length=settings.sequence_length, new_rows=new_rows, predicted=share, recompute=settings.recompute,
        tied=decoder is None or decoder.weight is table.weight,
        heads=0 if card else getattr(config, "num_attention_heads", 0))  # 0 in a recurrent model


def predict(network: Any, settings: Pretraining, steps: int | None, speed: float | None, text: int,
            objective: str, new_rows: int = 0, pair_tokens: int = 0, precision: Precision = "float32") -> TrainingCost:
    """Predict the cost of training one variant.

    Args:
        network: the base model; only its shape is read.
        settings: of the training.
        steps: optimizer steps; None if they depend on an unmeasured speed.
        speed: tokens per second on this machine, if known.
        text: tokens of packed text.
        objective: ``masked`` or ``causal``.
        new_rows: rows to be added to ``network``.
        pair_tokens: additional tokens of translations per step.
        precision: of frozen weights.
    """
    card = torch.cuda.is_available()
    memory = float(step_memory(network, settings, precision, objective, card, new_rows, pair_tokens).total)
    copies = int(bool(weight(settings, network, objective))) + int(settings.method == "full" and not card)
    memory += copies * _BASE * (count_parameters(network) + new_rows * network.config.get_text_config().hidden_size)
    if not card:
        memory += _PROCESS * GIB + _PACKED * text
    block = settings.batch_size * settings.sequence_length
    tokens = steps * block if steps else None
    minutes = tokens / speed / 60 if tokens and speed else settings.minutes
    return _cost(tokens, minutes, memory)


def measured(tokens: int, minutes: float) -> TrainingCost:
    """Return the cost of a training that just ended in this process."""
    if torch.cuda.is_available():
        memory = torch.cuda.max_memory_allocated()
    else:
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        memory = peak if sys.platform == "darwin" else peak * 2**10
    return _cost(tokens, minutes, memory)


def _cost(tokens: int | None, minutes: float | None, memory: float) -> TrainingCost:
    return TrainingCost(tokens=tokens, minutes=minutes, memory_gib=memory / GIB, energy_kwh=kilowatt_hours(minutes))


def report_costs(report: Report, stage: str, predicted: TrainingCost, real: TrainingCost) -> None:
    """What the training was to cost and what it did, side by side."""
    cost = TrainingCosts(predicted=predicted, measured=real)
    report.set_result(PretrainingResult.extending(report.read_result(PretrainingResult, stage), cost=cost))
    report.count("memory_gib", real.memory_gib, "memory at the peak", "GiB")
    if real.energy_kwh is not None:
        report.count("energy_kwh", real.energy_kwh, "energy of the steps, by VERNACULAR_WATTS or design power", "kWh")
