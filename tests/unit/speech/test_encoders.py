"""Speech encoders: loading, refusals, and that nothing changes with what is read beside an utterance."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.speech_bases import ENCODERS, speech, write_hubert, write_wav2vec2, write_wavlm, write_whisper
from tests.tiny import write_bert
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.speech.encoders import SpeechBase, check_length, load_speech_model, read_inputs

WAVES = [speech(seconds, seed) for seed, seconds in enumerate((0.9, 1.31, 0.5, 1.31))]


def states(model: SpeechBase, waves: list[np.ndarray]) -> list[torch.Tensor]:
    found: dict[int, torch.Tensor] = {}
    with torch.inference_mode():
        for inputs in read_inputs(model, waves):
            out = model.network(**inputs.values).last_hidden_state
            found |= {row: states[:frames] for row, states, frames in zip(inputs.rows, out, inputs.frames, strict=True)}
    return [found[row] for row in range(len(waves))]


@pytest.mark.parametrize("family", ENCODERS)
def test_padding_changes_nothing(family: str, tmp_path: Path) -> None:
    model = load_speech_model(ENCODERS[family](tmp_path))
    together = states(model, WAVES)
    for wave, beside in zip(WAVES, together, strict=True):
        (alone,) = states(model, [wave])
        assert beside.shape == alone.shape
        torch.testing.assert_close(beside, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", ENCODERS)
def test_padding_would_change_something(family: str, tmp_path: Path) -> None:
    """Without the care of ``read_inputs`` the states of these models do change, so that the test above can fail."""
    model = load_speech_model(ENCODERS[family](tmp_path))
    values = model.extractor(WAVES[:2], sampling_rate=16_000, padding=True, return_tensors="pt")
    (alone,) = states(model, WAVES[:1])
    with torch.inference_mode():
        careless = model.network(values[model.extractor.model_input_names[0]]).last_hidden_state[0, :len(alone)]
    assert (careless - alone).abs().max() > 1e-2


def test_a_mask_is_used_only_where_the_family_allows_one(tmp_path: Path) -> None:
    layer, group = load_speech_model(write_wav2vec2(tmp_path / "l")), load_speech_model(write_hubert(tmp_path / "g"))
    assert [inputs.rows for inputs in read_inputs(layer, WAVES)] == [[0, 1, 2, 3]]
    assert "attention_mask" in read_inputs(layer, WAVES)[0].values
    assert [inputs.rows for inputs in read_inputs(group, WAVES)] == [[0], [1, 3], [2]]
    assert all("attention_mask" not in inputs.values for inputs in read_inputs(group, WAVES))
    settings = tmp_path / "g" / "preprocessor_config.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "return_attention_mask": True}))
    assert len(read_inputs(load_speech_model(tmp_path / "g"), WAVES)) == 3  # its convolutions would see the padding


def test_normalization_is_that_of_the_feature_extractor(tmp_path: Path) -> None:
    loud = [3 * WAVES[0]]
    plain, normal = load_speech_model(write_wavlm(tmp_path / "p")), load_speech_model(write_hubert(tmp_path / "n"))
    assert torch.allclose(read_inputs(plain, loud)[0].values["input_values"][0], torch.from_numpy(loud[0]))
    assert float(read_inputs(normal, loud)[0].values["input_values"].std()) == pytest.approx(1, abs=0.01)


def test_models_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        load_speech_model(write_bert(tmp_path / "text"))
    assert refused.value.code == Code.MODEL_KIND
    base = write_wav2vec2(tmp_path / "base")
    settings = base / "preprocessor_config.json"
    right = settings.read_text()
    settings.write_text(json.dumps({**json.loads(right), "sampling_rate": 8000}))
    with pytest.raises(Problem) as refused:
        load_speech_model(base)
    assert refused.value.code == Code.MODEL_KIND
    settings.write_text("{")
    with pytest.raises(Problem) as refused:
        load_speech_model(base)
    assert refused.value.code == Code.MODEL_FILES
    settings.write_text(right)
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(Problem) as refused:
        load_speech_model(base)
    assert refused.value.code == Code.MODEL_FILES


def test_too_short_and_too_long(tmp_path: Path) -> None:
    for write in (*ENCODERS.values(), write_whisper):
        model = load_speech_model(write(tmp_path / write.__name__))
        check_length(model, WAVES[2], "here")
        if write is not write_whisper:
            with pytest.raises(Problem) as refused:
                check_length(model, WAVES[2][:300], "here")
            assert refused.value.code == Code.DATA_EMPTY
    with pytest.raises(Problem) as refused:
        check_length(model, np.zeros(31 * 16_000, np.float32), "here")
    assert refused.value.code == Code.DATA_LIMIT
