"""The optimizer: AdamW with clipped gradients, and a higher effective rate for new embedding rows."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from numpy.typing import NDArray

from vernacular.config.training import Pretraining
from vernacular.modeling.device import device_of, to_device
from vernacular.modeling.frozen_weights import ROWS
from vernacular.modeling.pending_loss import PendingLoss
from vernacular.modeling.sharding import is_sharded, local, total_norm

_WAITING = 0.1  # default
_CLIP = 1.0  # gradient norm
Rows = tuple[torch.nn.Parameter, torch.Tensor | slice]  # a parameter and its new rows


def optimizer_for(model: Any, settings: Pretraining) -> torch.optim.AdamW:
    """Return AdamW with two rate groups, each with and without weight decay (none on vectors and rows)."""
    return adamw(model, model.base_model.parameters(), settings.weight_decay, model.get_input_embeddings().weight)


def adamw(network: torch.nn.Module, body: Iterable[torch.nn.Parameter], weight_decay: float,
          table: torch.nn.Parameter | None = None) -> torch.optim.AdamW:
    """Return AdamW with groups for ``body``, for the rows of ``table`` or of new tokens, and for everything else."""
    in_body = {id(parameter) for parameter in body}
    groups: dict[tuple[str, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        rows = parameter is table or ROWS in name
        part = "rows" if rows else "body" if id(parameter) in in_body else "head"
        groups.setdefault((part, parameter.ndim > 1 and part != "rows"), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": parameters, "part": part, "weight_decay": weight_decay if decays else 0.0}
         for (part, decays), parameters in groups.items()],
        betas=(0.9, 0.98), eps=1e-6,
        fused=not is_sharded(network), foreach=False)  # neither takes distributed and whole weights together


def set_rates(optimizer: torch.optim.AdamW, head: float, body: float, frozen: bool) -> None:
    """Set the rate of the body and that of everything else; ``frozen``: the body has no gradients in this step."""
    for group in optimizer.param_groups:
        group["lr"] = body if group["part"] == "body" else head
        if group["part"] == "body":
            for parameter in group["params"]:
                parameter.requires_grad_(not frozen)


def gradients_of(optimizer: torch.optim.AdamW) -> list[torch.Tensor]:
    """Return the gradients of all that is trained in this step."""
    return [parameter.grad for group in optimizer.param_groups for parameter in group["params"]
            if parameter.grad is not None]


def take_clipped_step(optimizer: torch.optim.AdamW, loss: torch.Tensor, step: int,
                      sharded: bool = False) -> PendingLoss:
    """Clip the gradients and take the step, without waiting for a GPU; it changes nothing if its loss is not finite."""
    gradients = gradients_of(optimizer)
    length = total_norm(gradients)
    pending = PendingLoss(loss, length, step)
    scale = (length / _CLIP).clamp(min=1).float()
    if sharded:
        pending.read()
        for one in gradients:
            local(one).div_(scale)
    else:
        finite = loss.isfinite() & length.isfinite()
        optimizer.found_inf = 1 - finite.float()  # type: ignore[attr-defined]  # at 1 AdamW does nothing
        optimizer.grad_scale = scale  # type: ignore[attr-defined]  # AdamW divides by it as it goes
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return pending


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
