"""One training with its scores: what the model writes for the scored utterances, with and without a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from vernacular.speech.model_code.speech_decoding import BeamSearch, CharacterModel, WordModel
from vernacular.speech.transcription.alphabet import Alphabet
from vernacular.speech.transcription.frozen_method import FACTS
from vernacular.speech.transcription.head_training import Budget, Scores
from vernacular.speech.transcription.language_model import (
    WORD_SHARE,
    choose_weights,
    learn_characters,
    learn_words,
)
from vernacular.speech.transcription.method import Method, Transcriber
from vernacular.speech.transcription.parts import Parts
from vernacular.speech.transcription.scoring import character_error_rate, count_edits, error_rates, pooled
from vernacular.speech.transcription.stage_results import Scored, TrainingFacts
from vernacular.speech.utterance import Utterance


@dataclass(frozen=True)
class Heard:
    """What one training wrote for the scored utterances."""

    facts: TrainingFacts
    greedy: list[str]
    decoded: list[str] | None  # with the language model
    confidence: list[float]
    search: BeamSearch | None


@dataclass(frozen=True)
class Trainings:
    """Trains models for one language, and keeps each in a folder, so that a killed stage resumes after the last one."""

    method: Method
    alphabet: Alphabet
    folder: Path  # for trained models
    text: Sequence[str]  # further text of the language for the language model
    language_model: Literal["characters", "words", "none"]
    say: Callable[[str], None]

    def run(self, name: str, parts: Parts, budget: Budget, seed: int, searched: bool = True) -> Heard:
        """Train on ``parts`` and write what is scored.

        ``name``: of the training's folder.
        ``searched``: whether the language model is used too.
        """
        model = self.model(name, parts, budget, seed)
        search = self.choose_search(model, parts) if searched else None
        greedy, decoded, confidence = list[str](), list[str](), list[float]()
        for utterance in parts.score:
            scores = model.scores(utterance)
            greedy.append(model.text(utterance))
            confidence.append(1.0 if scores is None else confidence_of(scores))
            decoded.append(greedy[-1] if search is None or scores is None else self.alphabet.decode(
                search.decode(scores).symbols))
        return Heard(model.facts, greedy, None if search is None else decoded, confidence, search)

    def model(self, name: str, parts: Parts, budget: Budget, seed: int) -> Transcriber:
        """The trained model ``name``, which may be there already."""
        place = self.folder / name
        if not (place / FACTS).is_file():
            self.say(f"{name}: training on {parts.minutes:.0f} minutes")
            self.method.train(parts.train, parts.choose, self.alphabet, budget, seed,
                              lambda line: self.say(f"{name}: {line}")).save(place)
        return self.method.load(place, self.alphabet)

    def choose_search(self, model: Transcriber, parts: Parts) -> BeamSearch | None:
        """The search with the language model that does best on the utterances that choose; None if none does better.

        While it is chosen, the language model has not read their transcripts; afterwards it has.
        """
        found = [] if self.language_model == "none" else [model.scores(one) for one in parts.choose]
        scores = [one for one in found if one is not None]
        if not scores:
            return None
        references = [one.text for one in parts.choose]
        texts = [one.text for one in parts.train]

        def error_rate(symbols: list[list[int]]) -> float:
            return character_error_rate(references, [self.alphabet.decode(one) for one in symbols])

        characters, words = self._models([*texts, *without(self.text, (*parts.choose, *parts.score))])
        search = choose_weights(characters, words, scores, error_rate)
        searched = error_rate([search.decode(one).symbols for one in scores])
        if searched >= character_error_rate(references, [model.text(one) for one in parts.choose]):
            return None
        characters, words = self._models([*texts, *references, *without(self.text, parts.score)])
        return BeamSearch(characters, search.weight, search.bonus, words=words)

    def _models(self, texts: Sequence[str]) -> tuple[CharacterModel, WordModel | None]:
        return (learn_characters(texts, self.alphabet),
                learn_words(texts, self.alphabet, WORD_SHARE) if self.language_model == "words" else None)


def without(lines: Sequence[str], utterances: Sequence[Utterance]) -> list[str]:
    """The lines that contain no transcript of ``utterances`` with at least three words, and are none."""
    texts = {" ".join(one.text.split()) for one in utterances}
    long = [text for text in texts if text.count(" ") >= 2]
    return [line for line in lines if line not in texts and not any(text in line for text in long)]


def confidence_of(scores: Scores) -> float:
    """How sure a model is of its likeliest path, between 0 and 1: the geometric mean over frames that are no blanks."""
    best, symbols = scores.max(-1), scores.argmax(-1)
    written = best[symbols != 0]
    return float(np.exp(written.mean())) if len(written) else 0.0


def scored(parts: Parts, heard: Sequence[Heard]) -> Scored:
    """Error rates over all seeds: edits are summed for each utterance."""
    references, speakers = [one.text for one in parts.score], [one.speaker for one in parts.score]
    decoded = [one.decoded for one in heard if one.decoded is not None]
    return Scored(
        greedy=error_rates(pooled([count_edits(references, one.greedy) for one in heard]), speakers),
        empty=float(np.mean([not text for one in heard for text in one.greedy])),
        trainings=[one.facts for one in heard],
        **({"decoded": error_rates(pooled([count_edits(references, one) for one in decoded]), speakers)}
           if len(decoded) == len(heard) else {}))
