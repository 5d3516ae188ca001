"""A pretraining: the targets, the plan of its steps, and its budget in steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.config.speech import SpeechPretraining
from vernacular.modeling.base_files import family_of
from vernacular.modeling.device import autocast
from vernacular.speech.encoders import load_speech_model
from vernacular.speech.pretraining.audio_batches import Audio, Order, crops_of
from vernacular.speech.pretraining.cluster_targets import (
    MOST_FRAMES,
    Frames,
    Labels,
    cluster_count,
    hop_and_field,
    label,
    learn_clusters,
    mfcc,
    states_of,
)
from vernacular.speech.pretraining.objectives import Objective
from vernacular.speech.training import SpeechPlan, seconds_of_speech_step
from vernacular.speech.utterance import RATE, Samples

_LEARNED_FROM = 2000  # utterances that clusters are learned from, at most
_OF_CLUSTERS = ("hubert", "wavlm")


@dataclass(frozen=True)
class Targets:
    """The cluster of each state of each utterance."""

    clusters: int  # their number
    rows: Sequence[Labels]


def read_targets(base: Path, wave: Callable[[int], Samples], count: int, settings: SpeechPretraining,
                 progress: Callable[[str], None], kept: Path | None = None) -> Targets | None:
    """Return what HuBERT or WavLM predict of each utterance; None for another family.

    Args:
        base: the folder of the base.
        wave: returns an utterance.
        count: number of utterances.
        settings: of the pretraining.
        progress: receives lines for a person.
        kept: where the targets are stored, so that a killed training resumes with the same ones; None stores nothing.
    """
    if family_of(base) not in _OF_CLUSTERS:
        return None
    if kept is not None and kept.is_file():
        with np.load(kept) as stored:
            ends = np.cumsum(stored["lengths"])[:-1]
            return Targets(int(stored["clusters"]), np.split(stored["labels"], ends))
    model = load_speech_model(base)
    hop, field = hop_and_field(model.network)
    layer = round(settings.layer * model.network.config.num_hidden_layers)

    def features(row: int) -> Frames:
        return mfcc(wave(row), hop, field) if settings.targets == "mfcc" else states_of(model, wave(row), layer)

    random = np.random.default_rng(settings.seed)
    drawn = random.permutation(count)[:_LEARNED_FROM].tolist()
    most = -(-MOST_FRAMES // len(drawn))  # of an utterance, so that memory is bounded

    def some(row: int) -> Frames:
        frames = features(row)
        return frames if len(frames) <= most else frames[random.choice(len(frames), most, replace=False)]

    clusters = learn_clusters([some(row) for row in drawn], settings.clusters, settings.seed)
    source = "MFCC" if settings.targets == "mfcc" else f"the states of layer {layer}"
    progress(f"{clusters.n_clusters} clusters of {source}")
    rows = label(clusters, (features(row) for row in range(count)))
    if kept is not None:
        part = kept.with_suffix(".part.npz")
        np.savez(part, clusters=clusters.n_clusters, lengths=[len(row) for row in rows], labels=np.concatenate(rows))
        part.replace(kept)
    return Targets(clusters.n_clusters, rows)


def codes_of(settings: SpeechPretraining, audio_seconds: float) -> int:
    """Return the codes of a codebook of w2v-BERT: fewer for little audio, as for clusters."""
    return cluster_count(settings.clusters, round(50 * audio_seconds))


def plan_of(objective: Objective, audio: Audio, train: NDArray[np.int64], held_out: NDArray[np.int64],
            settings: SpeechPretraining, steps: int) -> SpeechPlan:
    """Return the plan of a training.

    Args:
        objective: the network with its head.
        audio: all utterances.
        train: rows to learn from.
        held_out: rows whose loss is measured.
        settings: of the pretraining.
        steps: optimizer steps.
    """
    most, hop = round(settings.crop_seconds * RATE), objective.hop
    order = Order(audio.samples[train], most, round(settings.batch_seconds * RATE), settings.seed)
    fixed = Order(audio.samples[held_out], most, round(settings.batch_seconds * RATE), settings.seed)
    measured = [held_out[rows] for rows in fixed.one_pass()]

    def losses(step: int) -> Iterator[torch.Tensor]:
        objective.set_progress(step / steps)
        crops = crops_of(audio, train[order.rows(step)], most, hop, objective.mixes,
                         np.random.default_rng((settings.seed, 2, step)))
        with autocast(objective.network.device):
            loss = objective.loss(crops, (settings.seed, 3, step))
        yield loss.total / loss.frames

    def evaluate() -> float:
        nats = frames = 0.0
        for number, rows in enumerate(measured):
            with autocast(objective.network.device):
                loss = objective.loss(crops_of(audio, rows, most, hop, False, None), (settings.seed, 4, number))
            nats, frames = nats + loss.nats, frames + loss.frames
        return nats / frames

    return SpeechPlan(steps, losses, evaluate, lambda: objective.encoder.parameters(), settings.learning_rate,
                      settings.seed, warmup=settings.warmup, head_first=settings.head_first if objective.fresh else 0.0,
                      weight_decay=settings.weight_decay, patience=settings.patience,
                      evaluations=max(2, min(10, steps // 20)), checkpoint_minutes=settings.checkpoint_minutes)


def steps_within(objective: Objective, plan: SpeechPlan, settings: SpeechPretraining) -> int:
    """Return the steps of the budget, by the speed of this machine if it is in minutes."""
    if settings.steps is not None:
        return settings.steps
    assert settings.minutes is not None  # validated by SpeechBudget
    return max(1, math.floor(60 * settings.minutes / seconds_of_speech_step(objective, plan)))
