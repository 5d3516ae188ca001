"""The memory of a card that a model's trainings take, and what makes it smaller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vernacular.config.schema import Model
from vernacular.modeling.memory import TrainingMemory
from vernacular.pretraining.cost import step_memory


@dataclass(frozen=True)
class CardMemory:
    """The memory of a card that a model's trainings take, in bytes."""

    pretraining: TrainingMemory
    tasks: int | None  # fine-tuning on a task; None without one
    smaller: tuple[tuple[str, int], ...]  # settings of pretraining that save memory, and what it takes then

    @property
    def needed(self) -> int:
        """What the largest training takes."""
        return max(self.pretraining.total, self.tasks or 0)


def card_memory(model: Model, network: Any, tuned: bool) -> CardMemory:
    """Estimate what the trainings of ``model`` take on a card.

    ``network``: its base; only the shape is read. ``tuned``: whether a task is fine-tuned.
    """
    now, lora = _pretraining(model, network), model.lora
    # Scoring and tasks take two bytes per weight where pretraining takes half a byte. A task's decoder is small, but
    # generation predicts whole texts.
    tasks = model.pretraining.model_copy(update={
        "method": lora.method, "lora_rank": lora.rank, "batch_size": lora.batch_size, "accumulate": 1,
        "sequence_length": lora.max_length, "recompute": False})
    stored = model.base.precision if model.base.precision != "nf4" else "bfloat16"
    smaller = tuple((name, taken) for name, changed in _savings(model)
                    if (taken := _pretraining(changed, network).total) < 0.9 * now.total)
    return CardMemory(now, step_memory(network, tasks, stored, model.objective, True,
                                       model.vocabulary.new_pieces).total if tuned else None, smaller)


def _pretraining(model: Model, network: Any) -> TrainingMemory:
    return step_memory(network, model.pretraining, model.base.precision, model.objective, True,
                       model.vocabulary.new_pieces)


def _savings(model: Model) -> Iterator[tuple[str, Model]]:
    """Yield settings that save memory, each with the model that has them and those before."""
    names = list[str]()
    steps: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("recompute: true", {"recompute": True}, {}),
        (f"accumulate: {model.pretraining.batch_size}", {"accumulate": model.pretraining.batch_size}, {}),
        ("method: lora", {"method": "lora"}, {}), ("precision: bfloat16", {}, {"precision": "bfloat16"})]
    if model.objective == "causal":
        steps.append(("precision: nf4", {}, {"precision": "nf4"}))
    for name, training, base in steps:
        changed = model.model_copy(update={"pretraining": model.pretraining.model_copy(update=training),
                                           "base": model.base.model_copy(update=base)})
        if changed == model or (base and model.base.precision == "nf4"):
            continue
        model = changed
        names = [one for one in names if not (base and one.startswith("precision"))] + [name]
        yield ", ".join(names), model
