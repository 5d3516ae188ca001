"""The method ``whisper``: low-rank changes of a Whisper model with its decoder, which writes the text itself.

Whatever the language, its bytes can be written (byte-level BPE); ``whisper_tokens`` adds tokens of the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import WhisperTokenizer

from vernacular.config.training import Pretraining
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, faults_as_problems
from vernacular.core.store import write_atomically
from vernacular.modeling import lora
from vernacular.modeling.device import autocast, device_of
from vernacular.modeling.optimizer import new_rows_of, times_further
from vernacular.speech.encoders import SpeechBase, check_length, load_speech_model, read_inputs
from vernacular.speech.training import train_speech
from vernacular.speech.transcription.alphabet import Alphabet, normal
from vernacular.speech.transcription.frozen_method import FACTS
from vernacular.speech.transcription.head_training import Budget, Scores
from vernacular.speech.transcription.methods import Listen, TuningSettings, digest_of_utterances, tuning_plan
from vernacular.speech.transcription.scoring import character_error_rate
from vernacular.speech.transcription.stage_results import TrainingFacts
from vernacular.speech.transcription.whisper_tokens import NewTokens, add_tokens
from vernacular.speech.utterance import Samples, Utterance

_LANGUAGE, _TASK, _NO_TIMES = "<|en|>", "<|transcribe|>", "<|notimestamps|>"


@dataclass(frozen=True)
class Whisper:
    """A Whisper model with its tokenizer and what precedes each transcript."""

    base: SpeechBase
    tokenizer: Any
    prompt: list[int]  # the first of them starts the decoder

    @property
    def longest(self) -> int:
        """Most tokens of a transcript with the prompt."""
        return int(self.base.network.config.max_target_positions)

    def labels(self, text: str) -> list[int]:
        """Return prompt, tokens and end of ``text``, cut off where the decoder ends."""
        ids = self.tokenizer(normal(text), add_special_tokens=False).input_ids
        return [*self.prompt, *ids, self.base.network.config.eos_token_id][:self.longest]

    def write(self, wave: Samples) -> str:
        """Return the transcript of an utterance."""
        (inputs,) = read_inputs(self.base, [wave])
        with torch.inference_mode():
            (ids,) = self.base.network.generate(**inputs.values)
        return normal(self.tokenizer.decode(ids, skip_special_tokens=True))


def load_whisper(path: Path) -> Whisper:
    """Load a Whisper model, set to transcribe without times and without guessing the language.

    A language that it does not know is written under the token of one that it does, which training makes its own.

    Raises:
        Problem: it is no Whisper model, or its files cannot be used.
    """
    base = load_speech_model(path, "AutoModelForSpeechSeq2Seq")
    if base.family != "whisper":
        raise Problem(f"a {base.family} model has no decoder that writes text", where=str(path),
                      fix="Use a Whisper model, or `method: frozen`", code=Code.MODEL_KIND)
    with faults_as_problems("the tokenizer", str(path)):
        return _set_up(base, WhisperTokenizer.from_pretrained(path, local_files_only=True), str(path))


def _set_up(base: SpeechBase, tokenizer: Any, where: str) -> Whisper:
    """Set what is generated; all ids are looked up in ``tokenizer``."""
    known, config, generation = tokenizer.get_vocab(), base.network.config, base.network.generation_config
    multilingual = _LANGUAGE in known and _TASK in known and getattr(generation, "is_multilingual", True) and (
        config.vocab_size != 51864)  # Whisper .en, whose tokens of languages are not trained
    names = [*((_LANGUAGE, _TASK) if multilingual else ()), _NO_TIMES]
    lacking = [name for name in names if name not in known]
    if lacking:
        raise Problem(f"the tokenizer has no token {lacking[0]}", where=where, fix="Download the base model again",
                      code=Code.MODEL_FILES)
    prompt = [config.decoder_start_token_id, *(known[name] for name in names)]
    generation.forced_decoder_ids, generation.suppress_tokens = None, None
    generation.begin_suppress_tokens = [config.eos_token_id]
    generation.no_timestamps_token_id, generation.return_timestamps = known[_NO_TIMES], False
    generation.is_multilingual, generation.max_length = multilingual, config.max_target_positions
    generation._from_model_config = False  # else it is made from config.json, which has no languages
    generation.num_beams, generation.do_sample = 1, False  # unset, a pipeline would search with other settings
    generation.decoder_start_token_id, generation.bos_token_id = config.decoder_start_token_id, config.bos_token_id
    generation.eos_token_id, generation.pad_token_id = config.eos_token_id, config.pad_token_id
    generation.prev_sot_token_id = known.get("<|startofprev|>")
    config.forced_decoder_ids = config.suppress_tokens = config.begin_suppress_tokens = None
    if multilingual:
        generation.lang_to_id = {_LANGUAGE: known[_LANGUAGE]}
        generation.task_to_id, generation.language, generation.task = {"transcribe": known[_TASK]}, "en", "transcribe"
    return Whisper(base, tokenizer, prompt)


@dataclass(frozen=True)
class WhisperTranscriber:
    """A Whisper model that was fine-tuned."""

    whisper: Whisper
    listen: Listen
    facts: TrainingFacts

    def scores(self, utterance: Utterance) -> Scores | None:
        """None: the decoder writes the text itself."""
        return None

    def text(self, utterance: Utterance) -> str:
        """What the decoder writes."""
        return self.whisper.write(self.listen(utterance))

    def save(self, folder: Path) -> None:
        """Write the model with its processor."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in (self.whisper.base.network, self.whisper.base.extractor, self.whisper.tokenizer):
            part.save_pretrained(folder)
        write_atomically(folder / FACTS, self.facts.model_dump_json())


