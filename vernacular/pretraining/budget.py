"""Convert minutes to steps by this machine's training speed, measured once and stored.

Both variants and resumed runs use the same figure, so they take the same number of steps. A speed
measured under load is used for some hours and then measured again.
"""

from __future__ import annotations

import json
import math
import platform
import time
from pathlib import Path
from typing import Any

import torch

from vernacular.config.schema import Model
from vernacular.config.training import Pretraining
from vernacular.core.store import digest_of, write_atomically
from vernacular.modeling.device import has_bf16
from vernacular.modeling.distributed import together
from vernacular.modeling.optimizer import optimizer_for
from vernacular.modeling.resumable_training import seconds_of_step
from vernacular.modeling.training_loop import Plan, take_step

_LOADED_SECONDS = 6 * 3600  # validity of a speed measured under load: both variants take the same steps
_LOOP = 3  # raise it when the loop becomes faster, to measure again


def speed_key(model: Model, base: str) -> str:
    """Return what training speed depends on: model, shape of a step, processor or GPU, threads."""
    settings = model.pretraining
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    return digest_of([_LOOP, base, model.base.precision, model.objective, settings.sequence_length,
                      settings.batch_size, settings.mask_share, settings.method, settings.accumulate,
                      settings.recompute, settings.shard, settings.keep_states, device,
                      torch.get_num_threads(), together()[1], has_bf16(), model.vocabulary.trim,
                      model.alignment.batch_size if model.alignment is not None else 0])


def known_speed(machine: Path, key: str) -> float | None:
    """Return the stored tokens per second of this machine, or None; one measured under load expires."""
    path = machine / f"speed-{key}.json"
    if not path.is_file():
        return None
    known = json.loads(path.read_text(encoding="utf-8"))
    if known.get("under_load") and time.time() - path.stat().st_mtime > _LOADED_SECONDS:
        return None
    return float(known["tokens_per_second"])


def measure_speed(machine: Path, key: str, model: Any, plan: Plan) -> float:
    """Measure tokens per second of ``model`` by the median of a few steps; store it in ``machine``."""
    seconds, loaded = time_steps(model, plan)
    speed = plan.settings.batch_size * plan.settings.sequence_length / seconds
    write_atomically(machine / f"speed-{key}.json", json.dumps({
        "tokens_per_second": speed, "under_load": loaded}))
    return speed


def time_steps(model: Any, plan: Plan, most_seconds: float = math.inf) -> tuple[float, bool]:
    """Return the median seconds of a step of ``plan``, as ``seconds_of_step`` does; the weights stay."""
    optimizer = optimizer_for(model, plan.settings)
    body = int((plan.settings.head_first or 0.0) * plan.steps) + 1  # measure steps in which everything is trained
    return seconds_of_step(model, lambda step: take_step(model, optimizer, plan, step), body, most_seconds)


def steps_within(settings: Pretraining, speed: float, most: float) -> int:
    """Return the steps within the budget and the epoch limit.

    Args:
        settings: with minutes or steps.
        speed: tokens per second; unused with steps.
        most: most blocks to see (``schedules.most_blocks``).
    """
    steps = max(1, int(most / settings.batch_size))
    if settings.steps is not None:
        return min(settings.steps, steps)
    assert settings.minutes is not None  # validated by Model
    return max(1, min(steps, int(settings.minutes * 60 * speed / (settings.batch_size * settings.sequence_length))))
