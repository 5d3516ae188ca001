"""Tiny random speech models of the families that people start from, in a folder, and generated sound like speech."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    HubertConfig,
    HubertModel,
    Wav2Vec2BertConfig,
    Wav2Vec2BertModel,
    Wav2Vec2Config,
    Wav2Vec2ForCTC,
    Wav2Vec2ForPreTraining,
    WavLMConfig,
    WavLMModel,
    WhisperConfig,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

from tests.tiny import ENGLISH

RATE = 16_000
_SHAPE: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
_CONVOLUTIONS: dict[str, Any] = {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 16,
                                 "num_conv_pos_embedding_groups": 2}
_QUANTIZER: dict[str, Any] = {"num_codevectors_per_group": 8, "codevector_dim": 16, "proj_codevector_dim": 16,
                              "num_negatives": 10}
_LARGE: dict[str, Any] = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}  # XLS-R, MMS
_VOWELS = ((730, 1090), (270, 2290), (300, 870), (530, 1840), (570, 840))  # formants in Hz


def speech(seconds: float, seed: int) -> NDArray[np.float32]:
    """Sound like speech: syllables of a voice with formants, between silences; not all alike."""
    random = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < seconds * RATE:
        time = np.arange(int(RATE * random.uniform(0.08, 0.2))) / RATE
        pitch, formants = random.uniform(90, 220), _VOWELS[random.integers(len(_VOWELS))]
        tones = sum(np.exp(-min(abs(number * pitch - formant) for formant in formants) / 150)
                    * np.sin(2 * np.pi * number * pitch * time) for number in range(1, 25))
        parts += [tones * np.hanning(len(time)), np.zeros(int(RATE * random.uniform(0.02, 0.06)))]
    wave = np.concatenate(parts)[:int(seconds * RATE)]
    return (0.1 * wave + 1e-3 * random.standard_normal(len(wave))).astype(np.float32)


def _save(folder: Path, model: Any, extractor: str, **settings: bool) -> Path:
    for parameter in model.parameters():
        if parameter.dim() > 1 and parameter.shape[0] > 2:  # the usual range is so small that faults would not show
            parameter.data.mul_(2.0)
    model.save_pretrained(folder)
    classes: Any = transformers
    getattr(classes, extractor)(**settings).save_pretrained(folder)
    return folder


def write_wav2vec2(folder: Path) -> Path:
    """As XLS-R: convolutions normalized by layer, a feature extractor with a mask, and the head of pretraining."""
    torch.manual_seed(1)
    model = Wav2Vec2ForPreTraining(Wav2Vec2Config(**_SHAPE, **_CONVOLUTIONS, **_QUANTIZER, **_LARGE))
    return _save(folder, model, "Wav2Vec2FeatureExtractor", do_normalize=True, return_attention_mask=True)


def write_mms(folder: Path) -> Path:
    """As MMS: transcribes, with an adapter in each layer."""
    torch.manual_seed(1)
    model = Wav2Vec2ForCTC(Wav2Vec2Config(**_SHAPE, **_CONVOLUTIONS, **_QUANTIZER, **_LARGE, adapter_attn_dim=4,
                                          vocab_size=12))
    return _save(folder, model, "Wav2Vec2FeatureExtractor", do_normalize=True, return_attention_mask=True)


def write_hubert(folder: Path) -> Path:
    """As HuBERT base: convolutions normalized over time, a feature extractor without a mask."""
    torch.manual_seed(1)
    return _save(folder, HubertModel(HubertConfig(**_SHAPE, **_CONVOLUTIONS)),
                 "Wav2Vec2FeatureExtractor", do_normalize=True, return_attention_mask=False)


def write_wavlm(folder: Path) -> Path:
    """As WavLM base, whose feature extractor does not normalize."""
    torch.manual_seed(1)
    return _save(folder, WavLMModel(WavLMConfig(**_SHAPE, **_CONVOLUTIONS, num_buckets=32)),
                 "Wav2Vec2FeatureExtractor", do_normalize=False, return_attention_mask=False)


def write_w2v_bert(folder: Path) -> Path:
    """As w2v-BERT 2.0: a Conformer over log-mel frames."""
    torch.manual_seed(1)
    config = Wav2Vec2BertConfig(**_SHAPE, feature_projection_input_dim=160, conv_depthwise_kernel_size=7,
                                left_max_position_embeddings=16, right_max_position_embeddings=8)
    return _save(folder, Wav2Vec2BertModel(config), "SeamlessM4TFeatureExtractor")


def write_whisper(folder: Path) -> Path:
    """As Whisper: an encoder with a decoder, and a byte-level BPE tokenizer with its special tokens."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.train_from_iterator(ENGLISH, trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    folder.mkdir(parents=True, exist_ok=True)
    model = json.loads(backend.to_str())["model"]
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>",
               "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    tokenizer = WhisperTokenizer(vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]],
                                     additional_special_tokens=special)
    tokenizer.save_pretrained(folder)
    ids = {token: tokenizer.get_vocab()[token] for token in special}
    torch.manual_seed(1)
    config = WhisperConfig(
        vocab_size=len(tokenizer) + 20,  # the last ones are times
        d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, max_target_positions=32,
        pad_token_id=ids["<|endoftext|>"], bos_token_id=ids["<|endoftext|>"], eos_token_id=ids["<|endoftext|>"],
        decoder_start_token_id=ids["<|startoftranscript|>"], suppress_tokens=None, begin_suppress_tokens=None)
    return _save(folder, WhisperForConditionalGeneration(config), "WhisperFeatureExtractor")


ENCODERS: dict[str, Callable[[Path], Path]] = {
    "wav2vec2": write_wav2vec2, "hubert": write_hubert, "wavlm": write_wavlm, "wav2vec2-bert": write_w2v_bert,
    "mms": write_mms}
