"""Datasets with sound on the Hugging Face hub, fetched once into the mirror as parquet files."""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vernacular.config.schema import Language
from vernacular.config.speech_sources import AudioHubSource
from vernacular.pipeline.stage import Progress
from vernacular.sandbox.limits import for_file
from vernacular.sandbox.reader import stream_bounded
from vernacular.speech.recordings import hub_rows
from vernacular.speech.recordings.segment import stated
from vernacular.speech.recordings.sources import columns_of, fetched_folder
from vernacular.speech.recordings.speakers import Speakers

_SHARD = 100_000_000  # bytes of sound in a file


def fetch_recordings(language: Language, source: AudioHubSource, root: Path, progress: Progress) -> None:
    """Fetch a dataset on the hub that is not in the mirror yet, without people who withdrew; ``root`` is the store's.

    Raises:
        Problem: it cannot be reached, or has other columns.
    """
    folder = fetched_folder(language, source, root)
    if folder.is_dir():
        return
    shutil.rmtree(folder.parent, ignore_errors=True)  # of other settings, or begun and not finished
    part = folder.with_name(".part")
    part.mkdir(parents=True)
    where, columns = f"dataset {source.dataset}", columns_of(source)
    progress(f"fetching the recordings of {source.name}")
    rows = stream_bounded(f"{hub_rows.__name__}:in_worker_streamed_audio", [], [
        source.dataset, source.config, source.split, source.revision, where, columns], where,
        for_file(language.limits, 0))
    number = -1
    for number, shard in enumerate(_shards(_kept(rows, source, Speakers.of(language)))):
        table = [{column: row[name] for name, column in columns.items() if column is not None} for row in shard]
        pq.write_table(pa.Table.from_pylist(table), part / f"{number:05}.parquet")
        progress(f"{source.name}: {number + 1} files of recordings")
    part.rename(folder)


def _kept(rows: Iterable[dict[str, Any]], source: AudioHubSource, speakers: Speakers) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows):
        if number == source.most_recordings:
            return
        sound = base64.b64decode(row["audio"])
        withdrawn = speakers.digest(hashlib.sha256(sound).hexdigest()[:16]) in speakers.withdrawn
        if not withdrawn and not speakers.has_withdrawn(stated(row["speaker"]) or source.speaker):
            yield {**row, "audio": sound}


def _shards(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    shard, size = list[dict[str, Any]](), 0
    for row in rows:
        shard.append(row)
        size += len(row["audio"])
        if size >= _SHARD:
            yield shard
            shard, size = [], 0
    if shard:
        yield shard

