"""Count the speech of a folder without running a stage: from the splits if there are some, else from the files."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from vernacular.config.schema import Language
from vernacular.config.speech import Speech
from vernacular.core.confidence import FEWEST_TEXTS
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.forecast.ranges import NOTHING, Range, exactly
from vernacular.speech.pretraining.pretraining_speech import read_pretraining_speech
from vernacular.speech.recordings.recording import seconds_of_file
from vernacular.speech.recordings.sources import Recording, list_recordings
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.splits.stage_results import SpeechSplitsResult

_MEASURED = 12  # recordings of a source whose length is measured; the others are estimated from their size
_SPREAD = Range(0.85, 1.15)  # of such an estimate
_KEPT = Range(0.8, 1.0)  # share that cleaning keeps
_UTTERANCE = 4.0  # seconds of one where nothing is known
_CHOOSING = 0.1  # of train, where dev is scored


@dataclass(frozen=True)
class SpeechSize:
    """How much speech there is; seconds unless stated otherwise."""

    sound: Range = NOTHING  # of all sources
    utterances: int = 0
    train: Range = NOTHING  # that training hears
    chosen: Range = NOTHING  # that chooses weights and ends trainings
    scored: Range = NOTHING
    heard: Range = NOTHING  # that pretraining may hear, transcribed or not
    mean: float = _UTTERANCE  # of an utterance
    folds: int = 0  # speakers who are held out in turn
    held_out: Range = NOTHING  # of these speakers together
    absent: list[str] = field(default_factory=list)  # why a source is not counted

    @property
    def transcribed(self) -> Range:
        """All of the transcribed speech."""
        return self.train + self.chosen + self.scored


def count_speech(language: Language, store: Store, finished: bool) -> SpeechSize:
    """Count the speech of ``language``, which has some.

    Args:
        language: the folder.
        store: of the project.
        finished: whether the artifacts of cleaning and splits are up to date.
    """
    assert language.speech is not None
    counted = _from_files(language, store)
    clean, splits = (store.current(language.code, stage) for stage in ("speech/clean", "speech/splits"))
    if not finished or clean is None or splits is None:
        return counted
    found = splits.manifest.report.read_result(SpeechSplitsResult, "speech/splits")
    size = {name: 60 * float(part.minutes) for name, part in found.parts.items()}
    with_test = size.get("test", 0) > 0
    scored, chosen = (size["test"], size["dev"]) if with_test else (size["dev"], _CHOOSING * size["train"])
    transcribed = sum(size[name] for name in ("train", "dev", "test") if name in size)
    utterances = sum(part.utterances for part in found.parts.values())
    return SpeechSize(
        counted.sound, utterances, exactly(transcribed - scored - chosen), exactly(chosen), exactly(scored),
        exactly(3600 * read_pretraining_speech(clean.folder, splits.folder).hours),
        sum(size.values()) / max(1, utterances), len(found.folds),
        exactly(60 * sum(float(fold.test_minutes) for fold in found.folds)), counted.absent)


def _from_files(language: Language, store: Store) -> SpeechSize:
    speech, speakers = language.speech, Speakers.of(language)
    assert speech is not None
    sound, transcribed, absent, pieces = NOTHING, NOTHING, list[str](), 0
    given, by_speaker = Counter[str](), Counter[str]()
    for source in speech.sources:
        try:
            recordings = [*list_recordings(language, source, store.root).recordings]
        except Problem as problem:
            absent.append(f"{source.name}: {problem}")
            continue
        length = _length(recordings, language)
        share = _transcribed(recordings)
        sound, transcribed = sound + length, transcribed + length * share
        for recording in recordings:
            pieces += max(1, len(recording.segments))
            for segment in recording.segments:
                by_speaker[speakers.pseudonym(segment.speaker or source.speaker)] += bool(segment.text)
                given[segment.split if source.splits == "given" else ""] += bool(segment.text)
    train, dev, test = _shares(speech, given)
    kept = Range(transcribed.low * _KEPT.low, transcribed.high * _KEPT.high)
    scored, chosen = (test, dev) if test else (dev, _CHOOSING * train)
    people = sum(count >= FEWEST_TEXTS for name, count in by_speaker.items() if name)
    folds = min(speech.splits.folds, people if people > 1 else 0)
    return SpeechSize(sound, pieces, kept * (1 - scored - chosen), kept * chosen, kept * scored,
                      Range(sound.low * _KEPT.low * (1 - scored), sound.high), sound.middle / pieces if pieces else
                      _UTTERANCE, folds, kept * (folds / max(1, people)), absent)


def _length(recordings: list[Recording], language: Language) -> Range:
    """Seconds of some recordings: measured of a few, and estimated of the others by their size."""
    sizes = [len(one.file) if isinstance(one.file, bytes) else state.st_size if (
        state := one.file.state()) is not None else 0 for one in recordings]
    seconds = bytes_ = 0.0
    for row in range(0, len(recordings), max(1, len(recordings) // _MEASURED)):
        with suppress(Problem, OSError):  # a damaged one; `check` and the run report it
            seconds += seconds_of_file(recordings[row].file, recordings[row].path, language.limits)
            bytes_ += sizes[row]
    whole = seconds / bytes_ * sum(sizes) if bytes_ else 0.0
    return exactly(whole) if len(recordings) <= _MEASURED else Range(whole * _SPREAD.low, whole * _SPREAD.high)


def _transcribed(recordings: list[Recording]) -> float:
    """The share of recordings with a transcript."""
    return sum(any(one.text for one in recording.segments) for recording in recordings) / max(1, len(recordings))


def _shares(speech: Speech, given: Counter[str]) -> tuple[float, float, float]:
    """Shares of train, dev and test: as the sources state them, else by the settings."""
    stated = {name: count for name, count in given.items() if name in ("train", "dev", "test", "validation")}
    total = sum(stated.values())
    if total and total >= sum(given.values()) / 2:
        dev = (stated.get("dev", 0) + stated.get("validation", 0)) / total
        return stated.get("train", 0) / total, dev, stated.get("test", 0) / total
    return 1 - speech.splits.dev - speech.splits.test, speech.splits.dev, speech.splits.test
