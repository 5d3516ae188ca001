"""Where recordings are: the files of a source, each with the segments that its transcript names."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from vernacular.config.limits import Limits
from vernacular.config.schema import Language
from vernacular.config.sources import is_local
from vernacular.config.speech_sources import (
    AudioHubSource,
    AudioInboxSource,
    AudioSource,
    CommonVoiceTranscripts,
    ElanTranscripts,
    NoTranscripts,
    SpeechSource,
    TableTranscripts,
    TextGridTranscripts,
)
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File, Folder
from vernacular.core.normal_forms import normalized
from vernacular.core.store import digest_of
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import opened, read_bounded, stream_bounded
from vernacular.sources.extracts import Digests
from vernacular.sources.formats import read_text
from vernacular.speech.recordings.segment import Segment, one_line, stated
from vernacular.speech.recordings.transcripts.tables import COMMON_VOICE

READ = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".oga")
# Endings of recordings and videos that are not read: they are listed as rejected.
_MEDIA = (*READ, ".m4a", ".m4p", ".mp4", ".mov", ".mkv", ".webm", ".avi", ".3gp", ".amr", ".aac", ".wma", ".aif",
          ".aiff", ".caf", ".au", ".wv", ".ape")
_SPLITS = {"train": "train", "validation": "dev", "dev": "dev", "test": "test"}
_TRANSCRIPTS = (".eaf", ".textgrid", ".txt")  # the first one of a recording is used; only .eaf names speakers
_MODULES = "vernacular.speech.recordings.transcripts"


@dataclass(frozen=True)
class Recording:
    """A recording from outside. ``path`` may contain names."""

    path: str  # below the source's folder, with /
    file: File | bytes
    segments: Sequence[Segment] = ()  # none: it is not transcribed


@dataclass
class Listing:
    """The recordings of a source, and what is wrong with its transcripts."""

    recordings: Iterable[Recording] = ()
    problems: list[Problem] = field(default_factory=list)
    names: set[str] = field(default_factory=set)  # of speakers, in rows without a recording as well

    def all_names(self) -> set[str]:
        """Return the names of speakers, which paths may contain; rows of datasets have no paths."""
        recordings = self.recordings if isinstance(self.recordings, Sequence) else ()
        return self.names.union(segment.speaker for recording in recordings for segment in recording.segments) - {""}


def folder_of(language: Language, source: AudioSource | AudioInboxSource) -> Folder:
    """Return the folder of a source: in the language folder, beside it (``..``) or absolute."""
    path = PurePosixPath(source.folder)
    if ".." in path.parts:
        return Folder(language.folder / path, "", source.folder)
    return Folder(language.folder, "", language.folder.name).folder(source.folder)


def mirror_of(language: Language, source: SpeechSource, root: Path) -> Path:
    """Return the folder for downloads and digests of a source of recordings; ``root`` is the store's."""
    return root / language.code / ".mirror" / f"speech-{source.name}"


def version_of(language: Language, source: SpeechSource, root: Path, key: bytes) -> str:
    """Return a digest of all files of a source, by ``key``; they are read again only if size or time changed."""
    if isinstance(source, AudioHubSource):
        if not is_local(source.dataset) and not fetched_folder(language, source, root).is_dir():
            return "not fetched"
        files = _parquet_files(language, source, root)
    else:
        files = folder_of(language, source).list_files(on_error=lambda path, error: None)
    digests = Digests(mirror_of(language, source, root), key)
    digested = [(path, digests.of(path, file)) for path, file in files]
    digests.save({path for path, _ in digested})
    return digest_of(digested)


