"""When a model fails a test of behavior."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.speech_sound import speech
from vernacular.core.confidence import Floats
from vernacular.speech.behavior.checks import Spoken, run_checks
from vernacular.speech.behavior.groups import find_gaps
from vernacular.speech.behavior.judge import foreign_letters, gate_of, loses_marks, summarize, worse
from vernacular.speech.behavior.table import CHANGED, MARKS, NAMES, NOTHING, SCRIPT
from vernacular.speech.utterance import Samples

TEXTS = ["mwána wá ngo", "abaa mo poo", "wa adí la kεnyέ"]
SOUNDS = [speech(seed, syllables=syllables) for seed, syllables in enumerate((4, 8, 14))]
SPOKEN = [Spoken(str(number), text, sound) for number, (text, sound) in enumerate(zip(TEXTS, SOUNDS, strict=True))]


class ByEar:
    """Recognizes the three sounds by their length, if they are loud enough; else writes ``otherwise``."""

    def __init__(self, otherwise: str = "", texts: Sequence[str] = TEXTS, tolerance: float = 0.15) -> None:
        self._otherwise, self._texts, self._tolerance = otherwise, texts, tolerance

    def transcribe(self, sounds: Sequence[Samples]) -> list[str]:
        return [self._one(sound) for sound in sounds]

    def _one(self, sound: Samples) -> str:
        edges = np.abs(sound[:2000]).max(initial=0)  # speech begins with near silence, noise and tones do not
        if np.abs(sound).max(initial=0) < 0.01 or edges > 0.05:
            return self._otherwise
        distances = [abs(len(sound) / len(one) - 1) for one in SOUNDS]
        best = int(np.argmin(distances))
        return self._texts[best] if distances[best] < self._tolerance else self._otherwise


def edits(references: Sequence[str], transcripts: Sequence[str]) -> Floats:
    """Different characters at the same place: enough for whole texts that are right or missing."""
    return np.array([sum(a != b for a, b in zip(one.ljust(40), other.ljust(40), strict=True))
                     for one, other in zip(references, transcripts, strict=True)], dtype=np.float64)


def test_a_good_model_passes_every_test() -> None:
    found = run_checks(ByEar(), SPOKEN, "Latn", 1, edits)
    assert tuple(found.tests) == NAMES
    assert {name for name, test in found.tests.items() if not gate_of(name, test).passed} == set()
    assert all(test.cases == 3 for name, test in found.tests.items() if name not in (MARKS, SCRIPT))
    assert found.tests[MARKS].cases == 2 and found.tests[SCRIPT].cases == 3 * (len(NOTHING) + len(CHANGED) + 1)


@pytest.mark.parametrize(("model", "failing"), [
    (ByEar(otherwise="the"), set(NOTHING)), (ByEar(otherwise="это"), {*NOTHING, SCRIPT}),
    (ByEar(texts=["mwana wa ngo", "abaa mo poo", "wa adi la kεnyε"]), {MARKS}),
    (ByEar(tolerance=0.02), {"slower", "faster"})], ids=["invents", "other script", "no tones", "one speed"])
def test_a_fault_is_found_by_its_test(model: ByEar, failing: set[str]) -> None:
    found = run_checks(model, SPOKEN, "Latn", 1, edits)
    assert {name for name, test in found.tests.items() if not gate_of(name, test).passed} == failing
    assert all(found.worst[name] for name in failing)
    assert {row["test"] for row in found.cases if row["failed"]} == failing


def test_without_utterances_nothing_fails() -> None:
    found = run_checks(ByEar(), [], "Latn", 1, edits)
    assert all(test.rate is None and gate_of(name, test).passed for name, test in found.tests.items())


@pytest.mark.parametrize(("reference", "transcript", "lost"), [
    ("mwána wá ngó", "mwana wa ngo", True), ("mwána wá ngó", "mwána wá ngo", False), ("mwána wá ngó", "", False),
    ("mwána wá ngó", "mwá", False), ("mwana", "mwana", False), ("mwa\u0301na", "mwána", False)])
def test_marks_are_counted_in_any_normal_form(reference: str, transcript: str, lost: bool) -> None:
    assert loses_marks(reference, transcript) == lost


def test_letters_of_other_scripts() -> None:
    assert [foreign_letters(text, "Latn", {"о"}) for text in ("", "mwána 1!", "mwаna", "это")] == [0, 0, 1, 2]


def test_a_rate_has_an_interval_and_a_change_of_errors() -> None:
    count = np.full(40, 10.0)
    more, plain = np.asarray(np.arange(40) % 4, np.float64), np.zeros(40)
    failed = worse(more, plain, count)
    assert sum(failed) == 20  # two or three new errors in ten characters
    test = summarize(failed, "", "", 0.3, (more, plain, count))
    assert test.low < 0.5 < test.high and test.error_rate == pytest.approx(15)
    assert test.change is not None and test.change[0] < 15 < test.change[2]
    assert not gate_of("room", test).passed


@pytest.mark.parametrize(("speakers", "note"), [(2, "persons"), (8, "over speakers")])
def test_gaps_between_groups_as_the_speakers_state_them(speakers: int, note: str) -> None:
    names = [f"s{number % speakers}" for number in range(200)]
    about = {f"s{number}": {"gender": "woman" if number % 2 else "man", "age": "", "village": "A"}
             for number in range(speakers)}
    wrong = np.array([4.0 if about[name]["gender"] == "woman" else 1.0 for name in names])
    gaps, missing = find_gaps(names, wrong, np.full(200, 10.0), about)
    assert [gap.attribute for gap in gaps] == ["gender"] and set(missing) == {"age", "village"}
    assert [row.group for row in gaps[0].groups] == ["man", "woman"] and note in gaps[0].note
    assert gaps[0].gap == pytest.approx((30, 30, 30))
