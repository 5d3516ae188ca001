"""What HuBERT and WavLM predict: the k-means cluster of each frame, of MFCC or of the base's own states.

One cluster per state of the network. States of a base that was trained before are better targets
than MFCC, which serve one with random weights (Hsu et al. 2106.07447, second and first iteration).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dct
from sklearn.cluster import MiniBatchKMeans
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from vernacular.speech.encoders import SpeechBase, read_inputs
from vernacular.speech.utterance import RATE, Samples

MOST_FRAMES = 200_000  # that the clusters are learned from
FRAMES_PER_CLUSTER = 50  # fewer clusters are made of less audio
_MELS, _COEFFICIENTS = 40, 13
_CHUNK = 30 * RATE  # samples that the network reads at once

Frames = NDArray[np.float32]
Labels = NDArray[np.int16]


def hop_and_field(network: Any) -> tuple[int, int]:
    """Return the samples from a state to the next, and those that the convolutions see for one state."""
    config, hop, field = network.config, 1, 1
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        field += (kernel - 1) * hop
        hop *= stride
    return hop, field


def mfcc(wave: Samples, hop: int, field: int) -> Frames:
    """Return mel-frequency cepstral coefficients with first and second differences, (frames, 39)."""
    length = min(field, 2 * hop)
    size = max(512, 2 ** math.ceil(math.log2(length)))
    filters = mel_filter_bank(num_frequency_bins=size // 2 + 1, num_mel_filters=_MELS, min_frequency=20,
                              max_frequency=RATE / 2, sampling_rate=RATE, mel_scale="kaldi",
                              triangularize_in_mel_space=True)
    energies = spectrogram(wave, window_function(length, "hann"), frame_length=length, hop_length=hop, fft_length=size,
                           power=2.0, center=False, mel_filters=filters, log_mel="log", mel_floor=1e-10).T
    count = (len(wave) - field) // hop + 1
    plain = dct(energies, norm="ortho")[:count, :_COEFFICIENTS]
    slope = np.gradient(plain, axis=0) if len(plain) > 1 else np.zeros_like(plain)
    bend = np.gradient(slope, axis=0) if len(plain) > 1 else np.zeros_like(plain)
    stacked = np.concatenate([plain, slope, bend], axis=1)
    return np.asarray((stacked - stacked.mean(0)) / (stacked.std(0) + 1e-5), dtype=np.float32)


def states_of(model: SpeechBase, wave: Samples, layer: int) -> Frames:
    """Return the states of ``layer`` (0: the input of the first one), (frames, width)."""
    hop, field = hop_and_field(model.network)
    parts = []
    step = _CHUNK // hop * hop
    with torch.inference_mode():
        for first in range(0, max(1, len(wave) - field + 1), step):
            (inputs,) = read_inputs(model, [wave[first:first + step + field - hop]])
            parts.append(model.network(**inputs.values, output_hidden_states=True).hidden_states[layer][0].cpu())
    return torch.cat(parts).float().numpy()


def learn_clusters(features: Sequence[Frames], count: int, seed: int) -> MiniBatchKMeans:
    """Return ``count`` clusters, or fewer of little audio."""
    frames = np.concatenate(features)
    return MiniBatchKMeans(cluster_count(count, len(frames)), random_state=seed, batch_size=4096, n_init=3,
                           reassignment_ratio=0.0).fit(frames)


def cluster_count(wanted: int, frames: int) -> int:
    """Return how many clusters so many frames support."""
    return max(2, min(wanted, frames // FRAMES_PER_CLUSTER))


def label(clusters: MiniBatchKMeans, features: Iterable[Frames]) -> list[Labels]:
    """Return the cluster of each frame of each utterance."""
    return [clusters.predict(frames).astype(np.int16) for frames in features]
