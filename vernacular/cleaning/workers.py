"""Documents in batches, worked on by processes of their own where there is enough text to pay for them.

A batch function takes a table of documents and gives a record batch with a row for each (``cache``). It is named by its
module, whose ``maker(spec)`` gives the function. Knows no rule.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from vernacular.cleaning.cache import (
    BATCH,
    KEY,
    SUFFIX,
    Library,
    as_numpy,
    keyed,
    keys_of,
    uncollected,
    write_table,
)
from vernacular.cleaning.disk_arrays import disk_array
from vernacular.cleaning.ray_batches import run_on_ray, wants_ray
from vernacular.cleaning.table_view import View
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.terminal import guard_streams
from vernacular.pipeline.parent_process import end_when_alone
from vernacular.pipeline.stage import Progress
from vernacular.provenance.corpus_tables import count_rows, pieces, read_tables, text_sizes
from vernacular.text.word_hashes import U64

_ALONE = 6_000_000  # bytes of text below which starting processes takes longer than it saves
_MOST_PROCESSES = 8
_REPORTED = 10  # batches between two lines of progress


class BatchFunction(Protocol):
    """Works on a batch of documents."""

    def __call__(self, documents: pa.Table) -> pa.RecordBatch:
        """What is found out about ``documents``. The outcome for a document depends on its row alone."""
        ...


@dataclass(frozen=True)
class Recipe:
    """A batch function that any process can make."""

    module: str  # has a function ``maker(spec)``, which gives a ``BatchFunction``
    spec: bytes  # plain data that the maker needs, as JSON

    @classmethod
    def of(cls, module: str, spec: dict[str, Any]) -> Recipe:
        """The recipe for plain data."""
        return cls(module, orjson.dumps(spec))

    def make(self) -> BatchFunction:
        """The batch function."""
        made: BatchFunction = importlib.import_module(self.module).maker(orjson.loads(self.spec))
        return made


@dataclass(frozen=True)
class Rows:
    """The rows of a file of documents, known by their keys."""

    path: Path  # the file
    keys: U64  # of all rows, shape ``(rows, 2)``

    @classmethod
    def of(cls, path: Path, folder: Path | None = None) -> Rows:
        """The rows of ``path``; ``folder`` is for ``disk_arrays``."""
        keys, first = disk_array(folder, count_rows(path), np.uint64, 2), 0
        for table in read_tables(path):
            keys[first:first + len(table)] = keys_of(table)
            first += len(table)
        return cls(path, keys)

    def __len__(self) -> int:
        return len(self.keys)

    def batches(self, wanted: NDArray[np.bool_]) -> Iterator[pa.Table]:
        """The rows that are ``wanted`` in batches; an empty one where none is wanted."""
        return pieces(self._chosen(wanted), BATCH) if wanted.any() else islice(
            (table.slice(0, 0) for table in read_tables(self.path)), 1)

    def _chosen(self, wanted: NDArray[np.bool_]) -> Iterator[pa.Table]:
        begin = 0
        for table in read_tables(self.path):
            own = wanted[begin:begin + len(table)]
            if own.any():
                yield table if own.all() else table.take(pa.array(np.flatnonzero(own)))
            begin += len(table)


def tables_for(rows: Rows, recipe: Recipe, library: Library, progress: Progress) -> View:
    """What the batch function finds out about each of ``rows``: from ``library`` if it is there, else made now.

    Args:
        rows: the rows.
        recipe: of the batch function; its meaning is part of the library's version.
        library: of tables that this function made.
        progress: takes a line for every so many batches.

    Raises:
        Problem: from the batch function, or a process was ended from outside.
    """
    wanted = library.find(rows.keys) < 0
    number = int(np.count_nonzero(wanted))
    if number or not library.sizes:
        progress(f"{number:,} of {len(rows):,} documents are new")
        library.add(_work(rows.batches(wanted), recipe, library.folder, progress, wants_ray() and number > 0))
    index = library.find(rows.keys)
    if (index < 0).any():
        raise Problem("a table of the cache was lost while it was in use", where=str(library.folder),
                      fix="Run again; nothing else should write there", code=Code.STAGE_STOPPED)
    return View.of(library, index)


def _work(batches: Iterator[pa.Table], recipe: Recipe, folder: Path, progress: Progress, on_ray: bool) -> list[str]:
    """Write a table for each batch, in processes where there is enough text, or on Ray; returns their names."""
    if on_ray:
        tables = run_on_ray(batches, partial(_table_of, recipe))
        return [_save(table.combine_chunks().to_batches()[0], folder) for table in tables if len(table)]
    first: list[pa.Table] = []
    size = 0
    while size < _ALONE and (batch := next(batches, None)) is not None:
        first.append(batch)
        size += int(text_sizes(batch).sum())
    processes = min(_processors(), _MOST_PROCESSES) if size >= _ALONE else 1
    every = chain(first, batches)
    if processes == 1:
        make = recipe.make()
        return [_write(make, batch, folder) for batch in every]
    names: list[str] = []
    running: set[Future[str]] = set()
    context = multiprocessing.get_context("spawn")  # the fork server of this process is for heavy stages: it has torch
    with ProcessPoolExecutor(processes, context, _start_worker) as pool:
        try:
            for batch in every:
                running.add(pool.submit(write_in_worker, recipe, batch, folder))
                if len(running) > 2 * processes:
                    running = _collect(running, names, progress)
            while running:
                running = _collect(running, names, progress)
        except BrokenProcessPool:
            raise Problem("a process that cleaned text ended early", where="corpus",
                          fix="Close other programs if memory is short, and run again; finished batches stay",
                          code=Code.STAGE_STOPPED) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return names


def _collect(running: set[Future[str]], names: list[str], progress: Progress) -> set[Future[str]]:
    """Wait until a batch is done, add the names of those that are to ``names``, and return the others."""
    done, waiting = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        names.append(future.result())
        if len(names) % _REPORTED == 0:
            progress(f"{len(names)} batches are done")
    return waiting


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write(make: BatchFunction, documents: pa.Table, folder: Path) -> str:
    """Write the table of a batch and return its name."""
    return _save(keyed(documents, make(documents)), folder)


def _table_of(recipe: Recipe, documents: pa.Table) -> pa.Table:
    """The table of a batch, as Ray wants it."""
    return pa.Table.from_batches([keyed(documents, _made(recipe)(documents))])


def _save(table: pa.RecordBatch, folder: Path) -> str:
    """Write a table; its name is a digest of the keys of its documents."""
    name = xxhash.xxh3_128_hexdigest(as_numpy(table[KEY]).tobytes()) + SUFFIX
    write_table(folder / name, table)
    return name


_made = cache(Recipe.make)  # once in each process


def write_in_worker(recipe: Recipe, documents: pa.Table, folder: Path) -> str:
    """The same in a process of the pool."""
    with uncollected():
        return _write(_made(recipe), documents, folder)


def _start_worker() -> None:
    """Prepare a process of the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent gets the signal, too, and ends it
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", RAYON_NUM_THREADS="1")
    pa.set_cpu_count(1)
    os.dup2(2, 1)  # whatever a library prints goes to the log
    guard_streams()
    end_when_alone()
