"""The method ``frozen``: a recurrent head on the stored states of an encoder that is not trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file

from vernacular.core.store import write_atomically
from vernacular.speech.model_code.speech_decoding import best_path
from vernacular.speech.model_code.speech_model import RecurrentHead
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.head_training import (
    Budget,
    Example,
    HeadSettings,
    Scores,
    train_head,
    transcribe,
)
from vernacular.speech.transcription.scoring import character_error_rate
from vernacular.speech.transcription.sounds import SPEEDS, name_of, noise_names, pause_before
from vernacular.speech.transcription.stage_results import TrainingFacts
from vernacular.speech.transcription.state_cache import States
from vernacular.speech.utterance import Utterance

HEAD, FACTS = "head.safetensors", "training.json"


@dataclass(frozen=True)
class FrozenTranscriber:
    """A head, and the states that it reads."""

    head: RecurrentHead
    alphabet: Alphabet
    states: Mapping[str, States]
    facts: TrainingFacts

    def scores(self, utterance: Utterance) -> Scores | None:
        """Log probabilities of symbols."""
        return transcribe(self.head, self.states[name_of(utterance)])

    def text(self, utterance: Utterance) -> str:
        """The text of the likeliest path."""
        return self.alphabet.decode(best_path(transcribe(self.head, self.states[name_of(utterance)])))

    def save(self, folder: Path) -> None:
        """Write the head and what its training did."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.head.state_dict(), folder / HEAD)
        write_atomically(folder / FACTS, self.facts.model_dump_json())


@dataclass(frozen=True)
class FrozenMethod:
    """Trains heads on ``states``."""

    states: Mapping[str, States]  # by name of the sound
    settings: HeadSettings

    def train(self, train: Sequence[Utterance], choose: Sequence[Utterance], alphabet: Alphabet, budget: Budget,
              seed: int, say: Callable[[str], None]) -> FrozenTranscriber:
        """Train a head on ``train``, and keep the weights that do best on ``choose``."""
        examples = [Example([self.states[name] for speed in (1.0, *SPEEDS) if (name := name_of(one, speed))
                             in self.states], alphabet.encode(one.text)) for one in train]
        pauses = [name for one in train if (pause := pause_before(one)) and (name := name_of(pause)) in self.states]
        generated = noise_names()
        noises = [Example([self.states[name]], []) for name in (*generated, *pauses[:len(generated)])]
        references = [one.text for one in choose]

        def error_rate(head: RecurrentHead) -> float:
            return character_error_rate(references, [
                alphabet.decode(best_path(transcribe(head, self.states[name_of(one)]))) for one in choose])

        done = train_head(examples, noises, len(alphabet), self.settings, budget, seed, error_rate, say)
        return FrozenTranscriber(done.head, alphabet, self.states, TrainingFacts(
            seed=seed, steps=done.steps, seconds=done.seconds, chosen=done.chosen, looks=done.looks,
            mixture=done.head.mixture.softmax(0).tolist()))

    def load(self, folder: Path, alphabet: Alphabet) -> FrozenTranscriber:
        """The head that was saved in ``folder``."""
        weights = load_file(folder / HEAD)
        head = self.settings.head(len(weights["mixture"]), len(weights["norm.weight"]), len(alphabet))
        head.load_state_dict(weights)
        return FrozenTranscriber(head.eval(), alphabet, self.states,
                                 TrainingFacts.model_validate_json((folder / FACTS).read_text(encoding="utf-8")))