@dataclass(frozen=True)
class WhisperMethod:
    """Trains low-rank changes of encoder and decoder."""

    path: Path  # the base
    settings: TuningSettings
    listen: Listen
    scratch: Path  # for checkpoints
    new_tokens: NewTokens = field(default_factory=NewTokens)

    def train(self, train: Sequence[Utterance], choose: Sequence[Utterance], alphabet: Alphabet, budget: Budget,
              seed: int, say: Callable[[str], None]) -> WhisperTranscriber:
        """Train on ``train``, and keep the weights that do best on ``choose``; a killed training resumes."""
        torch.manual_seed(seed)
        whisper = load_whisper(self.path)
        network = whisper.base.network
        for one in train:
            check_length(whisper.base, self.listen(one), one.file)
        tokenizer, new = add_tokens(network, whisper.tokenizer, self.new_tokens, [normal(one.text) for one in train],
                                    seed)
        longer = _tokens_of(whisper, choose)
        whisper = _set_up(whisper.base, tokenizer, str(self.path))
        if new:
            say(f"{len(new)} new tokens: {_tokens_of(whisper, choose)} instead of {longer} in what chooses")
        wrapped = lora.wrap(network, new, self.settings.rank)
        rows = np.array(new, dtype=np.int64)
        references, labels = [one.text for one in choose], [whisper.labels(one.text) for one in train]

        def error_rate() -> float:
            return character_error_rate(references, [whisper.write(self.listen(one)) for one in choose])

        def losses(rows: Sequence[int]) -> Iterator[torch.Tensor]:
            return whisper_losses(whisper, [self.listen(train[row]) for row in rows], [labels[row] for row in rows])

        checkpoint = self.scratch / f"whisper-{seed}-{digest_of_utterances(train)}.pt"
        plan = tuning_plan(
            train, self.settings, budget, seed, losses, error_rate, network, checkpoint, body=network.parameters,
            new_rows=new_rows_of(network, rows),
            further=times_further(Pretraining(learning_rate=self.settings.learning_rate), network, rows))
        done = train_speech(network, plan, checkpoint, say)
        lora.merge(wrapped)
        return WhisperTranscriber(whisper, self.listen, TrainingFacts(
            seed=seed, steps=done.step, seconds=done.seconds, chosen=done.best[0], looks=done.curve,
            new_tokens=len(new)))

    def load(self, folder: Path, alphabet: Alphabet) -> WhisperTranscriber:
        """The model that was saved in ``folder``."""
        return WhisperTranscriber(load_whisper(folder), self.listen, TrainingFacts.model_validate_json(
            (folder / FACTS).read_text(encoding="utf-8")))


def _tokens_of(whisper: Whisper, utterances: Sequence[Utterance]) -> int:
    return sum(len(whisper.labels(one.text)) for one in utterances)


def whisper_losses(whisper: Whisper, waves: Sequence[Samples],
                   labels: Sequence[Sequence[int]]) -> Iterator[torch.Tensor]:
    """Yield the loss of each utterance, in all nats per token: an utterance fills 30 seconds of the encoder."""
    known = len(whisper.prompt)
    count = max(1, sum(len(own) - known for own in labels))
    for wave, own in zip(waves, labels, strict=True):
        (inputs,) = read_inputs(whisper.base, [wave])
        ids = torch.tensor([own], device=device_of(whisper.base.network))
        with autocast(device_of(whisper.base.network)):
            logits = whisper.base.network(**inputs.values, decoder_input_ids=ids[:, :-1], use_cache=False).logits
        yield cross_entropy(logits[0, known - 1:].float(), ids[0, known:], reduction="sum") / count
