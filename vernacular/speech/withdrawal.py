"""Speech is withdrawn: that of a speaker, of a source, or one recording, with everything made of it, for good.

Digests go onto the suppression list first, keyed by the folder's secret, so nothing lets the speech in again. What
lists the recordings is removed last: a kill at any point leaves them suppressed, and the same command finishes.
"""

from __future__ import annotations

import getpass
import shutil
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, split_place
from vernacular.core.files import File, Folder
from vernacular.core.store import Artifact, Store, now
from vernacular.corpus.lineage import artifacts_of, saw
from vernacular.corpus.takedown import (
    GONE,
    forget_history,
    holds,
    refuse_while_running,
    remove_artifact,
    remove_unfinished,
    vanish,
)
from vernacular.provenance.corpus_tables import DOCUMENTS, read_rows
from vernacular.provenance.own_files import own_files, written_files
from vernacular.provenance.suppression_list import FILE, Suppressions, append_row
from vernacular.provenance.text_search import SHORT, Traces
from vernacular.speech.machine_transcripts import FILE as FILE_OF_MACHINE
from vernacular.speech.machine_transcripts import (
    MachineTranscript,
    read_transcripts,
    remove_transcripts,
    utterance_in,
)
from vernacular.speech.recordings.segment import Segment
from vernacular.speech.recordings.sources import READ, Listing, list_recordings
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.utterance import Utterance, read_utterances

RECORDINGS = "speech/recordings"
_LAST = ("corpus/documents", RECORDINGS)  # what finds the other artifacts is removed last
_LEARNED = ("pretrained_", "transcription_", "release_")  # stages of speech whose results were learned from voices


@dataclass(frozen=True)
class Selection:
    """Which speech is meant: exactly one of these."""

    speaker: str = ""  # name or pseudonym
    source: str = ""  # name in language.yaml
    recording: str = ""  # path below the folder of its source, or id: 16 digits

    def covers(self, source: str, file: str, speaker: str, digest: str = "") -> bool:
        """Whether an utterance with these facts is meant; ``speaker`` is a pseudonym, as ours has to be then."""
        return bool((self.speaker and speaker == self.speaker) or (self.source and source == self.source)
                    or (self.recording and self.recording in (file, digest)))

    def __str__(self) -> str:
        return self.speaker or (f"source {self.source}" if self.source else self.recording)


@dataclass(frozen=True)
class Withdrawal:
    """What a withdrawal removes."""

    selection: Selection  # a speaker by pseudonym
    utterances: list[Utterance]  # in any artifact, each once
    transcripts: list[MachineTranscript]  # what a machine wrote for them, in the language folder
    artifacts: list[Artifact]  # that hold them or were made from them, those that list them last
    models: list[str]  # a line for each that learned from them
    row: dict[str, list[str]]  # of the suppression list; digests, and the name of a source
    new: bool  # whether the list lacks it
    traces: Traces  # of the transcripts
    names: list[str]  # what the history of runs must not contain
    own_files: list[str]  # files of the user that still hold the voice or its words


def holds_speech(language: Language, store: Store, selection: Selection) -> bool:
    """Whether the selection is a source of recordings, or a recording that was read."""
    if language.speech is None:
        return False
    return any(source.name == selection.source for source in language.speech.sources) or any(
        selection.covers(one.source, one.file, "", one.raw_digest) for rows in _rows_of(artifacts_of(
            store, language.code)).values() for one in rows)


