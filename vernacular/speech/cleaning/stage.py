"""The stage ``speech/clean``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vernacular.core.report import Report
from vernacular.pipeline.stage import StageContext
from vernacular.speech.cleaning.measures import measure_all
from vernacular.speech.cleaning.report import describe
from vernacular.speech.cleaning.rules import Reject, clean_utterances
from vernacular.speech.cleaning.settings import SpeechCleanSettings
from vernacular.speech.utterance import REJECTS, load_audio, read_utterances, write_utterances

_REJECTED = pa.schema([("id", pa.string()), ("dropped", pa.string()), ("rule", pa.string()), ("reason", pa.string()),
                       ("value", pa.float64())])


def run(work: StageContext[SpeechCleanSettings]) -> Report:
    """Write ``utterances.parquet`` (what is left, with measures) and ``rejects.parquet``.

    Raises:
        Problem: the extra ``speech`` is not installed.
    """
    recordings = work.inputs["speech/recordings"]
    utterances = read_utterances(recordings)
    measures = measure_all(recordings, utterances, work.cache, work.progress)
    kept, rejects = clean_utterances(utterances, measures, work.settings, partial(load_audio, recordings))
    write_utterances(work.out, kept, measured=True)
    write_rejects(work.out, rejects)
    return describe(work.out, utterances, kept, rejects)


def write_rejects(folder: Path, rejects: Sequence[Reject]) -> None:
    """Write ``rejects.parquet``: id, dropped (recording or transcript), rule, reason, value."""
    pq.write_table(pa.Table.from_pylist([asdict(one) for one in rejects], _REJECTED), folder / REJECTS,
                   compression="zstd")
