"""The tests of behavior of a transcription model: what is changed, and when a case fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from vernacular.core.confidence import Floats
from vernacular.core.result import SampleRow
from vernacular.speech.behavior.judge import foreign_letters, loses_marks, marks, summarize, worse
from vernacular.speech.behavior.sounds import CHANGES, NO_SPEECH
from vernacular.speech.behavior.stage_results import SoundTest
from vernacular.speech.behavior.table import (
    CHANGED,
    MARKS,
    MOST_FOREIGN,
    MOST_INVENTED,
    MOST_MARKLESS,
    MOST_WORSE,
    NOTHING,
    PLAIN,
    SCRIPT,
)
from vernacular.speech.cleaning.transcripts import has_letters
from vernacular.speech.utterance import Samples

_SHOWN = 3  # worst cases of a test


class SoundTranscriber(Protocol):
    """A model that writes what it hears."""

    def transcribe(self, sounds: Sequence[Samples]) -> list[str]:
        """Return what each of ``sounds``, mono at 16 kHz, says."""


@dataclass(frozen=True)
class Spoken:
    """An utterance to test with."""

    id: str
    text: str  # its reference
    sound: Samples


@dataclass
class Findings:
    """What the tests found: results by name, every case, the worst cases by name."""

    tests: dict[str, SoundTest] = field(default_factory=dict)
    cases: list[SampleRow] = field(default_factory=list)
    worst: dict[str, list[SampleRow]] = field(default_factory=dict)
    plain_errors: Floats = field(default_factory=lambda: np.zeros(0))  # edits of the unchanged utterances

    def add(self, name: str, test: SoundTest, rows: Sequence[SampleRow]) -> None:
        """Add a test with its cases; those that fail are shown first."""
        self.tests[name] = test
        self.cases += [{"test": name, **row} for row in rows]
        self.worst[name] = [row for row in rows if row["failed"]][:_SHOWN]


def run_checks(model: SoundTranscriber, spoken: Sequence[Spoken], script: str, seed: int,
               edits: Callable[[Sequence[str], Sequence[str]], Floats]) -> Findings:
    """Return what all tests found.

    Args:
        model: that is tested; it is called once.
        spoken: held-out utterances.
        script: ISO 15924 code of the language's script.
        seed: of noise and rooms.
        edits: number of edits of characters from each transcript to its reference: (utterances,).
    """
    found, draw = Findings(), np.random.default_rng(seed)
    sounds = {name: [NO_SPEECH[name](len(one.sound), draw) for one in spoken] for name in NOTHING}
    sounds[PLAIN] = [one.sound for one in spoken]
    sounds |= {name: [CHANGES[name](one.sound, draw) for one in spoken] for name in CHANGED}
    texts = model.transcribe([sound for some in sounds.values() for sound in some])
    written = {name: texts[number * len(spoken):(number + 1) * len(spoken)] for number, name in enumerate(sounds)}
    for name, description in NOTHING.items():
        failed = [has_letters(text) for text in written[name]]
        found.add(name, summarize(failed, description, "a letter is written", MOST_INVENTED),
                  _rows(spoken, written[name], failed))
    references, plain = [one.text for one in spoken], written[PLAIN]
    characters = np.array([len(text) for text in references], dtype=np.float64)
    found.plain_errors = edits(references, plain) if spoken else np.zeros(0)
    for name, (description, threshold) in CHANGED.items():
        errors = edits(references, written[name]) if spoken else np.zeros(0)
        failed = worse(errors, found.plain_errors, characters)
        test = summarize(failed, description, f"it has more errors than unchanged, by over {MOST_WORSE:.0%} of its "
                         "characters", threshold, (errors, found.plain_errors, characters))
        found.add(name, test, _rows(spoken, written[name], failed, plain))
    _check_marks(found, spoken, plain)
    _check_script(found, spoken, written, script)
    return found


def _check_script(found: Findings, spoken: Sequence[Spoken], written: Mapping[str, Sequence[str]], script: str) -> None:
    alphabet = {letter for one in spoken for letter in one.text}
    rows = [(one, text) for texts in written.values() for one, text in zip(spoken, texts, strict=True)]
    failed = [foreign_letters(text, script, alphabet) > 0 for _, text in rows]
    wrong = [row for row, fails in zip(rows, failed, strict=True) if fails]
    found.add(SCRIPT, summarize(failed, "all of the transcripts above",
                                "a letter of another script is written that no reference has", MOST_FOREIGN),
              _rows([one for one, _ in wrong], [text for _, text in wrong], [True] * len(wrong)))


def _check_marks(found: Findings, spoken: Sequence[Spoken], plain: Sequence[str]) -> None:
    chosen = [number for number, one in enumerate(spoken) if marks(one.text)]
    failed = [loses_marks(spoken[number].text, plain[number]) for number in chosen]
    found.add(MARKS, summarize(failed, "utterances whose transcript has tones or other marks",
                               "fewer than half of the marks are written", MOST_MARKLESS),
              _rows([spoken[number] for number in chosen], [plain[number] for number in chosen], failed))


def _rows(spoken: Sequence[Spoken], texts: Sequence[str], failed: Sequence[bool], unchanged: Sequence[str] = ()
          ) -> list[SampleRow]:
    return [{"id": one.id, "reference": one.text, "unchanged": plain, "transcript": text, "failed": wrong}
            for one, text, wrong, plain in zip(spoken, texts, failed, unchanged or [""] * len(spoken), strict=True)]