def plan_withdrawal(language: Language, store: Store, selection: Selection) -> Withdrawal:
    """Look for speech in every artifact and in the folder.

    Raises:
        Problem: nothing of it is known, the folder has no speech, or a run is under way.
    """
    if language.speech is None:
        raise Problem("the folder has no `speech`", where=f"{language.code} takedown",
                      fix="Take a text down by --id, --url or --source", code=Code.COMMAND_OPTION)
    refuse_while_running(store, language.code)
    speakers, artifacts = Speakers.of(language), artifacts_of(store, language.code)
    rows_of, suppressed = _rows_of(artifacts), Suppressions.of(language.folder)
    names = set[str]()
    if selection.speaker:
        known = {one.speaker for rows in rows_of.values() for one in rows}
        selection, names = _person(selection.speaker, speakers, known, language.code)
    rows = [one for some in rows_of.values() for one in some]
    utterances = {one.id: one for one in rows
                  if selection.covers(one.source, one.file, one.speaker, one.raw_digest)}
    copies = _recordings_of(selection.speaker, rows_of) if selection.speaker else {
        one.raw_digest for one in utterances.values()}
    utterances |= {one.id: one for one in rows if one.raw_digest in copies}  # under other names or in other sources
    machine = [one for one in read_transcripts(language)
               if one.id in utterances or selection.covers(one.source, one.file, one.speaker)]
    documents = _documents(artifacts, utterances, selection)
    if not (utterances or machine or documents or names or selection.source in suppressed.sources or any(
            source.name == selection.source for source in language.speech.sources)):
        raise Problem(f"no speech of {selection} is known", where=f"{language.code} takedown",
                      fix=f"`vernacular ledger {language.code}` lists recordings and speakers", code=Code.COMMAND_NAME)
    texts = [text for one in utterances.values() for text in (one.text, one.translation)]
    texts += [*(one.text for one in machine), *documents.values()]
    traces = Traces(texts, documents)
    row = {"speakers": sorted({speakers.digest(one) for one in (
        *names, *(copies if selection.speaker else ()), *_whole_recordings(utterances, rows_of))}),
           "sources": [selection.source] if selection.source else []}
    removed = _derived(artifacts, {artifact for artifact, rows in rows_of.items()
                                   if any(one.id in utterances for one in rows)}, traces)
    files = {(one.source, one.file) for one in utterances.values()}
    short = Traces(texts, utterances, least=SHORT)
    models = [_line(artifact) for artifact in removed if _learned(artifact)] + _text_models(
        store, language.code, artifacts, traces, documents)
    return Withdrawal(
        selection, list(utterances.values()), machine, removed, list(dict.fromkeys(models)), row,
        not (set(row["speakers"]) <= suppressed.speakers and set(row["sources"]) <= suppressed.sources), traces,
        sorted(names.union(file for _, file in files)), [*dict.fromkeys((
            *_own_recordings(language, store, speakers, selection, files),
            *(str(page) for page in written_files(store, language.code) if page.is_file()),  # may play the voice
            *(file for file in own_files(language, store, [], short) if file != FILE_OF_MACHINE)))])


def _person(name: str, speakers: Speakers, known: set[str], code: str) -> tuple[Selection, set[str]]:
    """The person by pseudonym, and every name that is known of the person.

    Raises:
        Problem: nobody of this name is known.
    """
    pseudonym = name if name in known else speakers.pseudonym(name)
    if pseudonym not in known and speakers.digest(name) in speakers.withdrawn:
        pseudonym = name  # nothing is left of the person
    listed = speakers.listed.get(pseudonym)
    if pseudonym not in known and listed is None and speakers.digest(pseudonym) not in speakers.withdrawn:
        raise Problem("no speaker of this name or pseudonym is known", where=f"{code} takedown --speaker",
                      fix="List the person under `speakers:` with `withdrawn: true`, or name one of: "
                          + ", ".join(sorted(known - {""})[:20]), code=Code.COMMAND_NAME)
    names = {name, pseudonym, *(listed.names if listed is not None else ())}
    return Selection(speaker=pseudonym), names | {speakers.pseudonym(one) for one in names - {pseudonym}}


