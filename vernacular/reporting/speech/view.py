"""What a page shows of speech: bars, tables, examples with what may be played.

A voice is personal data: a recording is on the page only if its source and its speaker list ``playing`` among `uses`.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vernacular.core.errors import Problem
from vernacular.core.jsonl import read_jsonl
from vernacular.core.report import Gate
from vernacular.core.result import Estimate
from vernacular.core.store import Artifact
from vernacular.release.headline import Column
from vernacular.release.markdown import Table, range_text
from vernacular.reporting.first_screen import Bar
from vernacular.reporting.page_parts import picture
from vernacular.reporting.speech.results import SpeechModelResults, SpeechResults
from vernacular.reporting.speech.sections import (
    about_model,
    behavior_line,
    hours_line,
    losses_table,
    people_table,
    release_gates_table,
    score_lines,
    shared_table,
    sources_table,
)
from vernacular.speech.packages import load_package
from vernacular.speech.release.card import usage_lines
from vernacular.speech.release.tables import (
    behavior_table,
    curve_table,
    gaps_table,
    scores_table,
    speakers_table,
)
from vernacular.speech.transcription.stage_results import CURVE_TITLE, TRANSCRIPTS, ErrorRates, TranscriptionResult
from vernacular.speech.utterance import RATE, Utterance, load_audio, may_play, read_utterances

_EXAMPLES = 5
_LONGEST = 20.0  # seconds of a recording on the page
_NONE = Table([], [])
_SHORT = {"log_mel": "log-mel features", "random_weights": "random weights", "without_pretraining": "not pretrained"}


@dataclass(frozen=True)
class HeardExample:
    """A scored utterance: its reference, and what each model writes."""

    spoken: str
    written: list[tuple[str, str, str]]  # label, text, class of the page
    sound: str  # the recording as an address that holds it; empty if it may not be played


@dataclass(frozen=True)
class PageModel:
    """What the page shows of a model."""

    model: SpeechModelResults
    about: list[str]
    usage: list[str]
    red: list[Gate]
    gates: Table
    measures: list[tuple[str, list[Bar]]] = field(default_factory=list)
    better: bool = False  # than all baselines, beyond chance
    scores: Table = _NONE
    lines: list[str] = field(default_factory=list)
    examples: list[HeardExample] = field(default_factory=list)
    speakers: Table = _NONE
    curve: Table = _NONE
    plots: dict[str, str] = field(default_factory=dict)
    behavior: Table = _NONE
    behavior_line: str = ""
    gaps: Table = _NONE

    @property
    def unplayable(self) -> int:
        """How many examples have no sound."""
        return sum(not example.sound for example in self.examples)


@dataclass(frozen=True)
class SpeechView:
    """What the page shows of a language's speech."""

    code: str
    name: str
    autonym: str
    owner: str
    hours: str
    recordings: list[tuple[str, Table]]
    models: list[PageModel]

    @property
    def plays(self) -> bool:
        """Whether the page holds a recording."""
        return any(example.sound for model in self.models for example in model.examples)


def view_speech(results: SpeechResults, artifacts: Mapping[str, Artifact]) -> SpeechView:
    """What the page shows.

    Args:
        results: of recordings and models.
        artifacts: stage -> artifact, for pictures, transcripts and recordings.
    """
    tables = {"Sources": sources_table(results), "Speakers": people_table(results),
              "Dropped by cleaning": losses_table(results), "What training and scored speech share":
              shared_table(results)}
    return SpeechView(results.code, results.name, results.autonym, results.owner, hours_line(results),
                      [(title, table) for title, table in tables.items() if table],
                      [_model(one, artifacts) for one in results.models])


def _model(model: SpeechModelResults, artifacts: Mapping[str, Artifact]) -> PageModel:
    found, tested = model.transcription, model.behaviour
    shown = PageModel(model, about_model(model), usage_lines(f'"{model.place}"', model.own_code), model.red_gates,
                      release_gates_table(model))
    if found is not None:
        shown = replace(shown, measures=[*_measures(found)], scores=scores_table(found), lines=score_lines(found),
                        better=all(high < 0 for _, _, high in found.differences.values()),
                        speakers=speakers_table(found), curve=curve_table(found), plots=_plots(model.name, artifacts),
                        examples=examples_of(model.name, artifacts, _best_baseline(found)))
    if tested is not None:
        shown = replace(shown, behavior=behavior_table(tested), behavior_line=behavior_line(model),
                        gaps=gaps_table(tested))
    return shown


def _best_baseline(found: TranscriptionResult) -> list[str]:
    return sorted(found.baselines, key=lambda name: float(found.baselines[name].greedy.cer.mean))[:1]


def _plots(name: str, artifacts: Mapping[str, Artifact]) -> dict[str, str]:
    trained = artifacts[f"speech/transcription_{name}"]
    return {title: picture(trained.folder / file) for title, file in trained.manifest.report.plots.items()
            if title == CURVE_TITLE and (trained.folder / file).is_file()}


def _measures(found: TranscriptionResult) -> Iterator[tuple[str, list[Bar]]]:
    ours = [("with the language model", found.scored.decoded), ("likeliest path", found.scored.greedy)]
    shown: list[tuple[str, Column, ErrorRates]]
    shown = [(label, "adapted", rates) for label, rates in ours if rates is not None]
    shown += [(_SHORT.get(name, name), "baseline", scored.greedy) for name, scored in found.baselines.items()]
    for title, key in (("Characters", "cer"), ("Words", "wer")):
        rates: list[tuple[str, Column, Estimate]] = [(label, column, getattr(one, key)) for label, column, one in shown]
        most = max(100.0, *(float(rate.high) for _, _, rate in rates))
        yield title, [Bar(column, label, f"{rate.mean:.1f}", range_text(rate.interval, 1), 100 * rate.mean / most,
                          100 * rate.low / most, 100 * rate.high / most) for label, column, rate in rates]


def examples_of(name: str, artifacts: Mapping[str, Artifact], baselines: Sequence[str]) -> list[HeardExample]:
    """Some scored utterances, drawn by a digest of their ids, with the recordings that may be played.

    Args:
        name: of the model.
        artifacts: stage -> artifact.
        baselines: whose transcripts are shown as well.
    """
    rows = sorted(read_jsonl(artifacts[f"speech/transcription_{name}"].folder / TRANSCRIPTS),
                  key=lambda row: hashlib.sha256(row["id"].encode()).digest())[:_EXAMPLES]
    clean, recordings = (artifacts.get(stage) for stage in ("speech/clean", "speech/recordings"))
    known = {one.id: one for one in read_utterances(clean.folder)} if clean is not None else {}
    found = []
    for row in rows:
        written = [("The model", row["greedy"] if row["decoded"] is None else row["decoded"], "after"),
                   *((f"Baseline: {_SHORT[arm]}", row[arm], "before") for arm in baselines if arm in row)]
        utterance = known.get(row["id"])
        sound = "" if utterance is None or recordings is None else sound_of(recordings.folder, utterance)
        found.append(HeardExample(row["text"], written, sound))
    return found


def sound_of(recordings: Path, utterance: Utterance) -> str:
    """The recording as an address that holds it; empty if it may not be played, is long, or cannot be read here."""
    if not may_play(utterance) or utterance.seconds > _LONGEST:
        return ""
    file = io.BytesIO()
    try:
        load_package("soundfile").write(file, load_audio(recordings, utterance), RATE, format="FLAC", subtype="PCM_16")
    except (Problem, OSError, RuntimeError):  # without the extra, or with a damaged file, the page has no sound
        return ""
    return "data:audio/flac;base64," + base64.b64encode(file.getvalue()).decode()
