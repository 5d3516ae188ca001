"""The encoders whose states heads read: the base, the same with random weights, and none (log-mel features)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from vernacular.speech.encoders import load_speech_model
from vernacular.speech.model_code.speech_model import LayerStates, LogMel


def base_encoder(path: Path) -> LayerStates:
    """The states of the base in the folder ``path``."""
    base = load_speech_model(path)
    return LayerStates(_encoder(base.network), base.extractor).eval()


def random_encoder(path: Path, seed: int) -> LayerStates:
    """The states of the same network with random weights."""
    from transformers import AutoModel
    base = load_speech_model(path)
    torch.manual_seed(seed)
    auto: Any = AutoModel
    return LayerStates(_encoder(auto.from_config(base.network.config)), base.extractor).eval()


def log_mel() -> LogMel:
    """Whisper's log-mel features, without an encoder."""
    from transformers import WhisperFeatureExtractor
    return LogMel(WhisperFeatureExtractor()).eval()  # type: ignore[no-untyped-call]


def _encoder(network: Any) -> Any:
    return network.encoder if network.config.model_type == "whisper" else network
