"""A recording as mono sound at 16 kHz. Parsed in the sandboxed worker, a block at a time."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.sandbox.frames import OpenFile
from vernacular.speech.packages import load_package
from vernacular.speech.utterance import RATE

_FORMATS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3")
_BLOCK = 1 << 16  # samples in memory at once, over all channels
_LEAST_RATE = 8000  # a telephone's; below it speech is not to be understood
_CANCELLED = 0.25  # share of the loudest channel's energy below which the channels' mean has cancelled out
_CONVERT = "Convert it: `ffmpeg -i FILE FILE.flac`"
_OTHERS = (  # how files of other formats begin: place, bytes, what it is
    (4, b"ftyp", "an MP4 file (a video, or sound as .m4a)"), (0, b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (0, b"RIFX", "a big-endian WAV file"), (0, b"#!AMR", "an AMR file"), (0, b"FORM", "an AIFF file"),
    (0, b"\x30\x26\xb2\x75", "a WMA file"), (0, b"PK\x03\x04", "a ZIP file"), (0, b"%PDF", "a PDF file"))
_PAGE = re.compile(rb"OggS\0([\0-\7])")  # the beginning of a page of an Ogg file, and its flags
Sound = NDArray[np.float32]


@dataclass(frozen=True)
class _Mix:
    """How channels become one: their mean or a single one, times ``gain``."""

    channel: int | None
    gain: float = 1.0

    def __call__(self, block: Sound) -> Sound:
        one = block.mean(axis=1) if self.channel is None else block[:, self.channel]
        mixed: Sound = np.clip(one * self.gain, -1, 1).astype(np.float32)
        return mixed


def in_worker_sound(files: Sequence[OpenFile], where: str) -> Iterator[Any]:
    """Yield a recording as pieces of 16-bit mono sound at ``RATE``, in base64; then whether it was cut short.

    Raises:
        Problem: it is damaged, or has another format.
    """
    soundfile, soxr = load_package("soundfile"), load_package("soxr")
    return _pieces(files[0], where, soundfile, soxr)


def _pieces(file: OpenFile, where: str, soundfile: Any, soxr: Any) -> Iterator[Any]:
    if not file.size:
        raise _unusable("it is empty", where, "Copy it again")
    try:
        with soundfile.SoundFile(file.stream) as opened:
            _check(opened, file, where)
            rate, declared = int(opened.samplerate), int(opened.frames)
            mix = _mix_of(opened, where)
            change = soxr.ResampleStream(rate, RATE, 1, dtype="float32") if rate != RATE else None
            read = written = 0
            for block in _until_damaged(_blocks(opened), soundfile.LibsndfileError):
                read += len(block)
                mono = mix(block) if change is None else change.resample_chunk(mix(block))
                written += len(mono)
                yield from _encoded(mono)
            if change is not None:
                mono = change.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
                written += len(mono)
                yield from _encoded(mono)
            if not written:
                raise _unusable("no sound in it can be read", where, "Copy it again")
    except soundfile.LibsndfileError as error:
        raise _not_readable(file, str(error.error_string), where) from None
    yield read < min(declared, 1 << 62) or _ends_early(file, opened.format)


def _check(opened: Any, file: OpenFile, where: str) -> None:
    if opened.format not in _FORMATS:
        raise _unusable(f"{opened.format} is not a format of recordings", where, _CONVERT)
    if opened.samplerate < _LEAST_RATE:
        raise _unusable(f"it has {opened.samplerate:,} samples a second, and speech needs {_LEAST_RATE:,}", where,
                        "Record it again, or leave it out")
    if opened.format == "OGG" and _is_chained(file):
        raise _unusable("it is several Ogg files in one, of which only the first would be read", where, _CONVERT)


def _mix_of(opened: Any, where: str) -> _Mix:
    """Listen to all of it where needed: to several channels, and to numbers that may be out of range."""
    numbers = opened.subtype in ("FLOAT", "DOUBLE")
    if opened.channels == 1 and not numbers:
        return _Mix(0)
    energy, together, peak = np.zeros(opened.channels), 0.0, 0.0
    for block in _until_damaged(_blocks(opened), load_package("soundfile").LibsndfileError):
        if numbers and not np.isfinite(block).all():
            raise _unusable("its samples are not numbers", where, "Export it again, as 16-bit WAV or FLAC")
        energy += np.square(block, dtype=np.float64).sum(axis=0)
        together += float(np.square(block.mean(axis=1), dtype=np.float64).sum())
        peak = max(peak, float(np.abs(block).max(initial=0)))
    opened.seek(0)
    loudest = int(energy.argmax())
    gain = 1 / peak if numbers and peak > 1 else 1.0
    # Independent channels keep at least 1/channels of the energy of the loudest in their mean.
    alone = opened.channels == 1 or together < _CANCELLED / opened.channels * energy[loudest]
    return _Mix(loudest if alone else None, gain)


def _blocks(opened: Any) -> Iterator[Sound]:
    frames = max(1, _BLOCK // opened.channels)
    while len(block := opened.read(frames, dtype="float32", always_2d=True)):
        yield block


def _until_damaged(blocks: Iterator[Sound], damage: type[Exception]) -> Iterator[Sound]:
    """Yield the blocks before the first that cannot be read: those of a FLAC file that was cut, for example."""
    with suppress(damage):
        yield from blocks


def _encoded(mono: Sound) -> Iterator[str]:
    if len(mono):
        samples = np.round(np.clip(mono, -1, 1) * 32767).astype("<i2")
        yield base64.b64encode(samples.tobytes()).decode("ascii")


def _is_chained(file: OpenFile) -> bool:
    """Whether an Ogg file has a page that begins a stream (flag 2) after one that continues a stream."""
    place, tail, flags = file.stream.tell(), b"", list[int]()
    file.stream.seek(0)
    while block := file.stream.read(1 << 20):
        flags += [page[1][0] & 2 for page in _PAGE.finditer(tail + block)]
        tail = block[-5:]
    file.stream.seek(place)
    return flags != sorted(flags, reverse=True)


def _ends_early(file: OpenFile, container: str) -> bool:
    """Whether a file lacks its end: bytes that a WAV declares, or the last page of an Ogg stream."""
    if container == "OGG":
        file.stream.seek(max(0, file.size - (1 << 17)))
        tail = file.stream.read()
        at = tail.rfind(b"OggS")
        return at >= 0 and len(tail) > at + 5 and not tail[at + 5] & 4
    if container in ("WAV", "WAVEX"):
        file.stream.seek(0)
        head = file.stream.read(1 << 16)
        at = head.find(b"data", 12)
        size = int.from_bytes(head[at + 4:at + 8], "little") if at >= 0 else 0
        streamed = size == 0 or size >= 0x7FFFF000  # written to a pipe: the length was not known
        return at >= 0 and not streamed and at + 8 + size > file.size + 1
    return False


def _not_readable(file: OpenFile, words: str, where: str) -> Problem:
    file.stream.seek(0)
    head = file.stream.read(64)
    for place, begin, what in _OTHERS:
        if head[place:place + len(begin)] == begin:
            return _unusable(f"it is {what}, which is not read", where, _CONVERT)
    if head.isascii() and b"\0" not in head:
        return _unusable("it is text, not a recording", where, "Put the recording in its place")
    return _unusable(f"it is not a readable recording ({words.rstrip('.')})", where,
                     "Copy it again, or convert it: `ffmpeg -i FILE FILE.flac`")


def _unusable(what: str, where: str, fix: str) -> Problem:
    return Problem(what, where=where, fix=fix, code=Code.DATA_FORMAT)


