"""Every method is timed, with the encoder and the heads that are beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.speech_bases import write_wav2vec2
from vernacular.config.base import Base
from vernacular.config.speech import Method, SpeechModel
from vernacular.forecast.speech_speed import measure_speech


@pytest.mark.parametrize("method", ["frozen", "full"])
def test_states_and_the_check_are_measured_for_every_method(method: Method, tmp_path: Path) -> None:
    model = SpeechModel(base=Base(path="base", licence="MIT"), method=method, steps=3, batch_seconds=2)
    found = measure_speech(write_wav2vec2(tmp_path / "base"), model, 1.0)
    assert min(found.encode, found.mel, found.step, found.check, found.read) > 0
    assert found.states == 3 * 49 * 32 * 2 and found.weights > 0  # layers, frames, numbers, bytes
