"""New tokens of Whisper's decoder: they shorten text, are trained, and a release with them writes what was scored."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import pipeline

from tests.speech_bases import write_whisper
from tests.unit.speech.transcription.short_utterances import ALPHABET, UTTERANCES, listen
from vernacular.speech.transcription.head_training import Budget
from vernacular.speech.transcription.methods import TuningSettings
from vernacular.speech.transcription.whisper_method import (
    Whisper,
    WhisperMethod,
    WhisperTranscriber,
    load_whisper,
    whisper_losses,
)
from vernacular.speech.transcription.whisper_tokens import NewTokens, add_tokens

WORDS = ("kó", "ba", "kí", "koka", "bakí")
LINES = [" ".join(np.random.default_rng(seed).choice(WORDS, 6).tolist()) for seed in range(40)]
NEW = NewTokens(12, "Latn", LINES)


def train(base: Path, scratch: Path, steps: int, say: Any = lambda _: None
          ) -> tuple[WhisperMethod, WhisperTranscriber]:
    scratch.mkdir(exist_ok=True)
    method = WhisperMethod(base, TuningSettings(learning_rate=2e-2, rank=4, batch_seconds=2), listen,
                           scratch, NEW)
    return method, method.train(UTTERANCES, UTTERANCES[:2], ALPHABET, Budget(steps=steps), 1, say)


def extended(folder: Path) -> tuple[Whisper, Whisper, list[int]]:
    """A base as it is, and the same with new tokens before anything is trained."""
    before, after = load_whisper(write_whisper(folder)), load_whisper(folder)
    tokenizer, new = add_tokens(after.base.network, after.tokenizer, NEW, [one.text for one in UTTERANCES], 1)
    return before, Whisper(after.base, tokenizer, [index + len(new) for index in before.prompt]), new


def loss_of(whisper: Whisper) -> float:
    """Nats per token of the transcripts."""
    with torch.inference_mode():
        return sum(loss.item() for loss in whisper_losses(
            whisper, [listen(one) for one in UTTERANCES], [whisper.labels(one.text) for one in UTTERANCES]))


def test_special_tokens_come_after_the_new_ones_with_their_rows(tmp_path: Path) -> None:
    before, after, new = extended(tmp_path)
    old, table = (one.base.network.get_input_embeddings().weight for one in (before, after))
    first, count = new[0], len(new)
    assert 0 < count <= NEW.wanted and new == list(range(first, first + count)) and len(table) == len(old) + count
    assert torch.equal(table[:first], old[:first]) and torch.equal(table[first + count:], old[first:])
    known, vocabulary = before.tokenizer.get_vocab(), after.tokenizer.get_vocab()
    assert {vocabulary[token] - index for token, index in known.items() if index >= first} == {count}
    assert all(vocabulary[token] == index for token, index in known.items() if index < first)
    times = vocabulary["<|notimestamps|>"] + 1
    assert max(vocabulary.values()) < times == len(table) - 20 and max(new) < after.base.network.config.eos_token_id
    assert after.base.network.proj_out.weight is table
    text = LINES[0]
    ids = [one.tokenizer(text, add_special_tokens=False).input_ids for one in (before, after)]
    assert set(ids[1]) & set(new) and len(ids[1]) < len(ids[0])
    assert after.tokenizer.decode(ids[1]) == text
    piece = next(index for index in ids[1] if index in new)
    parts = before.tokenizer(after.tokenizer.decode([piece]), add_special_tokens=False).input_ids
    torch.testing.assert_close(table[piece], old[parts].mean(0))


def test_without_new_tokens_it_is_the_base(tmp_path: Path) -> None:
    whisper = load_whisper(write_whisper(tmp_path))
    rows = whisper.base.network.get_input_embeddings().weight
    tokenizer, new = add_tokens(whisper.base.network, whisper.tokenizer, NewTokens(), LINES, 1)
    assert new == [] and tokenizer is whisper.tokenizer and len(rows) == whisper.base.network.config.vocab_size


def test_it_learns_and_its_release_writes_the_same_in_a_pipeline(tmp_path: Path) -> None:
    base = write_whisper(tmp_path / "base")
    method, trained = train(base, tmp_path / "scratch", 6)
    start = extended(tmp_path / "fresh")[1]
    assert loss_of(trained.whisper) < 0.97 * loss_of(start)
    fresh = start.base.network.get_input_embeddings().weight
    table, new = trained.whisper.base.network.get_input_embeddings().weight, trained.facts.new_tokens
    moved = (table != fresh).any(1).nonzero().flatten().tolist()
    assert new and moved and len(moved) <= new and set(moved) <= set(range(len(fresh) - 29 - new, len(fresh) - 29))
    trained.save(tmp_path / "release")
    saved = json.loads((tmp_path / "release" / "generation_config.json").read_text(encoding="utf-8"))
    config = json.loads((tmp_path / "release" / "config.json").read_text(encoding="utf-8"))
    assert saved["no_timestamps_token_id"] == config["vocab_size"] - 21 and saved["eos_token_id"] == config[
        "eos_token_id"]
    again = method.load(tmp_path / "release", ALPHABET)
    assert again.whisper.prompt == trained.whisper.prompt
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recognize: Any = pipeline("automatic-speech-recognition", str(tmp_path / "release"))
    for one in UTTERANCES:
        text = trained.text(one)
        assert again.text(one) == text == " ".join(recognize(listen(one).copy())["text"].split())


def test_new_tokens_are_written_and_padding_changes_nothing(tmp_path: Path) -> None:
    """A decoder that can write new tokens alone writes them, alone and in a batch with longer speech."""
    _, whisper, new = extended(tmp_path)
    network = whisper.base.network
    generation = load_whisper(tmp_path).base.network.generation_config
    for name in ("decoder_start_token_id", "bos_token_id", "eos_token_id", "pad_token_id", "no_timestamps_token_id"):
        setattr(generation, name, getattr(generation, name) + len(new))
    generation.begin_suppress_tokens = generation.language = generation.task = None
    generation.max_length, network.generation_config = 12, generation
    with torch.no_grad():
        network.proj_out.weight[:new[0]] *= 0.01
        network.proj_out.weight[new[-1] + 1:] *= 0.01
    waves = [listen(one) for one in UTTERANCES]
    features = whisper.base.extractor(waves, sampling_rate=16_000, return_tensors="pt").input_features
    with torch.inference_mode():
        together = network.generate(input_features=features)
        alone = [network.generate(input_features=one[None])[0] for one in features]
    assert all(torch.equal(one[:len(other)], other) for one, other in zip(together, alone, strict=True))
    assert set(torch.cat(alone).tolist()) & set(new)


def test_a_killed_training_resumes_exactly(tmp_path: Path) -> None:
    base = write_whisper(tmp_path / "base")
    whole = train(base, tmp_path / "whole", 3)[1]
    calls, lines = iter(range(100)), list[str]()

    def die_at(utterance: Any) -> Any:
        if next(calls) == len(UTTERANCES) + 3 * 2 + 2 * 4:  # those that are checked, three evaluations, two steps
            raise MemoryError
        return listen(utterance)

    scratch = tmp_path / "killed"
    scratch.mkdir()
    method = WhisperMethod(base, TuningSettings(learning_rate=2e-2, rank=4, batch_seconds=2, checkpoint_minutes=1e-9),
                           die_at, scratch, NEW)
    with pytest.raises(MemoryError):
        method.train(UTTERANCES, UTTERANCES[:2], ALPHABET, Budget(steps=3), 1, lambda _: None)
    again = train(base, scratch, 3, lines.append)[1]
    assert any("resumed" in line for line in lines)
    assert again.facts.looks == whole.facts.looks
    for (name, one), other in zip(whole.whisper.base.network.state_dict().items(),
                                  again.whisper.base.network.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
