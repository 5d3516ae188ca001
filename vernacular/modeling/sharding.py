"""Fully sharded training (FSDP2, Zhao et al. 2304.11277): each process keeps a part of every layer.

A layer is put together when it is used, forward and backward, and its gradient is added up where
its parts are. Embeddings and head are whole in every process, as without sharding. Checkpoints are
whole, so that another number of processes can continue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.distributed import together


def shard(model: Any, device: torch.device) -> None:
    """Distribute the layers of ``model`` over the processes, each moved to ``device`` and cut, one after the other.

    Raises:
        Problem: the layers of this family cannot be found.
    """
    count = model.config.get_text_config().num_hidden_layers
    layers = next((module for module in model.base_model.modules()
                   if isinstance(module, torch.nn.ModuleList) and len(module) == count), None)
    if layers is None:
        raise Problem(f"the layers of a {type(model).__name__} cannot be distributed", where="pretraining.shard",
                      fix="Remove it", code=Code.MODEL_KIND)
    mesh = init_device_mesh(device.type, (together()[1],))
    for layer in layers:
        part: FSDPModule = fully_shard(layer, mesh=mesh)
        part.set_gradient_divide_factor(1.0)  # the loss is a share of the sum, not a mean
        part.set_force_sum_reduction_for_comms(True)


def is_sharded(model: Any) -> bool:
    """Whether ``model`` is distributed over processes."""
    return any(isinstance(parameter, DTensor) for parameter in model.parameters())


def local(tensor: torch.Tensor) -> torch.Tensor:
    """Return this process's part of ``tensor``, which shares its memory."""
    found: torch.Tensor = tensor.to_local() if isinstance(tensor, DTensor) else tensor
    return found


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """Return all of ``tensor``; every process must ask."""
    found: torch.Tensor = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    return found


def as_part_of(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return ``tensor`` distributed as ``like`` is, if that is; every process must ask."""
    if not isinstance(like, DTensor):
        return tensor
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)


def restore(model: Any, weights: Mapping[str, torch.Tensor]) -> list[str]:
    """Put whole ``weights`` into a distributed model; return the names that it lacks."""
    parameters = dict(model.named_parameters(remove_duplicate=False))
    with torch.no_grad():
        for name in sorted(weights.keys() & parameters.keys()):
            local(parameters[name]).copy_(local(as_part_of(weights[name], parameters[name])))
    return sorted(weights.keys() - parameters.keys() - {name for name, _ in model.named_buffers()})


def total_norm(gradients: Iterable[torch.Tensor]) -> torch.Tensor:
    """Return the norm of gradients, of which some are distributed."""
    found = list(gradients)
    parts = [local(one) for one in found if isinstance(one, DTensor)]
    if not parts:
        return torch.nn.utils.get_total_norm(found)
    square = torch.nn.utils.get_total_norm(parts).square()
    distributed.all_reduce(square)
    plain = [one for one in found if not isinstance(one, DTensor)]
    return (square + (torch.nn.utils.get_total_norm(plain).square() if plain else 0.0)).sqrt()
