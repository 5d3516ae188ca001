"""The stage ``corpus/splits``: parts documents into train, dev and test, and takes shared text out of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vernacular.cleaning.cache import Library, uncollected
from vernacular.cleaning.decontamination import HeldOut
from vernacular.cleaning.disk_arrays import disk_array, places_of
from vernacular.cleaning.table_view import View
from vernacular.cleaning.workers import Recipe, Rows, tables_for
from vernacular.config.schema import Splits
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.plots import bars
from vernacular.core.report import Gate, Report
from vernacular.core.result import DocumentsAndWords
from vernacular.core.store import digest_of
from vernacular.corpus.assignment import DEV, PARTS, TEST, TRAIN, assign
from vernacular.corpus.shared_lines import Shared
from vernacular.corpus.split_features import FEATURES_VERSION
from vernacular.corpus.stage_results import SplitsResult
from vernacular.pipeline.stage import StageContext, silent
from vernacular.provenance.corpus_tables import (
    CLEANED,
    DOCUMENTS,
    REJECTED_OF_SPLITS,
    REJECTS,
    count_rows,
    file_of,
    read_rows,
    read_tables,
    write_rows,
    write_tables,
)
from vernacular.text.word_hashes import offsets
from vernacular.text.words import words

Row = dict[str, Any]
Mask = NDArray[np.bool_]
_SAMPLES, _EXCERPT = 5, 160
_RUNS_AT_ONCE = 2_000_000  # runs of words that are compared at once


class Part:
    """Some documents with the hashes that ``split_features`` made of them.

    Args:
        view: their tables.
        path: the file that they are in.
    """

    def __init__(self, view: View, path: Path) -> None:
        self.view, self.path = view, path

    def held_out_index(self, name: str, overlap: int) -> HeldOut:
        """What no other part may share with this one."""
        lines, runs = (disk_array(self.view.folder, self.view.number(level), np.uint64) for level in ("lines", "runs"))
        ends = [0, 0]
        for _, rows in self.view.parts("runs", _RUNS_AT_ONCE):
            worded = _hashes(rows)[rows.take("lines", "words", rows.entries("lines")) > 0]
            for number, (every, own) in enumerate(((lines, worded), (runs, _runs(rows)))):
                every[ends[number]:ends[number] + len(own)] = own
                ends[number] += len(own)
        return HeldOut.of_hashes(name, overlap, lines[:ends[0]], runs[:ends[1]])

    def shared(self, index: HeldOut) -> Shared:
        """The lines that share text with what is in ``index``.

        Takes some rows at a time: the runs of all of a large corpus do not fit into memory.
        """
        found = [Shared.none()]
        for first, rows in self.view.parts("runs", _RUNS_AT_ONCE):
            numbers = index.judge_hashes(_hashes(rows), _runs(rows), rows.take("lines", "runs", rows.entries("lines")))
            lines, begins = np.flatnonzero(numbers), offsets(rows.counts("lines"))
            documents = np.searchsorted(begins, lines, side="right") - 1
            found.append(Shared(documents + first, lines - begins[documents], numbers[lines]))
        return Shared.joined(found)


def _hashes(rows: View) -> NDArray[np.uint64]:
    return rows.take("lines", "hash", rows.entries("lines"))


def _runs(rows: View) -> NDArray[np.uint64]:
    return rows.take("runs", "", rows.entries("runs"))


@uncollected()
def run(work: StageContext[Splits]) -> Report:
    """Write ``train.parquet``, ``dev.parquet``, ``test.parquet`` and ``rejects.parquet``.

    Raises:
        Problem: too little text for the wanted parts, or a source held out that is not there.
    """
    settings = work.settings
    overlap = settings.overlap_words
    library = Library(work.cache, digest_of({"overlap": overlap, "features": FEATURES_VERSION}))
    path = work.inputs["corpus/clean"] / DOCUMENTS
    rows = Rows.of(path, library.folder)
    library.shed(rows.keys)
    view = tables_for(rows, _recipe(overlap), library, work.progress)
    for key, names in (("held_out", settings.held_out), ("train_only", settings.train_only)):
        unknown = set(names) - {source.name for source in work.language.sources}
        if unknown:
            raise Problem(f"there is no source '{min(unknown)}'", where=f"splits.{key}",
                          fix="Use names of entries under `sources:`", code=Code.CONFIG_VALUE)
    both = set(settings.held_out) & set(settings.train_only)
    if both:
        raise Problem(f"the source '{min(both)}' is held out and only for training", where="splits.train_only",
                      fix="Remove it from one of the two lists", code=Code.CONFIG_RULE)
    given = assign(*_positions(view, path, settings), settings)
    parts: dict[str, Part] = {}
    rejects: list[Iterator[Row]] = []
    indexes: list[HeldOut] = []
    for name, number in (("test", TEST), ("dev", DEV), ("train", TRAIN)):
        chosen = given == number
        dropped, reasons = _shared(Part(view.at(places_of(chosen, view.folder)), path), chosen, indexes)
        write_tables(work.out / file_of(name), CLEANED, _chosen_rows(path, chosen, dropped))
        rejects.append(_rejected_rows(path, dropped, reasons, name))
        parts[name] = _reread(work.out / file_of(name), overlap, library)
        if name != "train":
            indexes.append(parts[name].held_out_index(f"the {name} part", overlap))
    write_rows(work.out / REJECTS, chain.from_iterable(rejects), REJECTED_OF_SPLITS)
    for part, share in (("train", 1.0), ("dev", settings.dev), ("test", settings.test)):
        if share > 0 and not len(parts[part].view):
            raise Problem(f"too little text: of {len(rows)} documents none is left for {part} once shared text is out",
                          where="corpus/splits", fix="Add text, or look for texts that repeat each other",
                          code=Code.DATA_SPLIT)
    library.tidy()
    report = _report(work.out, {name: parts[name] for name in PARTS})
    report.gates.append(_gate(parts, overlap))
    return report


def _positions(view: View, path: Path, settings: Splits) -> tuple[NDArray[np.float64], Mask]:
    """The position of each document, 1 if its source is only for training, and whether its source is held out."""
    positions, held_out = (disk_array(view.folder, len(view), kind) for kind in (np.float64, np.bool_))
    first, names = 0, pa.array(settings.held_out, pa.string())
    only = pa.array(settings.train_only, pa.string())
    for table in read_tables(path, ["source"]):
        last = first + len(table)
        positions[first:last] = np.where(pc.is_in(table["source"], only).to_numpy(), 1.0,
                                         view.between(first, last).rows("position"))
        held_out[first:last] = pc.is_in(table["source"], names).to_numpy()
        first = last
    return positions, held_out


def no_contamination(folder: Path, overlap: int, cache: Path) -> Gate:
    """The gate that reads the written files once more and looks for text that train or dev share with held-out text.

    Args:
        folder: with the files of the parts.
        overlap: words in a row.
        cache: a folder for what is found out about rows that were not there before.
    """
    library = Library(cache, "gate")
    return _gate({part: _reread(folder / file_of(part), overlap, library) for part in PARTS}, overlap)


def _gate(parts: dict[str, Part], overlap: int) -> Gate:
    test, dev = parts["test"].held_out_index("test", overlap), parts["dev"].held_out_index("dev", overlap)
    shared = sum(len(parts[part].shared(index).lines)
                 for part, index in (("train", test), ("train", dev), ("dev", test)))
    return Gate(name="no_contamination", passed=shared == 0, blocking=True, value=shared, threshold=0,
                reason=f"{shared} lines of training share text with held-out lines; none may" if shared else
                "no line of training shares text with a held-out line",
                fix="This is a fault of the program: please report it with the log of the run")


def _recipe(overlap: int) -> Recipe:
    return Recipe.of("vernacular.corpus.split_features", {"overlap": overlap})


def _reread(path: Path, overlap: int, library: Library) -> Part:
    """What was written to ``path``, found out from the bytes that are there now."""
    return Part(tables_for(Rows.of(path, library.folder), _recipe(overlap), library, silent), path)


def _shared(part: Part, chosen: Mask, indexes: Sequence[HeldOut]) -> tuple[Shared, list[str]]:
    """The lines of a part that share text with one of ``indexes``, and the reasons by their numbers.

    Args:
        part: the documents that are ``chosen``.
        chosen: which of all documents are in the part.
        indexes: of text that the part may not share.
    """
    documents, reasons = places_of(chosen, part.view.folder), list[str]()
    parts = [Shared.none()]
    for index in indexes:
        found = part.shared(index)
        numbers, of = np.unique(found.reasons, return_inverse=True)
        parts.append(Shared(documents[found.documents], found.lines, of + len(reasons)))
        reasons += [index.reason(number) for number in numbers.tolist()]
    return Shared.joined(parts), reasons


def _chosen_rows(source: Path, chosen: Mask, dropped: Shared) -> Iterator[pa.Table]:
    """The rows of ``source`` that are ``chosen``, without the lines that are ``dropped``."""
    first = 0
    for table in read_tables(source):
        last = first + len(table)
        wanted = chosen[first:last].copy()
        changed = dict(dropped.of(first, last))
        if changed:
            values = table["text"].to_pylist()
            for number, reasons in changed.items():
                kept = [text for line, text in enumerate(values[number].split("\n")) if line not in reasons]
                values[number] = "\n".join(kept)
                wanted[number] = bool(kept)
            table = table.set_column(table.column_names.index("text"), CLEANED.field("text"), [values])
        yield table.filter(pa.array(wanted))
        first = last


def _rejected_rows(source: Path, dropped: Shared, reasons: Sequence[str], part: str) -> Iterator[Row]:
    """The lines of ``source`` that were ``dropped``, for ``rejects.parquet``."""
    first = 0
    for table in read_tables(source, ["id", "text"]) if len(dropped.lines) else ():
        for number, lines in dropped.of(first, first + len(table)):
            texts = table["text"][number].as_py().split("\n")
            for line, reason in lines.items():
                yield {"id": table["id"][number].as_py(), "line": line + 1, "part": part, "rule": "overlap",
                       "reason": reasons[reason], "text": texts[line]}
        first += len(table)


def _report(out: Path, parts: dict[str, Part]) -> Report:
    report = Report()
    sizes = {part: own.view.total("words") for part, own in parts.items()}
    report.count("documents", sum(len(own.view) for own in parts.values()), "documents in the three parts", "documents")
    report.count("words", sum(sizes.values()), "words in the three parts", "words")
    for part, own in parts.items():
        report.count(f"documents_{part}", len(own.view), f"documents in {part}", "documents")
        report.count(f"lines_{part}", own.view.number("lines"), f"lines in {part}", "lines")
        report.count(f"words_{part}", sizes[part], f"words in {part}", "words")
        report.count(f"characters_{part}", own.view.total("characters"), f"characters in {part}", "characters")
    report.count("lines_rejected_overlap", count_rows(out / REJECTS), "lines that share text with held-out lines",
                 "lines")
    report.count("words_rejected_overlap", sum(len(words(row["text"])) for row in read_rows(out / REJECTS, ["text"])),
                 "words in lines that share text with held-out lines", "words")
    report.samples["rejected"] = [{"part": row["part"], "reason": row["reason"], "text": row["text"][:_EXCERPT]}
                                  for row in islice(read_rows(out / REJECTS), _SAMPLES)]
    tallies = {}
    for column in ("source", "register"):
        found: dict[str, dict[str, DocumentsAndWords]] = {}
        for part, own in parts.items():
            for name, (documents, words_of) in _tally(own, column).items():
                found.setdefault(name, {})[part] = DocumentsAndWords(documents=documents, words=words_of)
        tallies[column] = dict(sorted(found.items()))
        report.samples[f"parts by {column}"] = [
            {column: name, **{f"{part} {unit}": getattr(row[part], unit) if part in row else 0 for part in PARTS
                              for unit in ("documents", "words")}} for name, row in sorted(found.items())]
    report.set_result(SplitsResult(parts_by_source=tallies["source"], parts_by_register=tallies["register"]))
    bars(out / "parts.png", "Words by part", list(PARTS), [sizes[part] for part in PARTS], "words")
    report.plots["Words by part"] = "parts.png"
    return report


def _tally(part: Part, column: str) -> dict[str, tuple[int, int]]:
    """Documents and words by the values of a column."""
    found: dict[str, tuple[int, int]] = {}
    first = 0
    for table in read_tables(part.path, [column]):
        encoded = table[column].combine_chunks().dictionary_encode()
        at, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
        of_rows = part.view.between(first, first + len(table)).rows("words")
        for name, documents, of in zip(names, np.bincount(at, minlength=len(names)).tolist(),
                                       np.bincount(at, of_rows, len(names)).tolist(), strict=True):
            before = found.get(name, (0, 0))
            found[name] = before[0] + documents, before[1] + int(of)
        first += len(table)
    return found
