"""The methods ``lora``, ``adapter`` and ``full``: a base with a linear head is trained by CTC.

What is saved is a model of transformers alone, which ``pipeline("automatic-speech-recognition")`` loads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import ctc_loss
from transformers import Wav2Vec2CTCTokenizer

from vernacular.core.store import write_atomically
from vernacular.modeling.device import autocast, device_of
from vernacular.speech.encoders import SpeechBase, load_speech_model, read_inputs
from vernacular.speech.model_code.speech_decoding import best_path
from vernacular.speech.pretraining.audio_batches import Order
from vernacular.speech.training import SpeechPlan, seconds_of_speech_step, train_speech
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.frozen_method import FACTS
from vernacular.speech.transcription.head_training import Budget, Scores
from vernacular.speech.transcription.scoring import character_error_rate
from vernacular.speech.transcription.stage_results import TrainingFacts
from vernacular.speech.transcription.trainable_base import (
    Change,
    adapter_weights,
    body_of,
    load_for_ctc,
    merge_low_rank_changes,
)
from vernacular.speech.utterance import RATE, Samples, Utterance

Listen = Callable[[Utterance], Samples]
_BODY_RATE: dict[Change, float] = {"lora": 1.0, "adapter": 1.0, "full": 0.05}  # relative to that of the head
_HEAD_FIRST = 0.1  # share of the steps in which only the head is trained
_DELIMITERS = "|▁␣"  # one replaces the space in a vocabulary: the first that is no symbol


@dataclass(frozen=True)
class TuningSettings:
    """Rates and sizes of a training."""

    learning_rate: float = 1e-3  # of the head, of low-rank changes and of adapters
    rank: int = 16
    batch_seconds: float = 60
    checkpoint_minutes: float = 1.0


@dataclass(frozen=True)
class CtcTranscriber:
    """A base with a linear head."""

    base: SpeechBase
    alphabet: Alphabet
    listen: Listen
    facts: TrainingFacts
    language: str  # names the file of adapters

    def scores(self, utterance: Utterance) -> Scores | None:
        """Log probabilities of symbols, (frames, symbols)."""
        return scores_of(self.base, [self.listen(utterance)])[0]

    def text(self, utterance: Utterance) -> str:
        """The text of the likeliest path."""
        scores = self.scores(utterance)
        assert scores is not None
        return self.alphabet.decode(best_path(scores))

    def save(self, folder: Path) -> None:
        """Write the model with its processor; adapters also as MMS stores those of a language."""
        folder.mkdir(parents=True, exist_ok=True)
        self.base.network.save_pretrained(folder)
        self.base.extractor.save_pretrained(folder)
        _write_tokenizer(self.alphabet, folder)
        if getattr(self.base.network.config, "adapter_attn_dim", None) is not None:
            save_file(adapter_weights(self.base.network), folder / f"adapter.{self.language}.safetensors")
        write_atomically(folder / FACTS, self.facts.model_dump_json())


@dataclass(frozen=True)
class CtcMethod:
    """Trains a base with a linear head."""

    path: Path  # the base
    change: Change  # what is trained besides the head
    settings: TuningSettings
    listen: Listen
    scratch: Path  # for checkpoints
    language: str

    def train(self, train: Sequence[Utterance], choose: Sequence[Utterance], alphabet: Alphabet, budget: Budget,
              seed: int, say: Callable[[str], None]) -> CtcTranscriber:
        """Train on ``train``, and keep the weights that do best on ``choose``; a killed training resumes."""
        base = load_for_ctc(self.path, len(alphabet), self.change, self.settings.rank, seed)
        references, targets = [one.text for one in choose], [alphabet.encode(one.text) for one in train]

        def error_rate() -> float:
            return character_error_rate(references, [alphabet.decode(best_path(scores_of(base, [self.listen(one)])[0]))
                                                     for one in choose])

        def losses(rows: Sequence[int]) -> Iterator[torch.Tensor]:
            return ctc_losses(base, [self.listen(train[row]) for row in rows], [targets[row] for row in rows])

        checkpoint = self.scratch / f"{self.change}-{seed}-{digest_of_utterances(train)}.pt"
        plan = tuning_plan(train, self.settings, budget, seed, losses, error_rate, base.network, checkpoint,
                           body=lambda: body_of(base.network), body_rate=_BODY_RATE[self.change],
                           head_first=_HEAD_FIRST)
        done = train_speech(base.network, plan, checkpoint, say)
        merge_low_rank_changes(base.network)
        return CtcTranscriber(base, alphabet, self.listen, TrainingFacts(
            seed=seed, steps=done.step, seconds=done.seconds, chosen=done.best[0], looks=done.curve), self.language)

    def load(self, folder: Path, alphabet: Alphabet) -> CtcTranscriber:
        """The model that was saved in ``folder``."""
        return CtcTranscriber(load_speech_model(folder, "AutoModelForCTC"), alphabet, self.listen,
                              TrainingFacts.model_validate_json((folder / FACTS).read_text(encoding="utf-8")),
                              self.language)


def tuning_plan(train: Sequence[Utterance], settings: TuningSettings, budget: Budget, seed: int,
                losses: Callable[[Sequence[int]], Iterator[torch.Tensor]], error_rate: Callable[[], float],
                network: torch.nn.Module, checkpoint: Path, **trained: Any) -> SpeechPlan:
    """Return the plan of a training on utterances.

    Args:
        train: the utterances.
        settings: rates and sizes.
        budget: steps or seconds; seconds become steps by the speed of this machine, stored beside the checkpoint.
        seed: of the order and of everything random in a step.
        losses: the loss of some rows of ``train``, in parts.
        error_rate: of the utterances that choose.
        network: what is trained.
        checkpoint: where it is resumed from.
        trained: fields of the plan about body, head and new rows.
    """
    lengths = np.array([max(1, round(one.seconds * RATE)) for one in train], dtype=np.int64)
    order = Order(lengths, int(lengths.max()), round(settings.batch_seconds * RATE), seed)

    def plan_with(steps: int) -> SpeechPlan:
        return SpeechPlan(
            steps, lambda step: losses(order.rows(step).tolist()), error_rate, learning_rate=settings.learning_rate,
            seed=seed, patience=0, evaluations=max(1, min(6, steps)), unit="character error rate",
            checkpoint_minutes=settings.checkpoint_minutes, **trained)

    if budget.steps is not None:
        return plan_with(budget.steps)
    assert budget.seconds is not None
    kept = checkpoint.with_suffix(".steps.json")
    if not kept.is_file():
        steps = max(1, int(budget.seconds / seconds_of_speech_step(network, plan_with(100))))
        write_atomically(kept, json.dumps(steps))
    return plan_with(int(json.loads(kept.read_text(encoding="utf-8"))))


def ctc_losses(base: SpeechBase, waves: Sequence[Samples], targets: Sequence[Sequence[int]]) -> Iterator[torch.Tensor]:
    """Yield the loss of each group of utterances that is read together; in all nats per symbol."""
    symbols = max(1, sum(map(len, targets)))
    for inputs in read_inputs(base, waves):
        config = base.network.config
        config.mask_time_length = min(config.mask_time_length, *inputs.frames)  # SpecAugment of the base's own settings
        with autocast(device_of(base.network)):
            logits = base.network(**inputs.values).logits
        wanted = [targets[row] for row in inputs.rows]
        yield ctc_loss(logits.float().log_softmax(-1).transpose(0, 1),
                       torch.tensor([symbol for own in wanted for symbol in own]), torch.tensor(inputs.frames),
                       torch.tensor([len(own) for own in wanted]), reduction="sum", zero_infinity=True) / symbols


def scores_of(base: SpeechBase, waves: Sequence[Samples]) -> list[Scores]:
    """Return the log probabilities of symbols, (frames, symbols), of each utterance."""
    found: dict[int, Scores] = {}
    with torch.inference_mode():
        for inputs in read_inputs(base, waves):
            logits = base.network(**inputs.values).logits.float().log_softmax(-1).cpu().numpy()
            for row, scores, frames in zip(inputs.rows, logits, inputs.frames, strict=True):
                found[row] = scores[:frames]
    return [found[row] for row in range(len(waves))]


def _write_tokenizer(alphabet: Alphabet, folder: Path) -> None:
    """Write the alphabet as the tokenizer that ``pipeline`` decodes with."""
    delimiter = next(sign for sign in _DELIMITERS if sign not in alphabet.symbols)
    names = ["<pad>", *(delimiter if symbol == " " else symbol for symbol in alphabet.symbols[1:])]
    vocabulary = folder / "vocab.json"
    write_atomically(vocabulary, json.dumps({name: number for number, name in enumerate(names)}, ensure_ascii=False))
    tokenizers: Any = Wav2Vec2CTCTokenizer
    tokenizers(str(vocabulary), pad_token="<pad>", unk_token="<pad>", bos_token=None, eos_token=None,
               word_delimiter_token=delimiter, clean_up_tokenization_spaces=False).save_pretrained(folder)


def digest_of_utterances(train: Sequence[Utterance]) -> str:
    """Return a digest of which utterances these are."""
    return hashlib.sha256(" ".join(one.id for one in train).encode()).hexdigest()[:12]
