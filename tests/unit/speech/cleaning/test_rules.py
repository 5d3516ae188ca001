"""What ``speech/clean`` drops, with which rule; what it keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.speech_sound import speech, utterance
from vernacular.config.cleaning import Orthography
from vernacular.config.speech import MOST_SECONDS, SpeechCleaning
from vernacular.speech.cleaning import stage
from vernacular.speech.cleaning.measures import Measures, measure_all
from vernacular.speech.cleaning.report import find_losses
from vernacular.speech.cleaning.rules import Reject, clean_utterances
from vernacular.speech.cleaning.settings import SpeechCleanSettings
from vernacular.speech.cleaning.transcripts import comparable, length_deviations, normalize_transcripts
from vernacular.speech.utterance import (
    RATE,
    Samples,
    Utterance,
    load_audio,
    read_utterances,
    write_audio,
    write_utterances,
)

GOOD = Measures(begin=1600, end=33_600, samples=40_000, speech_share=0.9, speech_seconds=1.8, snr=30.0, clipped=0.0,
                print=b"")
TEXT = "mwana wa ngo adi"


def settings(script: str = "Latn", **cleaning: float) -> SpeechCleanSettings:
    return SpeechCleanSettings(cleaning=SpeechCleaning(**cleaning),
                               orthography=Orthography(), script=script, script_share=0.6)


def silence(one: Utterance) -> Samples:
    return np.zeros(10, np.float32)


def rejected(measures: Measures, text: str = TEXT, script: str = "Latn") -> list[tuple[str, str]]:
    kept, rejects = clean_utterances([utterance(1, text)], [measures], settings(script), silence)
    assert len(kept) == (not rejects or rejects[0].dropped == "transcript")
    assert all(not one.text for one in kept if rejects)
    return [(one.dropped, one.rule) for one in rejects]


@pytest.mark.parametrize(("change", "rule"), [
    ({"samples": 4000, "begin": 100, "end": 3900}, "short"), ({"begin": 0, "end": 0, "speech_share": 0.0}, "no_speech"),
    ({"speech_share": 0.05}, "no_speech"), ({"begin": 20_000, "end": 20_512}, "short"),
    ({"samples": 900_000, "end": 800_000}, "long"), ({"clipped": 0.02}, "clipping"), ({"snr": 3.0}, "noise")])
def test_bad_sound_is_dropped(change: dict[str, float], rule: str) -> None:
    assert rejected(replace(GOOD, **change)) == [("recording", rule)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "script", "rule"), [
    ("...", "Latn", "no_letters"), ("12 34", "Latn", "no_letters"), ("привет как дела", "Latn", "script"),
    ("mwana wa ngo", "Deva", "script"), ("a", "Latn", "characters_per_second"),
    ("mwana " * 30, "Latn", "characters_per_second")])
def test_a_bad_transcript_is_dropped_alone(text: str, script: str, rule: str) -> None:
    assert rejected(GOOD, text, script) == [("transcript", rule)]


@pytest.mark.parametrize("text", [TEXT, "", "mwána wá ngó abɛ", "mwana 12 wa ngo", "ʔɯt͡ɕʰiboɹa kəpvɯ"])
def test_good_utterances_are_kept_with_tones_and_marks(text: str) -> None:
    kept, rejects = clean_utterances([utterance(1, text)], [GOOD], settings(), silence)
    assert not rejects and [one.text for one in kept] == [text]
    assert (kept[0].start_sample, kept[0].end_sample, kept[0].seconds) == (0, 36_800, 2.3)
    assert (kept[0].characters_per_second is None) == (not text)


def test_silence_is_kept_if_the_folder_wants_it() -> None:
    plain = settings().model_copy(update={"cleaning": SpeechCleaning(trim=False)})
    kept, _ = clean_utterances([utterance(1, TEXT)], [GOOD], plain, silence)
    assert (kept[0].start_sample, kept[0].end_sample) == (0, 40_000)


def test_transcripts_are_normalized() -> None:
    texts = ["mwa\u0301na\u00a0 wa\nngo", "kod\u0435 abab"]  # decomposed, spaces; a Cyrillic letter
    assert normalize_transcripts(texts, Orthography(), "Latn") == ["mw\u00e1na wa ngo", "kode abab"]
    typed = ["kεεnε poo", "mεnέ mbωω"]  # Greek letters as letters of the language: nothing is half replaced
    assert normalize_transcripts(typed, Orthography(), "Latn") == typed
    assert normalize_transcripts(["kεεnε poo"], Orthography(), "Latn") == ["kɛɛnɛ poo"]
    assert comparable("Mwána, WA  ngó!") == "mwána wa ngó" != comparable("mwana wa ngo")


def test_letters_of_another_script_that_the_orthography_uses_are_no_other_script() -> None:
    texts = [f"mbωωkω ωpω wa {'abcdefgh'[number % 8]}" for number in range(40)] + ["ωωω ωω", "это не она"]
    rows = [utterance(number, text) for number, text in enumerate(texts)]
    _, rejects = clean_utterances(rows, [GOOD] * len(rows), settings(), silence)
    assert [(one.id, one.rule) for one in rejects if one.rule == "script"] == [(rows[-1].id, "script")]


def test_lengths_that_do_not_fit_are_outliers_within_the_source() -> None:
    draw = np.random.default_rng(1)
    letters = draw.integers(3, 60, 200)
    seconds = np.asarray((0.3 + letters * 0.07) * np.exp(draw.normal(0, 0.15, 200)), np.float64)
    letters[0], seconds[0], letters[1], seconds[1] = 50, 0.6, 4, 6.0
    deviations = length_deviations(seconds, letters)
    assert deviations[0] < -5 and deviations[1] > 5 and np.abs(deviations[2:]).max() < 5
    assert not length_deviations(seconds[:10], letters[:10]).any()  # too few to know what is usual


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings: the first again, louder and padded with another text and no transcript; noise."""
    folder = tmp_path_factory.mktemp("recordings")
    first, quiet = speech(1), np.full(1000, 1e-4, np.float32)
    sounds = [first, speech(2), np.concatenate([quiet, first * 0.5]), np.concatenate([first * 0.7, quiet]),
              np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.02]
    texts = ["mwana wa ngo", "abaa mo poo", "other words here", "", "mwana wa ngo"]
    rows = [utterance(number, text, seconds=len(sound) / RATE)
            for number, (text, sound) in enumerate(zip(texts, sounds, strict=True))]
    for one, sound in zip(rows, sounds, strict=True):
        write_audio(folder, one.id, sound)
    write_utterances(folder, rows)
    return folder


