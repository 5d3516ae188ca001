"""Methods that train the base: they learn, resume exactly, save what ``pipeline`` loads, and refuse other families."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import pipeline

from tests.speech_bases import (
    ENCODERS,
    write_hubert,
    write_mms,
    write_wav2vec2,
    write_wavlm,
    write_whisper,
)
from tests.unit.speech.transcription.short_utterances import ALPHABET, SOUNDS, TEXTS, UTTERANCES, listen
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.speech.encoders import load_speech_model
from vernacular.speech.transcription.head_training import Budget
from vernacular.speech.transcription.methods import CtcMethod, TuningSettings, ctc_losses
from vernacular.speech.transcription.trainable_base import Change, load_for_ctc, merge_low_rank_changes
from vernacular.speech.transcription.whisper_method import WhisperMethod, load_whisper


def method_of(base: Path, change: Change, scratch: Path, **settings: float) -> CtcMethod:
    scratch.mkdir(exist_ok=True)
    return CtcMethod(base, change, TuningSettings(rank=4, **settings), listen, scratch, "mdw")


CASES: list[tuple[str, Change]] = [("wav2vec2", "lora"), ("hubert", "full"), ("wavlm", "lora"),
                                   ("wav2vec2-bert", "lora"), ("mms", "adapter")]


@pytest.mark.parametrize(("family", "change"), [
    pytest.param(*case, marks=pytest.mark.slow if case[0] == "wavlm" else ()) for case in CASES])
def test_a_release_writes_in_a_pipeline_what_was_scored(family: str, change: Change, tmp_path: Path) -> None:
    base = ENCODERS[family](tmp_path / "base")
    method = method_of(base, change, tmp_path / "scratch", learning_rate=3e-3, batch_seconds=2)
    trained = method.train(UTTERANCES, UTTERANCES, ALPHABET, Budget(steps=4), 1, lambda _: None)
    trained.save(tmp_path / "release")
    again = method.load(tmp_path / "release", ALPHABET)
    assert again.facts == trained.facts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recognize: Any = pipeline("automatic-speech-recognition", str(tmp_path / "release"))
    for one in UTTERANCES:
        scores, loaded = trained.scores(one), again.scores(one)
        assert scores is not None and loaded is not None and scores.shape[1] == len(ALPHABET)
        np.testing.assert_allclose(loaded, scores, rtol=1e-4, atol=1e-4)
        assert recognize(listen(one).copy())["text"].split() == trained.text(one).split()


@pytest.mark.parametrize(("family", "change"), CASES)
def test_the_loss_falls_and_only_what_is_meant_changes(family: str, change: Change, tmp_path: Path) -> None:
    base = load_for_ctc(ENCODERS[family](tmp_path), len(ALPHABET), change, 4, 1)
    targets, waves = [ALPHABET.encode(text) for text in TEXTS], list(SOUNDS.values())
    before = {name: tensor.clone() for name, tensor in base.network.named_parameters()}
    optimizer = torch.optim.Adam([one for one in base.network.parameters() if one.requires_grad], 3e-3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        losses.append(0.0)
        for loss in ctc_losses(base, waves, targets):
            torch.autograd.backward(loss)
            losses[-1] += loss.item()
        optimizer.step()
    assert losses[-1] < losses[0]
    changed = {name for name, tensor in base.network.named_parameters() if not torch.equal(tensor, before[name])}
    trainable = {name for name, tensor in base.network.named_parameters() if tensor.requires_grad}
    assert not changed - trainable
    unmoved = {name for name in trainable - changed if "masked_spec_embed" not in name}
    assert not unmoved, unmoved  # a weight that the network does not read would not move
    assert not any("feature_extractor" in name for name in trainable)
    marks = {"lora": "lora_", "adapter": "adapter_layer", "full": ""}
    assert all(marks[change] in name or "lm_head" in name for name in trainable)


def test_a_killed_training_resumes_exactly(tmp_path: Path) -> None:
    base = write_wav2vec2(tmp_path / "base")
    whole = method_of(base, "lora", tmp_path / "whole", batch_seconds=1)
    done = whole.train(UTTERANCES, UTTERANCES[:1], ALPHABET, Budget(steps=8), 1, lambda _: None)

    def die(line: str) -> None:
        raise RuntimeError(line)

    killed = method_of(base, "lora", tmp_path / "killed", batch_seconds=1, checkpoint_minutes=1e-9)
    lines: list[str] = []
    with pytest.raises(RuntimeError):  # at the end of the training, after the checkpoint of the step before
        killed.train(UTTERANCES, UTTERANCES[:1], ALPHABET, Budget(steps=8), 1, die)
    again = killed.train(UTTERANCES, UTTERANCES[:1], ALPHABET, Budget(steps=8), 1, lines.append)
    assert any("resumed" in line for line in lines)
    for (name, one), other in zip(done.base.network.state_dict().items(), again.base.network.state_dict().values(),
                                  strict=True):
        assert torch.equal(one, other), name
    assert again.facts.looks == done.facts.looks


def test_merged_changes_compute_the_same(tmp_path: Path) -> None:
    base = load_for_ctc(write_wav2vec2(tmp_path), 5, "lora", 4, 1)
    for name, parameter in base.network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter.data, std=0.1)
    values = torch.from_numpy(SOUNDS["0"])[None]
    with torch.inference_mode():
        before = base.network(values).logits
        after = merge_low_rank_changes(base.network)(values).logits
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)
    assert not any("lora" in name for name in base.network.state_dict())


def test_adapters_are_those_of_mms(tmp_path: Path) -> None:
    """The file of a language's adapters makes of the base what was trained; a new adapter changes nothing at first."""
    base = write_mms(tmp_path / "base")
    trained = method_of(base, "adapter", tmp_path / "scratch", batch_seconds=2).train(
        UTTERANCES, UTTERANCES[:1], ALPHABET, Budget(steps=4), 1, lambda _: None)
    trained.save(tmp_path / "release")
    file = tmp_path / "release" / "adapter.mdw.safetensors"
    assert 0 < file.stat().st_size < 0.5 * (tmp_path / "release" / "model.safetensors").stat().st_size
    (base / file.name).write_bytes(file.read_bytes())
    loaded = load_speech_model(base, "AutoModelForCTC", vocab_size=len(ALPHABET), pad_token_id=0)
    loaded.network.config._name_or_path = str(base)
    loaded.network.load_adapter("mdw")
    assert {*load_file(file)} == {*loaded.network._get_adapters()}
    for name, tensor in trained.base.network.state_dict().items():
        assert torch.equal(tensor, loaded.network.state_dict()[name]), name
    plain = load_speech_model(write_wav2vec2(tmp_path / "plain"))
    fresh = load_for_ctc(tmp_path / "plain", 5, "adapter", 4, 1)
    values = torch.from_numpy(SOUNDS["0"])[None]
    with torch.inference_mode():
        torch.testing.assert_close(fresh.network.eval().wav2vec2(values).last_hidden_state,
                                   plain.network(values).last_hidden_state)