def carry_out_withdrawal(plan: Withdrawal, language: Language, store: Store, reason: str,
                         progress: Callable[[str], None] = lambda line: None) -> list[str]:
    """Suppress first, then remove. Returns what was removed, a line each.

    Raises:
        Problem: a run is under way, or the history cannot be reached; the speech is suppressed nevertheless.
    """
    if plan.new:
        append_row(Folder.of(language.folder).file(FILE), {"date": now(), "who": getpass.getuser(), "reason": reason,
                                                           "models": plan.models, **plan.row})
        progress("suppressed")
    refuse_while_running(store, language.code)
    forget_history(language.code, plan.traces, plan.names)
    home, early = store.root / language.code, [one for one in plan.artifacts if one.manifest.stage not in _LAST]
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
    gone = set(plan.transcripts)  # behind the texts that were made of them, which they find
    if gone and remove_transcripts(language, lambda one: one in gone):
        removed.append(f"{len(gone)} rows of {FILE_OF_MACHINE}")
    late = sorted((one for one in plan.artifacts if one.manifest.stage in _LAST),
                  key=lambda one: _LAST.index(one.manifest.stage))
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


def _rows_of(artifacts: Iterable[Artifact]) -> dict[Artifact, list[Utterance]]:
    """The utterances of each artifact of ``speech/recordings``."""
    return {artifact: read_utterances(artifact.folder) for artifact in artifacts
            if artifact.manifest.stage == RECORDINGS}


def _whole_recordings(gone: Container[str], rows_of: dict[Artifact, list[Utterance]]) -> set[str]:
    """Return the digests of recordings of which nothing is left: they stay out under any other name, too."""
    rows = [one for rows in rows_of.values() for one in rows]
    return {one.raw_digest for one in rows} - {one.raw_digest for one in rows if one.id not in gone}


def _documents(artifacts: Iterable[Artifact], utterances: Container[str], selection: Selection) -> dict[str, str]:
    """Id -> text of the documents that a machine wrote for the speech, also with an earlier model."""
    found = {}
    for row in _rows_of_texts(artifacts):
        named = utterance_in(row["title"])
        if named and (named[2] in utterances or selection.covers(*named[:2], row["author"])):
            found[row["id"]] = row["text"]
    return found


def _rows_of_texts(artifacts: Iterable[Artifact]) -> Iterator[dict[str, str]]:
    for artifact in artifacts:
        if artifact.manifest.stage == "corpus/documents":
            yield from read_rows(artifact.folder / DOCUMENTS, ["id", "text", "title", "author"])


def _text_models(store: Store, code: str, artifacts: Iterable[Artifact], traces: Traces, known: Iterable[str]
                 ) -> list[str]:
    """A line for each model that learned from transcripts as text, those of the documents ``known`` among them."""
    ids = {*known, *(row["id"] for row in _rows_of_texts(artifacts) if traces.in_text(row["text"]))}
    return [model.line() for model in saw(store, code, ids)] if ids else []


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
    return [*(one for one in rest if holds(one, traces)), *derived]


def _learned(artifact: Artifact) -> bool:
    group, _, name = artifact.manifest.stage.partition("/")
    return name.startswith(_LEARNED) if group == "speech" else group in ("model", "task", "release", "tokenizer")


def _line(artifact: Artifact) -> str:
    return f"{artifact.manifest.stage} {artifact.manifest.key} of {artifact.manifest.created}"


def _own_recordings(language: Language, store: Store, speakers: Speakers, selection: Selection,
                    files: Container[tuple[str, str]]) -> list[str]:
    """Return the files of the sources with the voice or its words; a source that cannot be read has none.

    ``files``: sources and files of utterances, as the ledger names them.
    """
    assert language.speech is not None
    paths: dict[str, None] = {}
    for source in language.speech.sources:
        try:
            listing = list_recordings(language, source, store.root) if source.kind != "hub" else Listing()
        except Problem:
            continue
        names = listing.all_names()
        for recording in listing.recordings:
            file = speakers.without_names(recording.path, names)
            own = [one for one in recording.segments or [Segment(place=recording.path)]
                   if (source.name, file) in files
                   or selection.covers(source.name, file, speakers.pseudonym(one.speaker or source.speaker))]
            if own and isinstance(recording.file, File):
                paths[recording.file.shown] = None
            paths |= {split_place(one.place)[0]: None for one in own if split_place(one.place)[1]}  # rows of a table
    return sorted(paths, key=lambda path: path.endswith(READ))
