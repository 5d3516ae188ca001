"""Self-supervised objectives of each family: they fall, resume bit-exactly, and refuse what has none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.project import CHECKOUT
from tests.speech_bases import ENCODERS, speech, write_hubert, write_wav2vec2, write_wavlm, write_whisper
from vernacular.config.speech import SpeechPretraining
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.speech.encoders import load_speech_model
from vernacular.speech.pretraining.audio_batches import Audio, crops_of, mix
from vernacular.speech.pretraining.masked_frames import draw_negatives, mask_spans
from vernacular.speech.pretraining.objectives import Crops, Objective, load_objective
from vernacular.speech.pretraining.pretrain import plan_of, read_targets
from vernacular.speech.training import train_speech

WAVES = [speech(seconds, seed) for seed, seconds in enumerate((0.9, 0.7, 1.1, 0.8, 1.0, 0.6, 0.8, 0.7))]
SETTINGS = SpeechPretraining(steps=20, batch_seconds=2, crop_seconds=0.6, learning_rate=6e-3, clusters=8,
                             targets="mfcc", patience=0, head_first=0.1)


def started(folder: Path, settings: SpeechPretraining = SETTINGS) -> tuple[Objective, Audio]:
    labels = read_targets(folder, WAVES.__getitem__, len(WAVES), settings, lambda _: None)
    objective = load_objective(folder, settings.clusters if labels is None else labels.clusters, 1)
    samples = np.array([len(wave) for wave in WAVES])
    return objective, Audio(samples, WAVES.__getitem__, None if labels is None else labels.rows)


@pytest.mark.parametrize("family", [pytest.param(family, marks=pytest.mark.slow if family == "mms" else ())
                                    for family in ENCODERS])  # the objective of MMS is that of wav2vec 2.0
def test_the_objective_falls_and_resumes_exactly(family: str, tmp_path: Path) -> None:
    base = ENCODERS[family](tmp_path / "base")
    objective, audio = started(base)
    plan = plan_of(objective, audio, np.arange(8), np.arange(4), SETTINGS, SETTINGS.steps or 0)
    done = train_speech(objective, plan, tmp_path / "whole.pt", lambda _: None)
    assert done.curve[-1][1] < done.curve[0][1]
    assert np.mean(done.losses[-5:]) < np.mean(done.losses[:5])
    killed, audio = started(base)
    plan = plan_of(killed, audio, np.arange(8), np.arange(4), SETTINGS, SETTINGS.steps or 0)

    def losses(step: int) -> Iterable[torch.Tensor]:
        if step == 7:
            raise MemoryError
        return plan.losses(step)

    with pytest.raises(MemoryError):
        train_speech(killed, replace(plan, losses=losses, checkpoint_minutes=1e-9), tmp_path / "killed.pt",
                     lambda _: None)
    resumed, audio = started(base)
    plan = plan_of(resumed, audio, np.arange(8), np.arange(4), SETTINGS, SETTINGS.steps or 0)
    again = train_speech(resumed, plan, tmp_path / "killed.pt", lambda _: None)
    assert (again.losses, again.curve) == (done.losses, done.curve)
    for (name, one), other in zip(objective.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    objective.save(tmp_path / "saved")
    loaded = load_speech_model(tmp_path / "saved")
    assert not loaded.missing
    for name, tensor in loaded.network.state_dict().items():
        assert torch.equal(tensor, objective.encoder.state_dict()[name]), name


def test_what_is_saved_has_the_configuration_of_the_base(tmp_path: Path) -> None:
    base = write_wav2vec2(tmp_path / "base")
    before = load_speech_model(base).network.config
    load_objective(base, 8, 1).save(tmp_path / "saved")
    after = load_speech_model(tmp_path / "saved").network.config
    assert (after.apply_spec_augment, after.mask_feature_prob) == (before.apply_spec_augment, before.mask_feature_prob)


def test_whisper_has_no_objective(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        load_objective(write_whisper(tmp_path), 8, 1)
    assert refused.value.code == Code.MODEL_KIND


def test_a_trained_quantizer_is_cold_and_a_new_one_cools(tmp_path: Path) -> None:
    trained = load_objective(write_wav2vec2(tmp_path / "base"), 8, 1)
    trained.set_progress(0.0)
    assert not trained.fresh and trained.network.quantizer.temperature == 0.5
    trained.network.wav2vec2.save_pretrained(tmp_path / "bare")
    trained.speech.extractor.save_pretrained(tmp_path / "bare")
    new = load_objective(tmp_path / "bare", 8, 1)
    assert new.fresh
    new.set_progress(0.0)
    assert new.network.quantizer.temperature == 2.0
    new.set_progress(1.0)
    assert new.network.quantizer.temperature == pytest.approx(0.5)


def test_a_quantizer_that_gives_every_frame_one_code_has_the_loss_of_chance(tmp_path: Path) -> None:
    objective = load_objective(write_wav2vec2(tmp_path), 8, 1).eval()
    with torch.inference_mode():
        objective.network.quantizer.weight_proj.weight.zero_()
        loss = objective.loss(Crops([WAVES[0]]), (1, 2))
    assert loss.nats / loss.frames == pytest.approx(np.log(1 + objective.network.config.num_negatives), abs=1e-3)


@pytest.mark.parametrize("targets", ["mfcc", "states"])
def test_there_is_a_cluster_for_each_state(targets: str, tmp_path: Path) -> None:
    base = write_hubert(tmp_path)
    labels = read_targets(base, WAVES.__getitem__, len(WAVES), SETTINGS.model_copy(update={"targets": targets}),
                          lambda _: None)
    assert labels is not None and labels.clusters == 6  # of 50 frames each
    model = load_speech_model(base)
    for wave, row in zip(WAVES, labels.rows, strict=True):
        with torch.inference_mode():
            assert len(row) == model.network(torch.from_numpy(wave)[None]).last_hidden_state.shape[1]
    assert len(np.unique(np.concatenate(labels.rows))) > 4


def test_clusters_of_a_crop_are_those_of_its_place(tmp_path: Path) -> None:
    samples, labels = np.array([32_000]), [np.arange(99, dtype=np.int16)]
    wave = np.repeat(np.arange(100, dtype=np.float32), 320)
    audio = Audio(samples, lambda _: wave, labels)
    crops = crops_of(audio, np.array([0]), 16_000, 320, False, np.random.default_rng(3))
    assert crops.targets is not None
    assert crops.waves[0][0] == crops.targets[0, 0] > 0


def test_speech_that_is_mixed_in_is_half_a_crop_at_most(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        changed = mix(WAVES[0], WAVES[2][:len(WAVES[0])], random) != WAVES[0]
        assert 0 < changed.sum() <= len(WAVES[0]) // 2
    assert load_objective(write_wavlm(tmp_path / "w"), 8, 1).mixes
    assert not load_objective(write_hubert(tmp_path / "h"), 8, 1).mixes


def test_masks_and_negatives() -> None:
    random = np.random.default_rng(1)
    for frames in (2, 9, 12, 50, 700):
        masked = np.stack([mask_spans(frames, 0.65, random) for _ in range(20)])
        assert masked.any(axis=1).all() and not masked.all(axis=1).any()
        negatives = draw_negatives(masked, 5, random)
        for row in range(20):
            places = np.flatnonzero(masked[row])
            if len(places) > 1:
                others = negatives[row, places] - row * frames
                assert masked[row][others].all() and (others != places[:, None]).all()
    assert 0.4 < np.mean([mask_spans(700, 0.65, random).mean() for _ in range(50)]) < 0.55  # published: 49%


@pytest.mark.slow
@pytest.mark.parametrize("family", ENCODERS)
def test_the_objective_falls_on_recordings(family: str, tmp_path: Path) -> None:
    """On twelve utterances of Mboshi, held-out ones included."""
    soundfile = pytest.importorskip("soundfile")
    folder = CHECKOUT.parent / "shared" / "data" / "mboshi" / "audio"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/mboshi")
    waves = [soundfile.read(path, dtype="float32")[0] for path in sorted(folder.glob("*.ogg"))[:12]]
    settings = SETTINGS.model_copy(update={"steps": 60, "batch_seconds": 6, "crop_seconds": 2, "learning_rate": 3e-3})
    base = ENCODERS[family](tmp_path / "base")
    labels = read_targets(base, waves.__getitem__, len(waves), settings, lambda _: None)
    objective = load_objective(base, 8 if labels is None else labels.clusters, 1)
    audio = Audio(np.array([len(wave) for wave in waves]), waves.__getitem__, None if labels is None else labels.rows)
    plan = plan_of(objective, audio, np.arange(8), np.arange(8, 12), settings, 60)
    done = train_speech(objective, plan, tmp_path / "checkpoint.pt", lambda _: None)
    wait = round(60 * plan.head_first)
    assert done.curve[-1][1] < next(value for step, value in done.curve if step >= wait)
