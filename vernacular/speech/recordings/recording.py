"""One recording from outside: decoded in the sandboxed worker, cut into utterances, written as FLAC."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from io import BufferedReader
from typing import ClassVar, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vernacular.config.limits import Limits
from vernacular.config.speech_sources import SpeechSource
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_system_error
from vernacular.core.files import File
from vernacular.pipeline.stage import StageContext
from vernacular.sandbox.frames import Allowance, OpenFile
from vernacular.sandbox.limits import LimitReached, for_file
from vernacular.sandbox.reader import opened, read_bounded
from vernacular.speech.recordings import decoding
from vernacular.speech.recordings.segment import Segment
from vernacular.speech.recordings.sources import Recording
from vernacular.speech.recordings.speakers import Speakers
from vernacular.speech.recordings.stages import RecordingsSettings
from vernacular.speech.utterance import RATE, Samples, Utterance, utterance_id, write_audio

_LONGEST, _SHORTEST = 20 * RATE, 10 * RATE  # samples of a piece of untranscribed sound
_QUIET = RATE // 10  # samples over which loudness is compared, to cut where nobody speaks
_GROWTH = 60  # bytes of sound, in base64, for each byte of a recording: Opus of 6 kbit/s
_MOST_SEGMENTS, _MOST_AT_ONCE = 100, 20  # segments in a second of sound, and at one moment, on average
Sound16 = NDArray[np.int16]


@dataclass(frozen=True)
class Reject:
    """What is not used, and why; without names of speakers."""

    source: str
    file: str
    place: str  # in the transcript
    rule: str
    reason: str

    SCHEMA: ClassVar[pa.Schema] = pa.schema([(name, pa.string()) for name in
                                             ("source", "file", "place", "rule", "reason")])

    def row(self) -> dict[str, str]:
        """Return it as a row of ``rejects.parquet``."""
        return asdict(self)


class Reader:
    """Reads the recordings of a source.

    Attributes:
        rejects: what was not used so far.
        withdrawn: number of recordings and segments of people who withdrew.
    """

    def __init__(self, work: StageContext[RecordingsSettings], source: SpeechSource, speakers: Speakers,
                 names: Iterable[str] = ()) -> None:
        self.work, self.source, self.speakers = work, source, speakers
        self.rejects: list[Reject] = []
        self.withdrawn = 0
        self._names = {*names} - {""}  # no path or message has them
        self._must_be_named = bool(self._names) and speakers.restricted
        self._ids: set[str] = set()

    def read(self, recording: Recording) -> Iterator[Utterance]:
        """Write the sound of each utterance of ``recording`` and yield its row."""
        self._names |= {segment.speaker for segment in recording.segments} - {""}
        segments = self._allowed(recording)
        if not segments:
            return
        file = self.speakers.without_names(recording.path, self._names)
        try:
            with ExitStack() as stack:
                data = recording.file if isinstance(recording.file, bytes) else stack.enter_context(
                    opened(recording.file))
                digest = _digest(data)
                if self.speakers.digest(digest) in self.speakers.withdrawn:
                    self.withdrawn += 1
                    return
                allowance = _allowance(data, self.work.settings.limits)
                sound, cut_short = stack.enter_context(_decoded(data, file, allowance))
                yield from self._utterances(file, digest, sound, segments, cut_short)
        except LimitReached as problem:
            self.reject(Problem("it gives far more sound than a file of this size usually does", where=file,
                                fix=problem.fix, code=problem.code) if problem.limit == "output" else problem, "limit",
                        file)
        except Problem as problem:
            self.reject(problem, "format", file)
        except OSError as error:
            if is_system_error(error) and not isinstance(error, PermissionError | FileNotFoundError):
                raise
            self.reject(Problem(error.strerror or str(error), where=file, fix="Copy the file again",
                                code=Code.SOURCE_ACCESS), "format", file)

    def reject(self, problem: Problem, rule: str, file: str = "") -> None:
        """Note that something is not used."""
        clean = self.speakers.without_names
        self.rejects.append(Reject(self.source.name, file or clean(problem.where, self._names),
                                   clean(problem.where, self._names), rule,
                                   clean(f"{problem.what}. {problem.fix}", self._names)))

    def _allowed(self, recording: Recording) -> list[Segment]:
        """Return the segments whose speakers allow training; speakers are pseudonyms from here on."""
        kept = []
        for segment in recording.segments or [Segment(place=recording.path)]:
            name = segment.speaker or self.source.speaker
            if self.speakers.has_withdrawn(name):
                self.withdrawn += 1
            elif self._must_be_named and not name:
                self.reject(Problem("who speaks is not stated, and somebody withdrew or does not allow training",
                                    where=segment.place, fix="State the speaker, as for other recordings of the source",
                                    code=Code.CONFIG_RULE),
                            "consent", self.speakers.without_names(recording.path, self._names))
            elif "training" not in self.speakers.allow(self.source, pseudonym := self.speakers.pseudonym(name))[0]:
                self.reject(Problem("training with it is not allowed", where=segment.place,
                                    fix="Add `training` to the `uses` of source and speaker, if they agreed",
                                    code=Code.CONFIG_RULE),
                            "consent", self.speakers.without_names(recording.path, self._names))
            else:
                kept.append(replace(segment, speaker=pseudonym))
        return kept


    def _utterances(self, file: str, digest: str, sound: Sound16, segments: Sequence[Segment],
                    cut_short: bool) -> Iterator[Utterance]:
        seconds = len(sound) / RATE
        if cut_short and any(segment.text and segment.end is None for segment in segments):
            self.reject(Problem(f"the file ends early, after {seconds:.1f} s, and its transcript is of the whole",
                                where=file, fix="Copy it again", code=Code.DATA_FORMAT), "truncated", file)
            return
        if not segments[0].text and segments[0].start is None and len(segments) == 1:
            for start, end in pieces(sound):
                yield from self._utterance(file, digest, segments[0], sound, start, end)
            return
        all_bounds = [segment.bounds(seconds) for segment in segments]
        length = sum(bounds[1] - bounds[0] for bounds in all_bounds if not isinstance(bounds, str))
        if len(segments) > _MOST_SEGMENTS * (seconds + 1) or length > _MOST_AT_ONCE * seconds:
            self.reject(Problem(f"its transcript has {len(segments):,} segments in {seconds:.1f} s, many at once",
                                where=file, fix="Correct the transcript", code=Code.DATA_LIMIT), "limit", file)
            return
        for segment, bounds in zip(segments, all_bounds, strict=True):
            if isinstance(bounds, str):
                self.reject(Problem(bounds, where=segment.place, fix="Correct its times", code=Code.DATA_FORMAT),
                            "times", file)
                continue
            start, end = (round(bound * RATE) for bound in bounds)
            yield from self._utterance(file, digest, segment, sound, start, end)

    def _utterance(self, file: str, digest: str, segment: Segment, sound: Sound16, start: int,
                   end: int) -> Iterator[Utterance]:
        at, (uses, consent) = start / RATE, self.speakers.allow(self.source, segment.speaker)
        number = utterance_id(self.source.name, file, segment.speaker, at, digest)
        if number in self._ids:
            self.reject(Problem("this speaker has another segment of this recording that begins at the same time",
                                where=segment.place, fix="Name one tier, or remove the copy of the recording",
                                code=Code.DATA_JOIN), "repeated", file)
            return
        self._ids.add(number)
        write_audio(self.work.out, number, np.asarray(sound[start:end]))
        yield Utterance(
            id=number, source=self.source.name, file=file, raw_digest=digest, speaker=segment.speaker,
            session=self.speakers.without_names(segment.session, self._names), start=at, seconds=(end - start) / RATE,
            text=segment.text, translation=segment.translation, split=segment.split, licence=self.source.licence,
            consent=consent, uses=uses)


def seconds_of_file(file: File | bytes, where: str, limits: Limits) -> float:
    """Return the length of a recording, which is decoded for that.

    Raises:
        Problem: it cannot be read.
        OSError: it cannot be opened.
    """
    with ExitStack() as stack:
        data = file if isinstance(file, bytes) else stack.enter_context(opened(file))
        sound, _ = stack.enter_context(_decoded(data, where, _allowance(data, limits)))
        return len(sound) / RATE


def _allowance(data: OpenFile | bytes, limits: Limits) -> Allowance:
    size = len(data) if isinstance(data, bytes) else data.size
    usual = for_file(limits, size)
    return replace(usual, output=max(usual.output, _GROWTH * size))


def pieces(sound: Sound16 | Samples) -> Iterator[tuple[int, int]]:
    """Yield begin and end of pieces of untranscribed sound, cut where it is quietest."""
    start = 0
    while len(sound) - start > _LONGEST:
        window = np.asarray(sound[start + _SHORTEST:start + _LONGEST], dtype=np.float32)
        loudness = np.square(window[:len(window) // _QUIET * _QUIET].reshape(-1, _QUIET)).sum(axis=1)
        end = start + _SHORTEST + int(loudness.argmin()) * _QUIET + _QUIET // 2
        yield start, end
        start = end
    if start < len(sound):
        yield start, len(sound)


@contextmanager
def _decoded(data: OpenFile | bytes, where: str, allowance: Allowance) -> Iterator[tuple[Sound16, bool]]:
    """Decode a recording; yield its sound, in a temporary file instead of memory, and whether it was cut short."""
    cut_short = False
    with tempfile.TemporaryFile() as spool:
        for value in read_bounded(f"{decoding.__name__}:in_worker_sound", [data], [where], where, allowance):
            if isinstance(value, bool):
                cut_short = value
            else:
                spool.write(base64.b64decode(value))
        spool.flush()
        yield np.memmap(spool, dtype="<i2", mode="r"), cut_short


def _digest(data: OpenFile | bytes) -> str:
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()[:16]
    data.stream.seek(0)
    return hashlib.file_digest(cast(BufferedReader, data.stream), "sha256").hexdigest()[:16]
