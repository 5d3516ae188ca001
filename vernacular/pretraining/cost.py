"""Predicted and measured costs of a pretraining: tokens, steps, memory, disk, time, energy."""

from __future__ import annotations

import sys
from typing import Any

import torch

from vernacular.config.training import Pretraining
from vernacular.core.codes import Code
from vernacular.core.energy import kilowatt_hours
from vernacular.core.errors import Problem
from vernacular.core.report import Report
from vernacular.modeling.base_models import most_positions
from vernacular.modeling.state_distillation import weight
from vernacular.pretraining.stage_results import PretrainingResult, TrainingCost, TrainingCosts

_GIB = 2**30
# Measured on two encoders (docs/experiments/training-speed.md): Python with torch and transformers; bytes per
# parameter: weight, gradient, two moments and the base's weight; per token and layer: per unit of
# width, and per attention weight.
_PROCESS, _PARAMETER, _FROZEN, _WIDTH, _SCORE = 0.7, 20, 8, 60, 4
_BASE = 4  # bytes per parameter of the distillation teacher
_PACKED = 17  # bytes per token of packed text


def check_length(network: Any, settings: Pretraining, where: str) -> None:
    """Check that blocks fit the base's maximal length."""
    most = most_positions(network)
    if most < settings.sequence_length:
        raise Problem(f"the base reads at most {most} tokens at once", where=where,
                      fix=f"Set sequence_length to at most {most}", code=Code.CONFIG_RULE)


def predict(network: Any, settings: Pretraining, steps: int | None, speed: float | None, text: int,
            objective: str, new_rows: int = 0, pair_tokens: int = 0) -> TrainingCost:
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
    """
    config = network.config.get_text_config()
    width, rows = config.hidden_size, config.vocab_size + new_rows
    parameters = sum(parameter.numel() for parameter in network.parameters()) + new_rows * width
    block = -(-settings.batch_size // settings.accumulate) * settings.sequence_length
    part = block + pair_tokens // settings.accumulate
    card = torch.cuda.is_available()
    heads = getattr(config, "num_attention_heads", 0)  # 0 in a recurrent model
    layer = _WIDTH * width + (0 if card else _SCORE * settings.sequence_length * heads)
    kept = layer + 4 * width * config.num_hidden_layers if settings.recompute else layer * config.num_hidden_layers
    predicted = block * (settings.mask_share if objective == "masked" else 1.0)
    head = 2 * predicted * rows + 8 * rows * width
    each = _FROZEN if settings.method == "lora" else _PARAMETER
    memory = parameters * (each - 4 if card else each) + part * kept + head
    if weight(settings, network, objective):
        memory += _BASE * parameters
    if not card:
        memory += _PROCESS * _GIB + _PACKED * text
    tokens = steps * settings.batch_size * settings.sequence_length if steps else None
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
    return TrainingCost(tokens=tokens, minutes=minutes, memory_gib=memory / _GIB, energy_kwh=kilowatt_hours(minutes))


def report_costs(report: Report, stage: str, predicted: TrainingCost, real: TrainingCost) -> None:
    """What the training was to cost and what it did, side by side."""
    cost = TrainingCosts(predicted=predicted, measured=real)
    report.set_result(PretrainingResult.extending(report.read_result(PretrainingResult, stage), cost=cost))
    report.count("memory_gib", real.memory_gib, "memory at the peak", "GiB")
    if real.energy_kwh is not None:
        report.count("energy_kwh", real.energy_kwh, "energy of the steps, by VERNACULAR_WATTS or design power", "kWh")
