"""A speaker withdraws: every recording, segment, transcript and everything made of them is removed, for good.

Digests go onto the suppression list first, keyed by the folder's secret, so nothing lets the person in again. What
lists the recordings is removed last: a kill at any point leaves the person suppressed, and the same command finishes.
"""

from __future__ import annotations

import getpass
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, split_place
from vernacular.core.files import File, Folder
from vernacular.core.store import Artifact, Store, now
from vernacular.corpus.lineage import artifacts_of
from vernacular.corpus.takedown import (
    GONE,
    forget_history,
    refuse_while_running,
    remove_artifact,
    remove_unfinished,
    vanish,
)
from vernacular.provenance.own_files import own_files
from vernacular.provenance.suppression_list import FILE, Suppressions, append_row
from vernacular.provenance.text_search import SHORT, Traces
from vernacular.speech.recordings.sources import READ, list_recordings
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.utterance import Utterance, read_utterances

RECORDINGS = "speech/recordings"
_LEARNED = ("pretrained_", "transcription_", "release_")  # stages of speech whose results were learned from voices


@dataclass(frozen=True)
class Withdrawal:
    """What the withdrawal of a speaker removes."""

    pseudonym: str
    utterances: list[Utterance]  # in any artifact, each once
    artifacts: list[Artifact]  # that hold them or were made from them, those that list them last
    models: list[str]  # a line for each that learned from them
    row: dict[str, list[str]]  # of the suppression list; digests only
    new: bool  # whether the list lacks it
    traces: Traces  # of the transcripts
    names: list[str]  # what the history of runs must not contain
    own_files: list[str]  # files of the user that still hold the voice or its words


def plan_withdrawal(language: Language, store: Store, name: str) -> Withdrawal:
    """Look for a speaker, by name or pseudonym, in every artifact and in the folder.

    Raises:
        Problem: nobody of this name is known, the folder has no speech, or a run is under way.
    """
    if language.speech is None:
        raise Problem("the folder has no `speech`", where=f"{language.code} takedown --speaker",
                      fix="Take a text down by --id, --url or --source", code=Code.COMMAND_OPTION)
    refuse_while_running(store, language.code)
    speakers, artifacts = Speakers.of(language), artifacts_of(store, language.code)
    rows_of = {artifact: read_utterances(artifact.folder) for artifact in artifacts
            if artifact.manifest.stage == RECORDINGS}
    known = {one.speaker for rows in rows_of.values() for one in rows}
    pseudonym = name if name in known else speakers.pseudonym(name)
    if pseudonym not in known and speakers.digest(name) in speakers.withdrawn:
        pseudonym = name  # nothing is left of the person
    listed = speakers.listed.get(pseudonym)
    names = {name, pseudonym, *(listed.names if listed is not None else ())}
    names |= {speakers.pseudonym(one) for one in names - {pseudonym}}
    suppressed = speakers.digest(pseudonym) in speakers.withdrawn
    if pseudonym not in known and listed is None and not suppressed:
        raise Problem("no speaker of this name or pseudonym is known", where=f"{language.code} takedown --speaker",
                      fix="List the person under `speakers:` with `withdrawn: true`, or name one of: "
                          + ", ".join(sorted(known - {""})[:20]), code=Code.COMMAND_NAME)
    recordings = _recordings_of(pseudonym, rows_of)
    own = {artifact: [one for one in rows if one.speaker == pseudonym or one.raw_digest in recordings]
           for artifact, rows in rows_of.items()}
    utterances = {one.id: one for rows in own.values() for one in rows}
    traces = Traces(text for one in utterances.values() for text in (one.text, one.translation))
    row = {"speakers": sorted({speakers.digest(one) for one in (*names, *recordings)})}
    removed = _derived(artifacts, {artifact for artifact, rows in own.items() if rows}, traces)
    files = {one.file for one in utterances.values()}
    short = Traces((text for one in utterances.values() for text in (one.text, one.translation)), least=SHORT)
    return Withdrawal(
        pseudonym, list(utterances.values()), removed, [_line(artifact) for artifact in removed if _learned(artifact)],
        row, not set(row["speakers"]) <= Suppressions.of(language.folder).speakers, traces, sorted(names | files),
        [*_own_recordings(language, store, speakers, pseudonym), *own_files(language, store, [], short)])


