"""Where a model computes, and in what precision."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch


@functools.cache
def has_bf16() -> bool:
    """Whether the GPU or processor multiplies bfloat16 natively; emulation would be slower than float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def autocast(device: torch.device) -> Any:
    """The mixed precision to compute in on this machine."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bf16())


def device_of(model: Any) -> torch.device:
    """Where a model's weights are."""
    device: torch.device = next(model.parameters()).device
    return device
