"""What a pretraining will cost before anything is spent, and what it did: tokens, steps, memory, disk, time, energy."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import Any

import torch

from vernacular.artifacts import Store
from vernacular.config.schema import Language, Model, Pretraining
from vernacular.energy import kilowatt_hours
from vernacular.models import fingerprint, load_base
from vernacular.pretraining.budget import known_speed, speed_key, steps_within
from vernacular.pretraining.states import weight

_GIB = 2**30
# Measured on two encoders (docs/pretraining.md): Python with torch and transformers; bytes for a parameter: weight,
# gradient, two moments and the base's weight; for a token in a layer: per unit of width, and per attention weight.
_PROCESS, _PARAMETER, _FROZEN, _WIDTH, _SCORE = 0.7, 20, 8, 60, 4
_BASE = 4  # bytes for a parameter of the base that gives the states to be kept
_NO_POWER = ("not known: no table names this processor or card (pip install --no-deps codecarbon, or set "
             "VERNACULAR_WATTS)")
_PACKED = 17  # bytes of a token of packed text


@dataclass(frozen=True)
class Cost:
    """Of one arm, predicted or measured; None where it is not known. Energy is estimated in both.

    Attributes:
        tokens: read in training.
        minutes: in training steps.
        memory_gib: at the peak: of the process, or of the card where there is one.
        energy_kwh: ``minutes`` multiplied by ``VERNACULAR_WATTS`` or by this machine's design power.
    """

    tokens: int | None
    minutes: float | None
    memory_gib: float
    energy_kwh: float | None

    def shown(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def predict(network: Any, settings: Pretraining, steps: int | None, speed: float | None, text: int,
            objective: str, new_rows: int = 0) -> Cost:
    """The cost of training one arm.

    Args:
        network: the base model; only its shape is read.
        settings: of the training.
        steps: optimizer steps; None where they depend on a speed not yet measured.
        speed: tokens a second on this machine, if known.
        text: tokens of packed text.
        objective: ``masked`` or ``causal``.
        new_rows: rows that are still to be added to ``network``.
    """
    config = network.config
    width, rows = config.hidden_size, config.vocab_size + new_rows
    parameters = sum(parameter.numel() for parameter in network.parameters()) + new_rows * width
    part = -(-settings.batch_size // settings.accumulate) * settings.sequence_length
    card = torch.cuda.is_available()
    layer = _WIDTH * width + (0 if card else _SCORE * settings.sequence_length * config.num_attention_heads)
    kept = layer + 4 * width * config.num_hidden_layers if settings.recompute else layer * config.num_hidden_layers
    predicted = part * (settings.mask_share if objective == "masked" else 1.0)
    head = 2 * predicted * rows + 8 * rows * width
    each = _FROZEN if settings.method == "lora" else _PARAMETER
    memory = parameters * (each - 4 if card else each) + part * kept + head
    if weight(settings, network, objective):
        memory += _BASE * parameters
    if not card:
        memory += _PROCESS * _GIB + _PACKED * text
    tokens = steps * settings.batch_size * settings.sequence_length if steps else None
    minutes = tokens / speed / 60 if tokens and speed else settings.minutes
    return Cost(tokens, minutes, memory / _GIB, kilowatt_hours(minutes))


def measured(tokens: int, minutes: float) -> Cost:
    """What a training cost that has just ended in this process."""
    if torch.cuda.is_available():
        memory = torch.cuda.max_memory_allocated() / _GIB
    else:
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        memory = peak / _GIB if sys.platform == "darwin" else peak / 2**20
    return Cost(tokens, minutes, memory, kilowatt_hours(minutes))


def estimate(language: Language, store: Store, name: str, model: Model) -> dict[str, Any]:
    """The cost of pretraining a model.

    Returns:
        ``parameters``, ``tokens_in_text`` (None before corpus and tokenizer are there), ``steps`` and ``tokens`` of an
        arm (None where they depend on a speed not yet measured here), ``pretraining_minutes`` and ``energy_kwh`` of
        both arms, ``memory_gib``, ``disk_gib``.
    """
    network, _ = load_base(model.base, model.objective, language)
    settings, tokenizer = model.pretraining, store.current(language.code, f"tokenizer/{name}")
    corpus = store.current(language.code, "corpus/splits")
    new, text = model.vocabulary.new_pieces, None
    if tokenizer:
        counts = tokenizer.manifest.report.counts
        new = int(counts["new_pieces"].value)
        if "rows_kept" in counts:  # the base was trimmed
            new -= int(counts["rows_base"].value - counts["rows_kept"].value)
    if corpus and tokenizer:
        words = corpus.manifest.report.counts["words_train"].value
        text = int(words * tokenizer.manifest.report.counts["fertility_extended"].value)
    parameters = sum(parameter.numel() for parameter in network.parameters()) + new * network.config.hidden_size
    speed = known_speed(store.root / ".machine", speed_key(model, fingerprint(model.base, language)))
    target = max(0.05, 1 - settings.replay * bool(model.retention))
    before = store.current(language.code, f"model/{name}")
    if speed is None and before is not None:
        speed = before.manifest.report.counts["tokens_per_s"].value
    blocks = max(1, (text or 10**9) // settings.sequence_length) / target
    steps = steps_within(settings, speed or 0.0, settings.max_epochs * blocks) if speed or settings.steps else None
    cost = predict(network, settings, steps, speed, text or 0, model.objective, new)
    return {"model": name, "parameters": parameters, "tokens_in_text": text, "steps": steps, "tokens": cost.tokens,
            "pretraining_minutes": 2 * cost.minutes if cost.minutes else None, "memory_gib": cost.memory_gib,
            "energy_kwh": 2 * cost.energy_kwh if cost.energy_kwh else None if kilowatt_hours(1) else _NO_POWER,
            "disk_gib": 3 * parameters * 4 / _GIB + parameters * 16 / _GIB}
