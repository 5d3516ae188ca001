"""The states of a released network: sound of any length, with every family of encoders."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.speech_bases import ENCODERS
from vernacular.speech.transcription.encoders import base_encoder


@pytest.mark.parametrize("family", ENCODERS)
def test_sound_of_any_length_gives_states(family: str, tmp_path: Path) -> None:
    encoder = base_encoder(ENCODERS[family](tmp_path))
    for samples in (0, 1, 399, 801, 31 * 16_000):
        with torch.inference_mode():
            states = encoder(torch.zeros(samples))
        assert states.shape[1] > 0 and states.isfinite().all()
