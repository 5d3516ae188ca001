"""The optimizer: AdamW over what learns, and the new rows, which go further in a step than what the base knows."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from vernacular.config.training import Pretraining
from vernacular.modeling.lora import ROWS

_WAITING = 0.1  # where it is not set
Rows = tuple[torch.nn.Parameter, torch.Tensor | slice]  # a parameter and the rows of it that are new


def optimizer_for(model: Any, settings: Pretraining) -> torch.optim.AdamW:
    """AdamW over what learns, in two groups of rates, each with and without weight decay (none on vectors and rows)."""
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
        lr=settings.learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=True)


def new_rows_of(model: Any, new: NDArray[Any]) -> list[Rows]:
    """The rows of pieces ``new`` wherever they learn: in embedding, output matrix and its bias, or as PEFT's own."""
    if not len(new):
        return []
    decoder = model.get_output_embeddings()
    tables = {id(table): table for table in (
        getattr(model.get_input_embeddings(), "weight", None), getattr(decoder, "weight", None),
        getattr(decoder, "bias", None)) if table is not None and table.requires_grad}
    ids = torch.from_numpy(new).to(next(model.parameters()).device)
    return [*((table, ids) for table in tables.values()),
            *((parameter, slice(None)) for name, parameter in model.named_parameters() if ROWS in name)]


def waiting(settings: Pretraining, model: Any, new: NDArray[Any], objective: str) -> float:
    """The share of the steps in which the body waits: none if neither a head nor rows of pieces ``new`` learn then."""
    body = {id(parameter) for parameter in model.base_model.parameters()}
    head = (parameter for parameter in model.parameters() if id(parameter) not in body)
    if not len(new) and not any(parameter.requires_grad for parameter in head):
        return 0.0
    if settings.head_first is None:
        return _WAITING if objective == "masked" else 0.0
    return settings.head_first


def times_further(settings: Pretraining, model: Any, new: NDArray[Any]) -> float:
    """How many times as far as the old rows the rows of pieces ``new`` go, so that their rate is what is set.

    It is set as a share of the size of the rows (root mean square of the table), which differs tenfold between models.
    """
    if not len(new):
        return 1.0
    table = model.get_input_embeddings().weight.detach()
    size = float(table.norm()) / math.sqrt(table.numel())
    return settings.new_rows_rate * size / settings.learning_rate


@contextlib.contextmanager
def further(rows: Sequence[Rows], rate: float) -> Iterator[None]:
    """What moves ``rows`` while this lasts has moved them ``rate`` times as far in the end: a rate of their own.

    AdamW knows one rate for a whole table, and a step of it is in proportion to that rate.
    """
    if rate == 1:
        yield
        return
    before = [table.detach()[new].clone() for table, new in rows]
    yield
    with torch.no_grad():
        for (table, new), start in zip(rows, before, strict=True):
            table[new] = torch.lerp(start, table[new], rate)
