"""A made-up language whose letters are tones, so that a tiny encoder can learn it in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vernacular.speech.utterance import RATE, Utterance, utterance_id, write_audio, write_utterances

LETTERS = "aeiou "
WORDS = ["ae", "io", "ua", "eio", "uo"]


def say(text: str, pitch: float, random: np.random.Generator) -> np.ndarray:
    """The sound of ``text``: a tone of 120 ms for each letter, and noise."""
    time = np.arange(int(0.12 * RATE)) / RATE
    tones = [np.sin(2 * np.pi * pitch * (300 + 350 * LETTERS.index(letter)) * time) * np.hanning(len(time))
             * (letter != " ") for letter in text]
    sound = np.concatenate(tones) * 0.3
    return (sound + 0.003 * random.standard_normal(len(sound))).astype(np.float32)


def write_language(folder: Path, count: int = 40, words: int = 2) -> Path:
    """The artifacts of recordings, cleaning and splits in one folder, spoken by two people."""
    random = np.random.default_rng(0)
    utterances, parts = [], []
    for number in range(count):
        text = " ".join(random.choice(WORDS, words))
        speaker = f"speaker-{number % 2 + 1}"
        identity = utterance_id("made", f"{number}.wav", speaker, 0, "")
        sound = say(text, 1 + 0.04 * (number % 2), random)
        write_audio(folder, identity, sound)
        utterances.append(Utterance(
            id=identity, source="made", file=f"{number}.wav", raw_digest="", speaker=speaker, session="", start=0,
            seconds=len(sound) / RATE, text=text, translation="", split="", licence="CC0-1.0", consent="contributor",
            uses=["training", "release"]))
        parts.append({"id": identity, "part": "dev" if number % 5 == 0 else "train"})
    write_utterances(folder, utterances)
    pq.write_table(pa.Table.from_pylist(parts), folder / "splits.parquet")
    return folder


def write_base(folder: Path) -> None:
    """A Whisper with two tiny layers and random weights."""
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel
    WhisperModel(WhisperConfig(d_model=32, encoder_layers=2, decoder_layers=1, encoder_attention_heads=2,
                               decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=32, vocab_size=32,
                               pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
                               suppress_tokens=None, begin_suppress_tokens=None)).save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)  # type: ignore[no-untyped-call]
