"""The speed of this machine with a model: timed on real steps with the base, and cached.

The cache is in the store's ``.machine`` folder, by base, shape of a step and processor or GPU.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from vernacular.alignment.objective import LONGEST, TranslationLoss
from vernacular.config.schema import Language, Model
from vernacular.core.store import Store, write_atomically
from vernacular.datasets.aligned_pairs import Learned
from vernacular.modeling import lora
from vernacular.modeling.base_files import fingerprint
from vernacular.modeling.base_models import load_base, longest_input
from vernacular.modeling.device import device_of
from vernacular.modeling.frozen_weights import count_parameters
from vernacular.modeling.fused_loss import keep_memory
from vernacular.modeling.objectives import objective_for
from vernacular.modeling.optimizer import waiting
from vernacular.modeling.packing import pack
from vernacular.modeling.state_distillation import States, Teacher, mean_states, weight
from vernacular.modeling.training_loop import Plan
from vernacular.pipeline.stage import Progress, silent
from vernacular.pretraining.budget import known_speed, speed_key, time_steps
from vernacular.pretraining.cost import check_length

SECONDS = 8.0  # for steps, besides loading the base; a fifth of it for reading
_LOADED_SECONDS = 6 * 3600  # validity of a speed measured under load, as in budget
_STEPS = 1000  # of the timed training; has no effect on a step
_LINES_AT_ONCE = 32
_READ_AS_FAST = 3.0  # a backward pass takes the time of two forward passes
# Tokens per second of MiniLM (22.7M parameters) and e5-small (118M) on two cores:
# docs/experiments/training-speed.md.
_TABLE = ((22.7e6, 6797.0), (118e6, 2007.0))
Origin = Literal["measured", "earlier", "run", "table"]


@dataclass(frozen=True)
class Speed:
    """The speed of this machine with a model."""

    step: float  # seconds per pretraining step
    train: float  # tokens per second in it
    read: float  # tokens per second read without training
    origin: Origin  # measured now, by an earlier plan or in an earlier run; or from a table
    loaded: bool = False  # whether other programs used the processor meanwhile


def speed_of(store: Store, language: Language, model: Model, network: Any, tokenizer: Any, sample: Sequence[str],
             quick: bool, progress: Progress = silent) -> Speed:
    """Return the speed of this machine with ``model``.

    ``store``: whose ``.machine`` folder caches it.
    ``sample``: lines of the text; required for measuring.
    ``quick``: do not measure.
    """
    key = speed_key(model, fingerprint(model.base, language))
    path = store.root / ".machine" / f"plan-{key}.json"
    known = _remembered(path)
    if known is not None:
        return known
    if quick or not sample:
        return _of_earlier_run(store, key, model) or _by_table(model, network)
    progress("measuring the speed of this machine with the base: about ten seconds; --quick skips it")
    if device_of(network).type == "meta":
        network, _ = load_base(model.base, model.objective, language)
    measured = measure(model, network, tokenizer, sample)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(asdict(measured)))
    return measured


def measure(model: Model, network: Any, tokenizer: Any, sample: Sequence[str], seconds: float = SECONDS) -> Speed:
    """Time pretraining steps and reading; ``network`` keeps its weights.

    Raises:
        Problem: a block exceeds the base's length.
    """
    check_length(network, model.pretraining, "pretraining")
    keep_memory()
    settings, device = model.pretraining, torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    read = _reading(network, tokenizer, sample, seconds / 5)
    state_weight = weight(settings, network, model.objective)
    settings = settings.model_copy(update={"keep_states": state_weight, "recompute": False})
    blocks = pack(sample, tokenizer, settings.sequence_length)
    states = None
    if state_weight and model.alignment is None:
        states = States(Teacher(network, tokenizer).to(device), blocks, tokenizer, state_weight, range(len(blocks)))
    wrapped = lora.wrap(network, [], settings.lora_rank) if settings.method == "lora" else None
    none = np.zeros(0, dtype=np.int64)
    settings = settings.model_copy(update={"head_first": waiting(settings, network, none, model.objective)})
    objective = objective_for(model.objective, tokenizer, settings.mask_share)
    plan = Plan(blocks, np.arange(len(blocks)), objective, settings, _STEPS, none, model.seed,
                lambda network: 0.0, states=states, translations=_translations(model, network, tokenizer, sample))
    step, loaded = time_steps(network, plan, seconds)
    if wrapped is not None:
        wrapped.unload()
    return Speed(step, settings.batch_size * settings.sequence_length / step, read, "measured", loaded)


def _translations(model: Model, network: Any, tokenizer: Any, sample: Sequence[str]) -> TranslationLoss | None:
    """Return the translation loss on pairs of the right length; their content does not affect the time."""
    if model.alignment is None:
        return None
    lines = list(sample)
    lines *= -(-2 * model.alignment.batch_size // len(lines))
    targets = torch.from_numpy(np.random.default_rng(model.seed).standard_normal(
        (len(lines), network.config.get_text_config().hidden_size), np.float32))
    learned = Learned([(line, f"{number}") for number, line in enumerate(lines)], targets, [], targets[:0])
    return TranslationLoss(learned, tokenizer, model.alignment, network, model.seed, "plan")


def _reading(network: Any, tokenizer: Any, sample: Sequence[str], seconds: float) -> float:
    """Return the tokens per second that the body reads in batches of similar length, as in scoring."""
    lines = sorted(sample, key=len)
    parts = [lines[first:first + _LINES_AT_ONCE] for first in range(0, len(lines), _LINES_AT_ONCE)]
    generator = np.random.default_rng(1)
    tokens, spent, longest = 0, 0.0, longest_input(network, LONGEST)
    with torch.inference_mode():
        mean_states(network.base_model, tokenizer, parts[len(parts) // 2], longest)  # the first call is slower
        while spent < seconds:
            part = parts[int(generator.integers(len(parts)))]
            started = time.monotonic()
            mean_states(network.base_model, tokenizer, part, longest).sum().item()  # waits for the GPU
            spent += time.monotonic() - started
            tokens += sum(min(longest, len(encoding.ids))
                          for encoding in tokenizer.backend_tokenizer.encode_batch(part))
    return tokens / spent


def _remembered(path: Path) -> Speed | None:
    if not path.is_file():
        return None
    known = Speed(**{**json.loads(path.read_text(encoding="utf-8")), "origin": "earlier"})
    return None if known.loaded and time.time() - path.stat().st_mtime > _LOADED_SECONDS else known


def _of_earlier_run(store: Store, key: str, model: Model) -> Speed | None:
    """Return the speed measured by an earlier run with a budget in minutes."""
    found = known_speed(store.root / ".machine", key)
    return None if found is None else _from_tokens(found, model, "run")


def _by_table(model: Model, network: Any) -> Speed:
    """Estimate it from the number of parameters, by a power law through two measured models."""
    (small, fast), (large, slow) = _TABLE
    power = np.log(slow / fast) / np.log(large / small)
    parameters = count_parameters(network)
    return _from_tokens(float(fast * (parameters / small) ** power), model, "table")


def _from_tokens(train: float, model: Model, origin: Origin) -> Speed:
    settings = model.pretraining
    return Speed(settings.batch_size * settings.sequence_length / train, train, _READ_AS_FAST * train, origin)