def carry_out_withdrawal(plan: Withdrawal, language: Language, store: Store, reason: str,
                         progress: Callable[[str], None] = lambda line: None) -> list[str]:
    """Suppress first, then remove. Returns what was removed, a line each.

    Raises:
        Problem: a run is under way, or the history cannot be reached; the speaker is suppressed nevertheless.
    """
    if plan.new:
        append_row(Folder.of(language.folder).file(FILE), {"date": now(), "who": getpass.getuser(), "reason": reason,
                                                           "models": plan.models, **plan.row})
        progress("suppressed")
    refuse_while_running(store, language.code)
    forget_history(language.code, plan.traces, plan.names)
    home, early = store.root / language.code, [one for one in plan.artifacts if one.manifest.stage != RECORDINGS]
    removed = remove_unfinished(home, lambda work: work.parent.parent.name == "speech" or plan.traces.in_folder(work))
    removed += [remove_artifact(store, language.code, artifact, progress) for artifact in early]
    for page in sorted(home.glob("*/*/report.html")):
        page.unlink()
        removed.append(f"the page of {page.parent.relative_to(home).as_posix()}")
    for half in sorted(home.glob(f".mirror/{GONE}*")):
        shutil.rmtree(half)
    for mirror in sorted(home.glob(".mirror/speech-*")):  # downloads, and digests of files by name
        vanish(mirror)
        removed.append(f"what was kept of {mirror.name.removeprefix('speech-')}")
    shutil.rmtree(home / ".cache", ignore_errors=True)
    late = [one for one in plan.artifacts if one.manifest.stage == RECORDINGS]
    removed += [remove_artifact(store, language.code, artifact, progress) for artifact in late]
    refuse_while_running(store, language.code)
    return removed


def _recordings_of(pseudonym: str, rows_of: dict[Artifact, list[Utterance]]) -> set[str]:
    """Return the digests of recordings in which nobody else speaks: they stay out under any other name, too.

    It is enough that one source names nobody else; another source, or an older run, may call the person otherwise.
    """
    by_recording: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for artifact, rows in rows_of.items():
        for one in rows:
            by_recording[artifact.manifest.key, one.source, one.file, one.raw_digest].add(one.speaker)
    return {digest for (*_, digest), speakers in by_recording.items() if speakers == {pseudonym}}


def _derived(artifacts: list[Artifact], first: set[Artifact], traces: Traces) -> list[Artifact]:
    """Return ``first``, what was made from it, and what holds the transcripts.

    An artifact of speech whose recordings are gone is among them, since it is unknown whose voice is in it.
    """
    present = {(one.manifest.stage, one.manifest.data_version) for one in artifacts}
    lost = {(one.manifest.stage, one.manifest.data_version) for one in first}
    derived = [one for one in artifacts if one in first]
    rest = [one for one in artifacts if one not in first]
    while True:
        more = [one for one in rest if any(item in lost or (item[0].startswith("speech/") and item not in present)
                                           for item in one.manifest.inputs.items())]
        if not more:
            break
        lost |= {(one.manifest.stage, one.manifest.data_version) for one in more}
        derived, rest = [*more, *derived], [one for one in rest if one not in more]
    return [*(one for one in rest if _holds(one, traces)), *derived]


def _holds(artifact: Artifact, traces: Traces) -> bool:
    return traces.in_folder(artifact.folder) or any(map(traces.in_table, artifact.folder.glob("*.parquet")))


def _learned(artifact: Artifact) -> bool:
    group, _, name = artifact.manifest.stage.partition("/")
    return name.startswith(_LEARNED) if group == "speech" else group in ("model", "task", "release", "tokenizer")


def _line(artifact: Artifact) -> str:
    return f"{artifact.manifest.stage} {artifact.manifest.key} of {artifact.manifest.created}"


def _own_recordings(language: Language, store: Store, speakers: Speakers, pseudonym: str) -> list[str]:
    """Return the files of the sources with the person's voice or words; a source that cannot be read has none."""
    assert language.speech is not None
    paths: dict[str, None] = {}
    for source in language.speech.sources:
        try:
            recordings = [*list_recordings(language, source, store.root).recordings] if source.kind != "hub" else []
        except Problem:
            continue
        for recording in recordings:
            own = [one for one in recording.segments if speakers.pseudonym(one.speaker or source.speaker) == pseudonym]
            if own and isinstance(recording.file, File):
                paths[recording.file.shown] = None
            paths |= {split_place(one.place)[0]: None for one in own if split_place(one.place)[1]}  # rows of a table
    return sorted(paths, key=lambda path: path.endswith(READ))
