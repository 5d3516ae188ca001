"""From minutes to steps: how fast this machine trains this model, measured once and kept.

Both arms of a comparison read the same figure, so they get the same number of steps, and so does a resumed run. A speed
that was measured while other programs kept the processor busy is used for some hours, and then measured again.
"""

from __future__ import annotations

import json
import math
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import psutil
import torch

from vernacular.config.schema import Model
from vernacular.config.training import Pretraining
from vernacular.core.store import digest_of, write_atomically
from vernacular.modeling.device import has_bf16
from vernacular.modeling.distributed import together
from vernacular.modeling.optimizer import optimizer_for
from vernacular.modeling.training_loop import Plan, take_step

UNTIMED_STEPS, TIMED_STEPS = 3, 9
_MOST_OTHERS = 0.25  # cores that other processes may use while a speed is measured
_LOADED_SECONDS = 6 * 3600  # how long a speed that was measured under load is used: both arms take the same steps
_LOOP = 3  # raised when the loop becomes faster: what was measured before is then measured again


def speed_key(model: Model, base: str) -> str:
    """What training speed depends on: the model, the shape of a step, the processor or card, the threads."""
    settings = model.pretraining
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    return digest_of([_LOOP, base, model.objective, settings.sequence_length, settings.batch_size, settings.mask_share,
                      settings.method, settings.accumulate, settings.recompute, settings.keep_states, device,
                      torch.get_num_threads(), together()[1], has_bf16(), model.vocabulary.trim,
                      model.alignment.batch_size if model.alignment is not None else 0])


def known_speed(machine: Path, key: str) -> float | None:
    """Tokens per second measured on this machine before, or None; one measured under load counts for some hours."""
    path = machine / f"speed-{key}.json"
    if not path.is_file():
        return None
    known = json.loads(path.read_text(encoding="utf-8"))
    if known.get("under_load") and time.time() - path.stat().st_mtime > _LOADED_SECONDS:
        return None
    return float(known["tokens_per_second"])


def measure_speed(machine: Path, key: str, model: Any, plan: Plan) -> float:
    """Tokens per second of ``model``, by the median of a few whole steps; written to ``machine``."""
    seconds, loaded = time_steps(model, plan)
    speed = plan.settings.batch_size * plan.settings.sequence_length / seconds
    write_atomically(machine / f"speed-{key}.json", json.dumps({
        "tokens_per_second": speed, "under_load": loaded}))
    return speed


def time_steps(model: Any, plan: Plan, most_seconds: float = math.inf) -> tuple[float, bool]:
    """Seconds of a whole step of ``plan``, by the median of a few, and whether other programs slowed it down.

    The weights are set back afterwards, from the processor's memory: a second model may not fit a card.

    Args:
        model: to be trained.
        plan: of its training.
        most_seconds: no further step is begun after this time; two are timed in any case.
    """
    begun = time.monotonic()
    kept = {name: tensor.detach().to("cpu", copy=True) for name, tensor in model.state_dict().items()}
    training, learning = model.training, [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.train()
    optimizer = optimizer_for(model, plan.settings)
    body = int((plan.settings.head_first or 0.0) * plan.steps) + 1  # time steps in which all of it learns
    for step in range(UNTIMED_STEPS):
        take_step(model, optimizer, plan, body + step)
    seconds: list[float] = []
    before, timed = _busy_elsewhere(), time.monotonic()
    for step in range(TIMED_STEPS):
        started = time.monotonic()
        if len(seconds) > 1 and started - begun > most_seconds:
            break
        take_step(model, optimizer, plan, body + UNTIMED_STEPS + step)
        seconds.append(time.monotonic() - started)  # the loss that a step returns has waited for the device
    others = (_busy_elsewhere() - before) / (time.monotonic() - timed)
    if together()[1] > 1:
        others = 0.0  # the other processes of this training keep the processor busy, too
    model.load_state_dict(kept)
    for parameter in learning:
        parameter.requires_grad_(True)
        parameter.grad = None
    model.train(training)
    return statistics.median(seconds), others > _MOST_OTHERS


def _busy_elsewhere() -> float:
    """Seconds of processor time that other processes of this machine have used so far, over all cores."""
    every, own = psutil.cpu_times(), psutil.Process().cpu_times()
    return float(every.user + every.system + getattr(every, "nice", 0.0) - own.user - own.system)


def steps_within(settings: Pretraining, speed: float, most: float) -> int:
    """The steps that fit the budget, within the most epochs allowed.

    Args:
        settings: with the minutes, or the steps asked for.
        speed: tokens per second; not read where steps are asked for.
        most: blocks that may be seen (``schedule.most_blocks``).
    """
    steps = max(1, int(most / settings.batch_size))
    if settings.steps is not None:
        return min(settings.steps, steps)
    assert settings.minutes is not None  # Model refuses to be without a budget
    return max(1, min(steps, int(settings.minutes * 60 * speed / (settings.batch_size * settings.sequence_length))))