def list_recordings(language: Language, source: SpeechSource, root: Path) -> Listing:
    """Return the recordings of a source with their segments; ``root`` is the store's.

    Raises:
        Problem: the folder or the table of transcripts is missing or damaged.
    """
    if isinstance(source, AudioInboxSource):
        return _inbox(folder_of(language, source), language.limits)
    if isinstance(source, AudioHubSource):
        return Listing(_hub(language, source, root))
    folder = folder_of(language, source)
    if not folder.exists():
        raise Problem("the folder of recordings does not exist", where=folder.shown,
                      fix="Add it, or correct `folder:`", code=Code.SOURCE_MISSING)
    listing, recordings = Listing(), list[Recording]()
    strange = listing.problems
    files = dict(folder.list_files(source.files, on_error=lambda path, error: strange.append(_strange(error, path))))
    sounds = {path: file for path, file in files.items() if PurePosixPath(path).suffix.lower() in _MEDIA}
    if not sounds and not strange:
        raise Problem(f"no recording matches '{source.files}'", where=folder.shown,
                      fix="Add recordings, or correct `files:`", code=Code.SOURCE_MISSING)
    form = source.transcripts
    if isinstance(form, NoTranscripts):
        listing.recordings = [Recording(path, file) for path, file in sounds.items()]
    elif isinstance(form, TableTranscripts | CommonVoiceTranscripts):
        _join(listing, sounds, _table(folder, form, language.limits), folder.shown,
              "clips/" if isinstance(form, CommonVoiceTranscripts) else "")
    else:
        for path, file in sounds.items():
            try:
                recordings.append(Recording(path, file, _beside(folder, path, form, language.limits)))
            except Problem as problem:
                strange.append(_nameless(problem, path))
        listing.recordings = recordings
    return listing


def _strange(error: Exception, path: str) -> Problem:
    return error if isinstance(error, Problem) else Problem(str(error), where=path, fix="Copy the file again",
                                                           code=Code.SOURCE_ACCESS)


def _table(folder: Folder, form: TableTranscripts | CommonVoiceTranscripts, limits: Limits) -> list[Segment]:
    columns = form.columns if isinstance(form, TableTranscripts) else COMMON_VOICE
    encoding = form.encoding if isinstance(form, TableTranscripts) else None
    file = folder.file(form.file)
    if not file.exists():
        raise Problem("the table of transcripts does not exist", where=file.shown, fix="Add it, or correct `file:`",
                      code=Code.DATA_MISSING)
    return _read(f"{_MODULES}.tables:in_worker_table", file, [columns, encoding], limits)


def _join(listing: Listing, sounds: dict[str, File], rows: list[Segment], where: str, prefix: str) -> None:
    """Give each recording the rows that name it; note rows without a recording and repeated ones."""
    by_file: dict[str, list[Segment]] = defaultdict(list)
    listing.names = {row.speaker for row in rows}
    paths = {normalized("NFC", path): path for path in sounds}  # names of files are often decomposed
    for row in rows:
        path = PurePosixPath(prefix + row.file).as_posix()
        path = path if path in sounds else paths.get(normalized("NFC", path), path)
        if path not in sounds:
            listing.problems.append(Problem(f"there is no recording {path}", where=row.place, code=Code.DATA_MISSING,
                                            fix="Add the recording, or remove the row"))
        elif by_file[path] and (row.start is None or by_file[path][0].start is None):
            listing.problems.append(Problem(f"a second transcript of {path} without times", where=row.place,
                                            fix="Remove one of the rows, or add start and end", code=Code.DATA_JOIN))
        else:
            by_file[path].append(row)
    listing.recordings = [Recording(path, file, tuple(by_file.get(path, ()))) for path, file in sounds.items()]


def _nameless(problem: Problem, path: str) -> Problem:
    """Return why a recording is left out whose transcript cannot be read: the transcript may name who withdrew."""
    return Problem(f"it is left out, since its transcript cannot be read ({problem.where}: {problem.what})", where=path,
                   fix=problem.fix, code=problem.code)


def _beside(folder: Folder, path: str, form: ElanTranscripts | TextGridTranscripts,
            limits: Limits) -> list[Segment]:
    """Return the segments of the file of the same name; none if it does not exist.

    Raises:
        Problem: it is damaged.
    """
    kind = "elan" if isinstance(form, ElanTranscripts) else "textgrid"
    for ending in (".eaf",) if kind == "elan" else (".TextGrid", ".textgrid"):
        file = folder.file(str(PurePosixPath(path).with_suffix(ending)))
        if file.exists():
            return _read(f"{_MODULES}.{kind}:in_worker_{kind}", file, [form.tier, form.translation_tier], limits)
    return []


