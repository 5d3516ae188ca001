"""The optimizer: AdamW, with a higher effective rate for new embedding rows."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from vernacular.config.training import Pretraining
from vernacular.modeling.device import device_of, to_device
from vernacular.modeling.frozen_weights import ROWS
from vernacular.modeling.sharding import is_sharded

_WAITING = 0.1  # default
Rows = tuple[torch.nn.Parameter, torch.Tensor | slice]  # a parameter and its new rows


def optimizer_for(model: Any, settings: Pretraining) -> torch.optim.AdamW:
    """Return AdamW with two rate groups, each with and without weight decay (none on vectors and rows)."""
    embedding = model.get_input_embeddings().weight
    body = {id(parameter) for parameter in model.base_model.parameters()}
    groups: dict[tuple[str, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rows = parameter is embedding or ROWS in name
        part = "rows" if rows else "body" if id(parameter) in body else "head"
        groups.setdefault((part, parameter.ndim > 1 and part != "rows"), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": parameters, "part": part, "weight_decay": settings.weight_decay if decays else 0.0}
         for (part, decays), parameters in groups.items()],
        lr=settings.learning_rate, betas=(0.9, 0.98), eps=1e-6,
        fused=not is_sharded(model), foreach=False)  # neither takes distributed and whole weights together


def new_rows_of(model: Any, new: NDArray[Any]) -> list[Rows]:
    """Return the trainable rows of new tokens: in embedding, output matrix and bias, or as PEFT's parameter."""
    if not len(new):
        return []
    decoder = model.get_output_embeddings()
    tables = {id(table): table for table in (
        getattr(model.get_input_embeddings(), "weight", None), getattr(decoder, "weight", None),
        getattr(decoder, "bias", None)) if table is not None and table.requires_grad}
    ids = to_device(new, device_of(model))
    return [*((table, ids) for table in tables.values()),
            *((parameter, slice(None)) for name, parameter in model.named_parameters() if ROWS in name)]


def waiting(settings: Pretraining, model: Any, new: NDArray[Any], objective: str) -> float:
    """Return the share of steps with a frozen body: none if neither a head nor new rows are trained then."""
    body = {id(parameter) for parameter in model.base_model.parameters()}
    head = (parameter for parameter in model.parameters() if id(parameter) not in body)
    if not len(new) and not any(parameter.requires_grad for parameter in head):
        return 0.0
    if settings.head_first is None:
        return _WAITING if objective == "masked" else 0.0
    return settings.head_first


def times_further(settings: Pretraining, model: Any, new: NDArray[Any]) -> float:
    """Return the rate factor of new rows, so that their rate is the configured one.

    It is configured relative to the root mean square of the table, which differs tenfold between
    models.
    """
    if not len(new):
        return 1.0
    table = model.get_input_embeddings().weight.detach()
    size = float(torch.linalg.vector_norm(table, dtype=torch.float32)) / math.sqrt(table.numel())
    return settings.new_rows_rate * size / settings.learning_rate


@contextlib.contextmanager
def further(rows: Sequence[Rows], rate: float) -> Iterator[None]:
    """Scale all updates of ``rows`` within the block by ``rate``, as a separate learning rate.

    AdamW has one rate per table, and its updates are proportional to the rate.
    """
    if rate == 1:
        yield
        return
    before = [table.detach()[new].clone() for table, new in rows]
    yield
    with torch.no_grad():
        for (table, new), start in zip(rows, before, strict=True):
            table[new] = torch.lerp(start, table[new], rate)
