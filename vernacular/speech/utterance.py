"""An utterance: a recording or a transcribed segment of one, with its ledger row; how its sound is read.

Every stage of speech reads utterances and their sound through this module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from vernacular.speech.packages import load_package

RATE = 16_000  # samples per second of all sound after ``speech/recordings``
UTTERANCES, REJECTS, SPEAKERS, AUDIO = "utterances.parquet", "rejects.parquet", "speakers.parquet", "audio"
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A row of ``utterances.parquet`` of ``speech/recordings``; the fields with None are those of ``speech/clean``."""

    id: str  # 24 hexadecimal digits of SHA-256 over source, path, speaker, start and raw digest
    source: str  # the name of its source in language.yaml
    file: str  # the recording, relative to the source's folder and with /
    raw_digest: str  # 16 hexadecimal digits of SHA-256 over the bytes of the recording
    speaker: str  # pseudonym; empty when not stated
    session: str  # recordings made together; empty when not stated
    start: float  # seconds from the beginning of the recording
    seconds: float  # length
    text: str  # transcript; empty when there is none
    translation: str  # of the transcript; empty when there is none
    split: str  # train, dev or test as the source states it; empty when it does not
    licence: str  # SPDX id, or ``unverified``
    consent: str  # basis of use
    uses: list[str]  # what is allowed: training, release, playing
    start_sample: int | None = None  # after trimming silence
    end_sample: int | None = None
    snr: float | None = None  # decibels
    speech_share: float | None = None
    clipped: float | None = None  # share of samples
    characters_per_second: float | None = None


_TYPES = {"start": pa.float64(), "seconds": pa.float64(), "uses": pa.list_(pa.string()), "start_sample": pa.int64(),
          "end_sample": pa.int64(), "snr": pa.float64(), "speech_share": pa.float64(), "clipped": pa.float64(),
          "characters_per_second": pa.float64()}
COLUMNS = tuple(field.name for field in fields(Utterance))
MEASURES = COLUMNS[COLUMNS.index("start_sample"):]  # columns that only ``speech/clean`` writes


def schema_of(names: Iterable[str]) -> pa.Schema:
    """Return the schema of a table with these columns of an utterance."""
    return pa.schema([pa.field(name, _TYPES.get(name, pa.string())) for name in names])


def utterance_id(source: str, file: str, speaker: str, start: float, raw_digest: str) -> str:
    """Return the id of what ``speaker`` says in a recording from ``start`` seconds on."""
    parts = (source, file, speaker, f"{start:.3f}", raw_digest)
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:24]


def write_utterances(folder: Path, utterances: Iterable[Utterance], *, measured: bool = False) -> int:
    """Write ``utterances.parquet`` into ``folder``; return the number of rows.

    Args:
        folder: of an artifact.
        utterances: in the order in which they are written.
        measured: whether they have the measures of ``speech/clean``.
    """
    schema = schema_of(COLUMNS if measured else (name for name in COLUMNS if name not in MEASURES))
    rows: list[dict[str, Any]] = [asdict(one) for one in utterances]
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / UTTERANCES, compression="zstd")
    return len(rows)


def read_utterances(folder: Path) -> list[Utterance]:
    """Return the utterances of an artifact of ``speech/recordings`` or ``speech/clean``, in their order."""
    table = pq.read_table(folder / UTTERANCES)
    known = [name for name in COLUMNS if name in table.column_names]
    return [Utterance(**row) for row in table.select(known).to_pylist()]


def audio_file(folder: Path, utterance_id: str) -> Path:
    """Return the path of an utterance's sound in the artifact ``folder`` of ``speech/recordings``."""
    return folder / AUDIO / utterance_id[:2] / f"{utterance_id}.flac"


def may_play(utterance: Utterance) -> bool:
    """Whether the page and the UI may play it: a voice is personal data, and only its speaker can allow that."""
    return "playing" in utterance.uses


def load_audio(folder: Path, utterance: Utterance) -> Samples:
    """Return the sound of an utterance, mono at ``RATE``, in [-1, 1], without trimmed silence.

    Args:
        folder: the artifact of ``speech/recordings``.
        utterance: a row of it or of ``speech/clean``; its ``start_sample`` and ``end_sample`` are kept to.

    Raises:
        Problem: the extra ``speech`` is not installed.
    """
    sound, _ = load_package("soundfile").read(audio_file(folder, utterance.id), start=utterance.start_sample or 0,
                                 stop=utterance.end_sample, dtype="float32")
    return np.asarray(sound, dtype=np.float32)


def write_audio(folder: Path, utterance_id: str, sound: Samples) -> None:
    """Write the sound of an utterance, mono at ``RATE``, as 16-bit FLAC."""
    path = audio_file(folder, utterance_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    load_package("soundfile").write(path, sound, RATE, format="FLAC", subtype="PCM_16")