def _inbox(folder: Folder, limits: Limits) -> Listing:
    listing, recordings = Listing(), list[Recording]()
    files = dict(folder.list_files(on_error=lambda path, error: listing.problems.append(_strange(error, path))))
    transcripts: dict[str, str] = {}
    for path in sorted((path for path, file in files.items() if file.suffix.lower() in _TRANSCRIPTS),
                       key=lambda path: (_TRANSCRIPTS.index(files[path].suffix.lower()), path)):
        if transcripts.setdefault(_stem(path), path) != path:
            listing.problems.append(Problem(f"{transcripts[_stem(path)]} is used instead", where=path,
                                            fix="Keep one transcript of each recording", code=Code.DATA_JOIN))
    sounds = {path: file for path, file in files.items() if file.suffix.lower() not in _TRANSCRIPTS}
    for path, file in sounds.items():
        session, transcript = PurePosixPath(path).parent.name, transcripts.get(_stem(path))
        try:
            segments = _transcript(files[transcript], limits) if transcript is not None else [Segment(place=path)]
        except Problem as problem:
            listing.problems.append(_nameless(problem, path))
            continue
        recordings.append(Recording(path, file, [replace(one, session=session) for one in segments]))
    listing.recordings = recordings
    alone = transcripts.keys() - {_stem(path) for path in sounds}
    listing.problems += [Problem("there is no recording of this name", where=transcripts[stem], code=Code.DATA_MISSING,
                                 fix="Add the recording") for stem in sorted(alone)]
    return listing


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))


def _transcript(file: File, limits: Limits) -> list[Segment]:
    if file.suffix.lower() == ".txt":
        return [Segment(place=file.shown, text=one_line(read_text(file, file.shown, limits=limits)))]
    kind = "elan" if file.suffix.lower() == ".eaf" else "textgrid"
    return _read(f"{_MODULES}.{kind}:in_worker_{kind}", file, [None, None], limits)


def _hub(language: Language, source: AudioHubSource, root: Path) -> Iterator[Recording]:
    """Yield the rows of a dataset's parquet files, which have the sound inside."""
    columns, number = columns_of(source), 0
    for path, file in _parquet_files(language, source, root):
        with opened(file) as data:
            for row in stream_bounded("vernacular.speech.recordings.hub_rows:in_worker_audio_rows", [data],
                                      [file.shown, columns], file.shown, for_file(language.limits, data.size)):
                number += 1
                if source.most_recordings is not None and number > source.most_recordings:
                    return
                yield Recording(f"{path}#{row['number']}", base64.b64decode(row["audio"]), [Segment(
                    place=f"{path}#{row['number']}", text=one_line(row["text"]), speaker=stated(row["speaker"]),
                    translation=one_line(row["translation"]), split=_SPLITS.get(source.split, ""))])


def columns_of(source: AudioHubSource) -> dict[str, str | None]:
    """Return the columns of a dataset by what they hold; None where there is none."""
    return {"audio": source.audio_field, "text": source.text_field, "speaker": source.speaker_field,
            "translation": source.translation_field}


def fetched_folder(language: Language, source: AudioHubSource, root: Path) -> Path:
    """Return the folder of what was fetched of a dataset; other settings have another one."""
    settings = source.model_dump(mode="json", include={"dataset", "config", "split", "revision", "most_recordings",
                                                       *(f"{name}_field" for name in columns_of(source))})
    return mirror_of(language, source, root) / digest_of(settings)[:16]


def _parquet_files(language: Language, source: AudioHubSource, root: Path) -> list[tuple[str, File]]:
    if is_local(source.dataset):
        folder = Folder(language.folder, "", language.folder.name).folder(source.dataset)
    else:
        folder = Folder(fetched_folder(language, source, root), "", f"dataset {source.dataset}")
    files = folder.list_files("**/*.parquet")
    if not files:
        raise Problem("there is no .parquet file in the dataset", where=folder.shown, fix="Correct `dataset:`",
                      code=Code.SOURCE_MISSING)
    return files


def _read(function: str, file: File, arguments: list[Any], limits: Limits) -> list[Segment]:
    with opened(file) as data:
        return [Segment(**row) for row in read_bounded(function, [data], [file.shown, *arguments], file.shown,
                                                       for_file(limits, data.size))]
