"""Distributed data-parallel training with ``torchrun``: ranks, gradient sums, shared values.

Every process has the whole model and a share of each batch's blocks: the loss curve equals that of
one process.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import distributed

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

_BUCKET = 1 << 24  # numbers per message: 64 MB


def start() -> torch.device:
    """Join the other processes if torchrun started several; return the device to train on."""
    card = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if card else torch.device("cpu")
    if card:
        torch.cuda.set_device(device)  # else events and measures of memory would be of the first card
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if card else "gloo")
        atexit.register(_leave)  # threads that outlive the interpreter may abort it
    return device


def _leave() -> None:
    if distributed.is_initialized():
        distributed.destroy_process_group()


def together() -> tuple[int, int]:
    """Return this process's rank and the number of processes."""
    if not distributed.is_available() or not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def share(values: torch.Tensor) -> torch.Tensor:
    """Broadcast ``values`` of the first process."""
    if together()[1] > 1:
        _explain_failure(partial(distributed.broadcast, values, 0))
    return values


def sum_up(tensors: Iterable[torch.Tensor]) -> None:
    """Replace each tensor by its sum over the processes, in place.

    Raises:
        Problem: another process has died.
    """
    if together()[1] == 1:
        return
    bucket: list[torch.Tensor] = []
    for tensor in [*tensors, None]:
        if bucket and (tensor is None or tensor.dtype != bucket[0].dtype
                       or sum(map(torch.Tensor.numel, bucket)) + tensor.numel() > _BUCKET):
            flat = torch.cat([one.flatten() for one in bucket])
            _explain_failure(partial(distributed.all_reduce, flat))
            at = 0
            for one in bucket:
                one.copy_(flat[at:at + one.numel()].view_as(one))
                at += one.numel()
            bucket = []
        if tensor is not None:
            bucket.append(tensor)


def _explain_failure(exchange: Callable[[], object]) -> None:
    try:
        exchange()
    except RuntimeError as error:
        raise Problem("another process of this training has ended", where="pretraining",
                      fix="Look for its message above; running again resumes from the last checkpoint",
                      code=Code.TRAINING_PROCESSES) from error
