"""The stage ``speech/behaviour_<model>``."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from vernacular.config.speech import SpeechModel
from vernacular.core.jsonl import read_jsonl, write_jsonl
from vernacular.core.report import Report
from vernacular.pipeline.stage import StageContext
from vernacular.release.load_check import run_calls
from vernacular.speech.behavior.checks import Findings, Spoken, run_checks
from vernacular.speech.behavior.groups import ATTRIBUTES, find_gaps
from vernacular.speech.behavior.judge import gate_of
from vernacular.speech.behavior.stage_results import SpeakerGap, SpeechBehaviorResult
from vernacular.speech.release.stage import export_model
from vernacular.speech.transcription.parts import read_parts
from vernacular.speech.transcription.scoring import count_edits
from vernacular.speech.transcription.stage_results import TRANSCRIPTS
from vernacular.speech.utterance import SPEAKERS, Samples, Utterance, load_audio

CASES = "cases.jsonl"
_AT_ONCE = 200  # sounds of one call


@dataclass(frozen=True)
class ReleasedModel:
    """A model in the folder that a release has, called as its users call it: ``pipeline`` in a process of its own."""

    folder: Path

    def transcribe(self, sounds: Sequence[Samples]) -> list[str]:
        """Return what each of ``sounds`` says.

        Raises:
            Problem: the model does not load.
        """
        texts = list[str]()
        for first in range(0, len(sounds), _AT_ONCE):
            with tempfile.TemporaryDirectory() as place:
                paths = [str(Path(place) / f"{number}.npy") for number in range(len(sounds[first:first + _AT_ONCE]))]
                for path, sound in zip(paths, sounds[first:], strict=False):
                    np.save(path, sound, allow_pickle=False)
                (found,) = run_calls([{"call": "automatic-speech-recognition", "folder": str(self.folder),
                                       "inputs": paths, "own_code": (self.folder / "speech_model.py").is_file()}])
            texts += [text.strip() for text in found]
        return texts


def run(work: StageContext, name: str, model: SpeechModel) -> Report:
    """Test the first seed of the speech model ``name``; write every case to ``cases.jsonl``.

    Raises:
        Problem: the model does not load.
    """
    assert work.language.speech is not None
    settings = work.language.speech.behaviour
    parts, part, _ = read_parts(work.inputs["speech/clean"], work.inputs["speech/splits"])
    chosen = draw_utterances(parts.score, settings.cases, settings.seed)
    spoken = [Spoken(one.id, one.text, load_audio(work.inputs["speech/recordings"], one)) for one in chosen]
    with tempfile.TemporaryDirectory() as place:
        export_model(work, name, model, Path(place))
        found = run_checks(ReleasedModel(Path(place)), spoken, work.language.script, settings.seed,
                           lambda references, texts: count_edits(references, texts).characters)
    write_jsonl(work.out / CASES, found.cases)
    gaps, missing = _gaps(work, name, parts.score)
    result = SpeechBehaviorResult(tests=found.tests, gaps=gaps, no_gaps=missing, utterances=len(spoken))
    return describe(result, found, part)


def draw_utterances(utterances: Sequence[Utterance], most: int, seed: int) -> list[Utterance]:
    """Return at most ``most`` of ``utterances``, by a digest of their ids, so that more data change few of them."""
    def rank(one: Utterance) -> str:
        return hashlib.sha256(f"{seed} {one.id}".encode()).hexdigest()

    return sorted(utterances, key=rank)[:most]


def describe(result: SpeechBehaviorResult, found: Findings, part: str) -> Report:
    """Return the report: a table of the tests, the worst cases, the gaps, and a gate for each test."""
    report = Report()
    report.count("utterances", result.utterances, f"utterances of {part} that were changed", "utterances")
    for name, test in result.tests.items():
        report.count(f"failures_{name}", test.failures, f"failures with {test.description}", "cases")
    report.samples["tests"] = [
        {"test": name, "what": test.description, "fails if": test.fails_if, "cases": test.cases,
         "failures": test.failures, "95% interval": f"{test.low:.0%} to {test.high:.0%}",
         "errors (% of characters)": test.error_rate,
         "more than unchanged (points)": test.change and f"{test.change[1]:+.1f} ({test.change[0]:+.1f} to "
                                                         f"{test.change[2]:+.1f})"}
        for name, test in result.tests.items()]
    report.samples |= {f"worst cases: {name}": rows for name, rows in found.worst.items() if rows}
    report.samples["gaps between groups of speakers"] = [
        {"by": gap.attribute, "group": row.group, "speakers": row.speakers, "utterances": row.utterances,
         "errors (% of characters)": row.cer.mean, "largest gap (points)": f"{gap.gap[1]:.1f} ({gap.gap[0]:.1f} to "
         f"{gap.gap[2]:.1f})", "note": gap.note} for gap in result.gaps for row in gap.groups]
    report.samples["groups that cannot be compared"] = [{"by": name, "reason": reason}
                                                        for name, reason in result.no_gaps.items()]
    report.gates = [gate_of(name, test) for name, test in result.tests.items()]
    report.set_result(result)
    return report


def _gaps(work: StageContext, name: str, scored: Sequence[Utterance]) -> tuple[list[SpeakerGap], dict[str, str]]:
    """The gaps in the transcripts of ``speech/transcription``: all of the scored part, not only what was changed."""
    rows = pq.read_table(work.inputs["speech/recordings"] / SPEAKERS).to_pylist()
    about = {row["pseudonym"]: {key: row.get(key) or "" for key in ATTRIBUTES} for row in rows}
    written = {row["id"]: row["greedy"] if row["decoded"] is None else row["decoded"]
               for row in read_jsonl(work.inputs[f"speech/transcription_{name}"] / TRANSCRIPTS)}
    some = [one for one in scored if one.id in written]
    edits = count_edits([one.text for one in some], [written[one.id] for one in some])
    return find_gaps([one.speaker for one in some], edits.characters, edits.all_characters, about)
