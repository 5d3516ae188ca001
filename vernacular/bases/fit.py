"""Ways to train a candidate, and the memory that each needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from vernacular.bases.table import Candidate
from vernacular.config.base import Precision
from vernacular.config.training import Pretraining
from vernacular.forecast.cards import fits
from vernacular.modeling.memory import GIB, training_memory

Machine = Literal["laptop", "8", "24", "80"]
MACHINES: tuple[Machine, ...] = get_args(Machine)
LAPTOP_GIB = 8  # memory that a training may take on a laptop without a card
LAPTOP_PARAMETERS = 400_000_000  # most there: larger ones take ten times as long as e5-small (118 million) for a step
_PROCESS = 0.7 * GIB  # bytes of Python with torch and transformers, besides tensors
_METHODS: tuple[tuple[Literal["full", "lora"], Precision], ...] = (
    ("full", "float32"), ("lora", "float32"), ("lora", "bfloat16"), ("lora", "nf4"))


@dataclass(frozen=True)
class Training:
    """A way to train a candidate: the settings, and the memory that they need."""

    method: Literal["full", "lora"]  # `pretraining.method`
    precision: Precision  # `base.precision`
    gib: float

    def described(self) -> str:
        """Return it as ``full, 7.4 GiB`` or ``LoRA in nf4, 9.1 GiB``."""
        how = "full" if self.method == "full" else "LoRA" + (
            f" in {self.precision}" if self.precision != "float32" else "")
        return f"{how}, {self.gib:.1f} GiB"


def training_for(candidate: Candidate, machine: Machine) -> Training | None:
    """Return the first way to train ``candidate`` that fits ``machine``: full before LoRA, float32 before less.

    None if none fits, or if its sizes are unknown. On a laptop weights stay in float32; nf4 is for
    decoders.
    """
    if machine == "laptop" and (candidate.parameters or 0) > LAPTOP_PARAMETERS:
        return None
    for method, precision in _METHODS:
        if precision != "float32" and machine == "laptop":
            continue
        if precision == "nf4" and candidate.objective == "masked":
            continue
        needed = memory_of(candidate, method, precision, machine == "laptop")
        if needed is not None and (needed + _PROCESS <= LAPTOP_GIB * GIB if machine == "laptop" else
                                   fits(needed, float(machine))):
            return Training(method, precision, needed / GIB)
    return None


def memory_of(candidate: Candidate, method: str = "full", precision: Precision = "float32",
              processor: bool = False) -> int | None:
    """Return the bytes that a training with default settings needs; None if the sizes are unknown.

    ``processor``: whether it runs without a card, where attention weights are stored.
    """
    shape, settings = candidate.shape, Pretraining(steps=1)
    if shape is None or candidate.parameters is None or candidate.vocabulary is None:
        return None
    return training_memory(
        candidate.parameters, shape.width, shape.layers, candidate.vocabulary, precision=precision, method=method,
        rank=settings.lora_rank, rows=settings.batch_size, length=settings.sequence_length, new_rows=2000,
        predicted=settings.mask_share if candidate.objective == "masked" else 1.0, tied=shape.tied,
        heads=shape.heads if processor else 0)
