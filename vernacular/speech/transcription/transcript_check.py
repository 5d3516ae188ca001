"""Checks the transcripts for training in the stage, and leaves suspects out of it; keeps a row for each transcript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from vernacular.core.jsonl import read_jsonl, write_jsonl
from vernacular.core.report import Gate
from vernacular.core.result import SampleRow
from vernacular.core.store import Artifact
from vernacular.speech.cleaning.transcripts import comparable
from vernacular.speech.transcription.alignment import BUDGET, FEWEST, Alignment, align, find_suspects
from vernacular.speech.transcription.frozen_method import FrozenMethod
from vernacular.speech.transcription.parts import Parts
from vernacular.speech.transcription.stage_results import TranscriptCheck, TranscriptionResult
from vernacular.speech.utterance import Utterance

ALIGNMENT = "alignment.jsonl"
_MOST_SUSPECT = 0.05  # of the transcripts
_SAMPLES = 10


@dataclass(frozen=True)
class Checked:
    """What the check found; ``alignments`` is empty if it could not be done."""

    facts: TranscriptCheck
    utterances: Sequence[Utterance]
    alignments: Sequence[Alignment]
    suspects: frozenset[str]  # ids

    def without_suspects(self, parts: Parts) -> Parts:
        """``parts`` without suspects in what trains and chooses, unless they are only listed, or all that there is."""
        return parts.without(self.suspects) if self.facts.left_out else parts

    def write(self, path: Path) -> None:
        """Write a row for each transcript: id, loss, better, longer, heard, suspect."""
        write_jsonl(path, [{"id": one.id, **asdict(found), "suspect": one.id in self.suspects}
                           for one, found in zip(self.utterances, self.alignments, strict=True)])

    def samples(self) -> list[SampleRow]:
        """The suspects that fit worst."""
        rows = [(one, found) for one, found in zip(self.utterances, self.alignments, strict=True)
                if one.id in self.suspects]
        rows.sort(key=lambda row: (-row[1].better, -row[1].longer, row[0].id))
        return [{"transcript": one.text, "heard": found.heard, "others that fit better": f"{found.better:.0%}",
                 "pieces that it may lack": f"{found.longer:.0%}", "source": one.source, "file": one.file,
                 "start": one.start} for one, found in rows[:_SAMPLES]]


def check_transcripts(method: FrozenMethod | None, utterances: Sequence[Utterance],
                      mode: Literal["leave_out", "list", "none"], seed: int, scratch: Path,
                      say: Callable[[str], None]) -> Checked:
    """Check the transcripts of ``utterances``; a killed stage resumes after it.

    Args:
        method: heads on the states of the base.
        utterances: for training.
        mode: what is done with suspects.
        seed: of the trainings.
        scratch: a folder that survives a kill.
        say: receives lines for a person.
    """
    texts = len({comparable(one.text) for one in utterances})
    if mode == "none" or method is None or texts < FEWEST:
        reason = "`check_transcripts` is `none`" if texts >= FEWEST else (
            f"{texts} different transcripts are too few to learn from; {FEWEST} are needed")
        return Checked(TranscriptCheck(checked=0, suspect=0, left_out=False, reason=reason), [], [], frozenset())
    path = scratch / ALIGNMENT
    if not path.is_file():
        say("checking transcripts: two trainings")
        write_jsonl(part := path.with_suffix(".part"), map(asdict, align(method, utterances, BUDGET, seed, say)))
        part.replace(path)
    alignments = [Alignment(**row) for row in read_jsonl(path)]
    found, suspect = find_suspects(alignments)
    suspects = frozenset(one.id for one, is_suspect in zip(utterances, suspect, strict=True) if is_suspect)
    return Checked(TranscriptCheck(
        checked=len(utterances), suspect=len(suspects), left_out=mode == "leave_out", limit=found.limit,
        wrong=found.wrong, lost=found.lost, reason="" if found.limit is not None else
        "a model that learned from half of the transcripts cannot separate right ones from others"),
        utterances, alignments, suspects)


def left_out(trained: Artifact) -> set[str]:
    """Return the ids of transcripts that the training of ``speech/transcription_<model>`` did without."""
    facts = trained.manifest.report.read_result(TranscriptionResult, trained.manifest.stage).transcripts
    return set() if facts is None or not facts.left_out else {
        row["id"] for row in read_jsonl(trained.folder / ALIGNMENT) if row["suspect"]}


def transcripts_gate(facts: TranscriptCheck) -> Gate:
    """Whether few transcripts are suspect, and that is known."""
    share = facts.suspect / max(1, facts.checked)
    return Gate(
        name="transcripts_fit", passed=not facts.reason and share <= _MOST_SUSPECT, value=share,
        threshold=_MOST_SUSPECT,
        reason=f"whether transcripts fit their sound is not known: {facts.reason}" if facts.reason else
        f"{facts.suspect} transcripts, {share:.1%} of those for training, do not fit their sound and are "
        + ("left out" if facts.left_out else "used all the same"),
        fix="Add transcripts" if facts.reason else f"Listen to those in `{ALIGNMENT}`, and correct them")