def test_methods_refuse_other_families(tmp_path: Path) -> None:
    cases: list[tuple[Path, Change]] = [
        (write_hubert(tmp_path / "h"), "adapter"), (write_wavlm(tmp_path / "w"), "adapter"),
        (write_whisper(tmp_path / "s"), "lora")]
    for base, change in cases:
        with pytest.raises(Problem) as refused:
            load_for_ctc(base, 5, change, 4, 1)
        assert refused.value.code == Code.MODEL_KIND
    with pytest.raises(Problem) as refused:
        load_whisper(tmp_path / "h")
    assert refused.value.code == Code.MODEL_KIND


def test_whisper_learns_and_its_release_writes_the_same_in_a_pipeline(tmp_path: Path) -> None:
    base = write_whisper(tmp_path / "base")
    (tmp_path / "scratch").mkdir()
    method = WhisperMethod(base, TuningSettings(learning_rate=2e-2, rank=4, batch_seconds=2), listen,
                           tmp_path / "scratch")
    trained = method.train(UTTERANCES[:2], UTTERANCES[:1], ALPHABET, Budget(steps=6), 1, lambda _: None)
    trained.save(tmp_path / "release")
    again = method.load(tmp_path / "release", ALPHABET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recognize: Any = pipeline("automatic-speech-recognition", str(tmp_path / "release"))
    one = UTTERANCES[0]
    assert again.text(one) == trained.text(one) == " ".join(recognize(listen(one).copy())["text"].split())
