"""What a method of transcription gives the stage: it trains a model, and the model reads utterances.

``frozen`` is in ``frozen_method``; LoRA, adapters, full fine-tuning and Whisper are in ``methods``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.head_training import Budget, Scores
from vernacular.speech.transcription.stage_results import TrainingFacts
from vernacular.speech.utterance import Utterance


class Transcriber(Protocol):
    """A trained model."""

    @property
    def facts(self) -> TrainingFacts:
        """What its training did."""

    def scores(self, utterance: Utterance) -> Scores | None:
        """Log probabilities of the alphabet's symbols, (frames, symbols); None for a model with its own decoder."""

    def text(self, utterance: Utterance) -> str:
        """What the model writes without a language model."""

    def save(self, folder: Path) -> None:
        """Write all that ``load`` of the method needs into ``folder``, in safetensors and JSON."""


class Method(Protocol):
    """Trains models on utterances."""

    def train(self, train: Sequence[Utterance], choose: Sequence[Utterance], alphabet: Alphabet, budget: Budget,
              seed: int, say: Callable[[str], None]) -> Transcriber:
        """Train a model on ``train``, and keep the weights that do best on ``choose``."""

    def load(self, folder: Path, alphabet: Alphabet) -> Transcriber:
        """The model that ``Transcriber.save`` wrote."""