def test_copies_are_dropped_and_the_best_is_kept(recordings: Path, tmp_path: Path) -> None:
    rows = read_utterances(recordings)
    measures = measure_all(recordings, rows, tmp_path, print)
    kept, rejects = clean_utterances(rows, measures, settings(), lambda one: load_audio(recordings, one))
    found = {int(one.id, 16): one for one in rejects}
    assert {number: one.rule for number, one in found.items()} == {
        **dict.fromkeys({0, 2, 3} - {int(one.id, 16) for one in kept}, "duplicate"), 4: "no_speech"}
    assert len(kept) == 2 and {one.text for one in kept} <= {"mwana wa ngo", "abaa mo poo", "other words here"}
    assert 3 in found and min(one.value for one in rejects if one.rule == "duplicate") > 0.9
    assert "differ" in found[({0, 2} & found.keys()).pop()].reason
    again = clean_utterances(rows[::-1], measures[::-1], settings(), lambda one: load_audio(recordings, one))
    assert {one.id for one in again[0]} == {one.id for one in kept}


def test_many_equal_copies_are_dropped(tmp_path: Path) -> None:
    rows = [utterance(number, TEXT, seconds=2.0) for number in range(70)]
    prints = np.random.default_rng(1).integers(0, 2**32, 100, dtype=np.uint32).astype("<u4").tobytes()
    kept, rejects = clean_utterances(rows, [replace(GOOD, print=prints)] * 70, settings(),
                                     lambda one: np.ones(10, np.float32))
    assert len(kept) == 1 and {one.rule for one in rejects} == {"duplicate"}


def test_what_does_not_fit_into_memory_is_not_loaded(tmp_path: Path) -> None:
    long = utterance(1, TEXT, seconds=MOST_SECONDS + 1)
    measures = measure_all(tmp_path, [long], tmp_path, print)  # there is no such file
    _, (reject,) = clean_utterances([long], measures, settings(), silence)
    assert (reject.rule, reject.value) == ("long", MOST_SECONDS + 1)


def test_measures_are_kept_between_runs(recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read_utterances(recordings)
    first = measure_all(recordings, rows[:3], tmp_path, print)
    both = measure_all(recordings, rows, tmp_path, print)
    assert both[:3] == first
    monkeypatch.setattr("vernacular.speech.cleaning.measures.load_audio", None)  # nothing is read again
    assert measure_all(recordings, rows, tmp_path, print) == both
    next(tmp_path.iterdir()).write_bytes(b"damaged")
    monkeypatch.undo()
    assert measure_all(recordings, rows, tmp_path, print) == both


def test_every_reject_is_written(tmp_path: Path) -> None:
    rejects = [Reject("a", "recording", "noise", "3 dB", 3.0), Reject("b", "transcript", "script", "10%", 0.0)]
    stage.write_rejects(tmp_path, rejects)
    assert pq.read_table(tmp_path / "rejects.parquet").to_pylist() == [
        {"id": "a", "dropped": "recording", "rule": "noise", "reason": "3 dB", "value": 3.0},
        {"id": "b", "dropped": "transcript", "rule": "script", "reason": "10%", "value": 0.0}]


def test_losses_are_shares_of_the_source() -> None:
    rows = [utterance(number, "text" if number % 2 else "", seconds=1.0 + number) for number in range(4)]
    losses = find_losses(rows, [Reject(rows[3].id, "recording", "noise", "", 3.0),
                                Reject(rows[1].id, "transcript", "script", "", 0.0)])
    assert [(one.rule, one.share) for one in losses] == [("script", 0.5), ("noise", 0.4)]
