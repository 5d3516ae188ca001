"""The device and precision of computations."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode


@functools.cache
def has_bf16() -> bool:
    """Whether GPU or CPU support bfloat16 natively; emulation would be slower than float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def autocast(device: torch.device, cached: bool = True) -> Any:
    """Return the mixed-precision context of this machine.

    Args:
        device: of the model.
        cached: whether converted weights are kept until the end of the context. Those that were
            converted without gradients would have none in a step within the same context.
    """
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bf16(), cache_enabled=cached)


@contextlib.contextmanager
def float32(device: torch.device) -> Iterator[None]:
    """Full precision without gradients, for reproducible results."""
    with torch.inference_mode(), (_OneDnn() if device.type == "cpu" and _has_one_dnn() else contextlib.nullcontext()):
        yield


class _OneDnn(TorchFunctionMode):
    """Linear layers with oneDNN: PyTorch's MKL uses half of an AMD CPU's vector units for float32."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.functional.linear and not kwargs and all(
                part is None or part.dtype is torch.float32 for part in args) and not torch.is_autocast_enabled("cpu"):
            inputs, weight, *bias = args
            return torch.ops.mkldnn._linear_pointwise(inputs, weight, bias[0] if bias else None, "none", [], "")
        return func(*args, **(kwargs or {}))


@functools.cache
def _has_one_dnn() -> bool:
    """Whether PyTorch has the operation, whose name is private."""
    available: Any = torch.backends.mkldnn.is_available
    return bool(available()) and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def device_of(model: Any) -> torch.device:
    """Return the device of a model's weights."""
    device: torch.device = next(model.parameters()).device
    return device


def to_device(array: NDArray[Any], device: torch.device) -> torch.Tensor:
    """Return ``array`` as a tensor; neither processor nor GPU waits for a copy to the GPU."""
    tensor = torch.from_numpy(np.require(array, requirements=("C", "W")))
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
