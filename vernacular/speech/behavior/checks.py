"""The tests of behavior of a transcription model: what is changed, and when a case fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from vernacular.core.confidence import Floats
from vernacular.core.result import SampleRow
from vernacular.speech.behavior.judge import (
    MOST_WORSE,
    foreign_letters,
    loses_marks,
    marks,
    summarize,
    worse,
    writes_something,
)
from vernacular.speech.behavior.sounds import CHANGES, NO_SPEECH
from vernacular.speech.behavior.stage_results import SoundTest
from vernacular.speech.utterance import Samples

NOTHING = {"silence": "digital silence", "white_noise": "white noise", "pink_noise": "noise as of wind and traffic",
           "tones": "chords of an instrument"}
CHANGED = {"slower": ("speech at 0.9 times its speed", 0.2), "faster": ("speech at 1.1 times its speed", 0.2),
           "quieter": ("speech at a fifth of its volume", 0.05), "louder": ("speech at three times its volume", 0.2),
           "room": ("speech in a room with an echo of 0.4 s", 0.3), "telephone": ("speech through a telephone", 0.3),
           "higher_voice": ("a voice 15% higher", 0.3), "lower_voice": ("a voice 13% lower", 0.3)}
MOST_INVENTED, MOST_MARKLESS, MOST_FOREIGN = 0.05, 0.1, 0.0  # rates of failures that pass
MARKS, SCRIPT = "marks", "script"
NAMES = (*NOTHING, *CHANGED, MARKS, SCRIPT)
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

    def add(self, name: str, test: SoundTest, rows: Sequence[SampleRow]) -> None:
        """Add a test with its cases; those that fail are shown first."""
        self.tests[name] = test
        self.cases += [{"test": name, **row} for row in rows]
        self.worst[name] = [row for row in rows if row["failed"]][:_SHOWN]


def run_checks(model: SoundTranscriber, spoken: Sequence[Spoken], script: str, seed: int,
               edits: Callable[[Sequence[str], Sequence[str]], Floats]) -> Findings:
    """Return what all tests found.

    Args:
        model: that is tested.
        spoken: held-out utterances.
        script: ISO 15924 code of the language's script.
        seed: of noise and rooms.
        edits: number of edits of characters from each transcript to its reference: (utterances,).
    """
    found, draw = Findings(), np.random.default_rng(seed)
    lengths = [len(one.sound) for one in spoken]
    written = list[tuple[str, str]]()  # id and transcript, of everything
    for name, description in NOTHING.items():
        texts = model.transcribe([NO_SPEECH[name](length, draw) for length in lengths])
        failed = [writes_something(text) for text in texts]
        found.add(name, summarize(failed, description, "a letter is written", MOST_INVENTED), _rows(
            spoken, texts, failed, dict.fromkeys((one.id for one in spoken), "")))
        written += zip((one.id for one in spoken), texts, strict=True)
    references = [one.text for one in spoken]
    plain = model.transcribe([one.sound for one in spoken])
    characters = np.array([len(text) for text in references], dtype=np.float64)
    without = edits(references, plain)
    written += zip((one.id for one in spoken), plain, strict=True)
    for name, (description, threshold) in CHANGED.items():
        texts = model.transcribe([CHANGES[name](one.sound, draw) for one in spoken])
        with_change = edits(references, texts)
        failed = worse(with_change, without, characters)
        test = summarize(failed, description, f"it has more errors than unchanged, by over {MOST_WORSE:.0%} of its "
                         "characters", threshold, (with_change, without, characters))
        found.add(name, test, _rows(spoken, texts, failed, dict(zip((one.id for one in spoken), plain, strict=True))))
        written += zip((one.id for one in spoken), texts, strict=True)
    _check_marks(found, spoken, plain)
    alphabet = {letter for text in references for letter in text}
    failed = [foreign_letters(text, script, alphabet) > 0 for _, text in written]
    found.add(SCRIPT, summarize(failed, "all of the transcripts above",
                                "a letter of another script is written that no reference has", MOST_FOREIGN),
              [{"id": one, "reference": "", "unchanged": "", "transcript": text, "failed": wrong}
               for (one, text), wrong in zip(written, failed, strict=True) if wrong])
    return found


def _check_marks(found: Findings, spoken: Sequence[Spoken], plain: Sequence[str]) -> None:
    chosen = [number for number, one in enumerate(spoken) if marks(one.text)]
    failed = [loses_marks(spoken[number].text, plain[number]) for number in chosen]
    some = [spoken[number] for number in chosen]
    found.add(MARKS, summarize(failed, "utterances whose transcript has tones or other marks",
                               "fewer than half of the marks are written", MOST_MARKLESS),
              _rows(some, [plain[number] for number in chosen], failed, {}))


def _rows(spoken: Sequence[Spoken], texts: Sequence[str], failed: Sequence[bool], unchanged: Mapping[str, str]
          ) -> list[SampleRow]:
    return [{"id": one.id, "reference": one.text, "unchanged": unchanged.get(one.id, ""), "transcript": text,
             "failed": wrong} for one, text, wrong in zip(spoken, texts, failed, strict=True)]
