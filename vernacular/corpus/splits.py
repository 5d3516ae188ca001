"""The stage ``corpus/splits``: parts documents into train, dev and test, and takes shared text out of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vernacular.cleaning.cache import Library, View, uncollected
from vernacular.cleaning.decontamination import HeldOut
from vernacular.cleaning.workers import Recipe, Rows, tables_for
from vernacular.config.schema import Splits
from vernacular.core.errors import Problem
from vernacular.core.plots import bars
from vernacular.core.report import Gate, Report
from vernacular.core.result import DocumentsAndWords
from vernacular.core.store import digest_of
from vernacular.corpus.assignment import DEV, PARTS, TEST, TRAIN, assign
from vernacular.corpus.split_features import FEATURES_VERSION
from vernacular.corpus.stage_results import SplitsResult
from vernacular.pipeline.stage import StageContext, silent
from vernacular.provenance.corpus_tables import (
    CLEANED,
    DOCUMENTS,
    REJECTED_OF_SPLITS,
    REJECTS,
    file_of,
    read_table,
    read_tables,
    write_rows,
    write_tables,
)
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
        hashes, runs = self._hashes(self.view), self._runs(self.view)
        hashes = hashes[self.view.take("lines", "words", self.view.entries("lines")) > 0]
        return HeldOut([name], overlap, *((found, np.zeros(len(found), np.uint32)) for found in (hashes, runs)))

    def shared(self, index: HeldOut) -> NDArray[np.uint32]:
        """For each line 0, or the number of the reason why it may not stay.

        Takes some rows at a time: the runs of all of a large corpus do not fit into memory.
        """
        return np.concatenate([np.zeros(0, np.uint32), *(
            index.judge_hashes(self._hashes(rows), self._runs(rows), rows.take("lines", "runs", rows.entries("lines")))
            for rows in self.view.parts("runs", _RUNS_AT_ONCE))])

    @staticmethod
    def _hashes(rows: View) -> NDArray[np.uint64]:
        return rows.take("lines", "hash", rows.entries("lines"))

    @staticmethod
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
    rows = Rows.of(path)
    library.shed(rows.keys)
    view = tables_for(rows, _recipe(overlap), library, work.progress)
    unknown = set(settings.held_out) - {source.name for source in work.language.sources}
    if unknown:
        raise Problem(f"there is no source '{min(unknown)}'", where="splits.held_out",
                      fix="Use names of entries under `sources:`")
    held_out = pc.is_in(read_table(path, ["source"])["source"], pa.array(settings.held_out, pa.string())).to_numpy()
    given = assign(view.rows("position"), held_out, settings)
    rejects: list[Row] = []
    parts: dict[str, Part] = {}
    indexes: list[HeldOut] = []
    for name, number in (("test", TEST), ("dev", DEV), ("train", TRAIN)):
        parts[name] = _write_part(work.out, path, view, given == number, name, indexes, rejects, library, overlap)
        if name != "train":
            indexes.append(parts[name].held_out_index(f"the {name} part", overlap))
    write_rows(work.out / REJECTS, rejects, REJECTED_OF_SPLITS)
    for part, share in (("train", 1.0), ("dev", settings.dev), ("test", settings.test)):
        if share > 0 and not len(parts[part].view):
            raise Problem(f"too little text: of {len(rows)} documents none is left for {part} once shared text is out",
                          where="corpus/splits", fix="Add text, or look for texts that repeat each other")
    library.tidy()
    report = _report(work.out, {name: parts[name] for name in PARTS}, rejects)
    report.gates.append(_gate(parts, overlap))
    return report


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
    shared = sum(int((parts[part].shared(index) > 0).sum())
                 for part, index in (("train", test), ("train", dev), ("dev", test)))
    return Gate(name="no_contamination", passed=shared == 0, blocking=True, value=shared, threshold=0,
                reason=f"{shared} lines of training share text with held-out lines; none may" if shared else
                "no line of training shares text with a held-out line",
                fix="This is a fault of the program: please report it with the log of the run")


def _recipe(overlap: int) -> Recipe:
    return Recipe.of("vernacular.corpus.split_features", {"overlap": overlap})


def _reread(path: Path, overlap: int, library: Library) -> Part:
    """What was written to ``path``, found out from the bytes that are there now."""
    return Part(tables_for(Rows.of(path), _recipe(overlap), library, silent), path)


def _write_part(out: Path, source: Path, view: View, chosen: Mask, name: str, indexes: Sequence[HeldOut],
                rejects: list[Row], library: Library, overlap: int) -> Part:
    """Write the documents of a part without the lines in ``indexes``; those are added to ``rejects``.

    Args:
        out: folder of the result.
        source: the cleaned documents.
        view: their tables.
        chosen: which of them are in the part.
        name: of the part.
        indexes: of text that the part may not share.
        rejects: of all parts.
        library: of the tables.
        overlap: words in a row.
    """
    documents = np.flatnonzero(chosen)
    part = Part(view.at(documents), source)
    ends = np.cumsum(part.view.counts("lines"))
    dropped: dict[int, dict[int, str]] = {}
    for other in indexes:
        found = part.shared(other)
        for line in np.flatnonzero(found).tolist():
            of = int(np.searchsorted(ends, line, side="right"))
            first = int(ends[of - 1]) if of else 0
            dropped.setdefault(int(documents[of]), {}).setdefault(line - first, other.reason(int(found[line])))
    write_tables(out / file_of(name), CLEANED, _chosen_rows(source, chosen, dropped, name, rejects))
    return _reread(out / file_of(name), overlap, library)


def _chosen_rows(source: Path, chosen: Mask, dropped: dict[int, dict[int, str]], part: str,
                 rejects: list[Row]) -> Iterator[pa.Table]:
    """The rows of ``source`` that are ``chosen``, without the lines in ``dropped``: document -> line -> reason."""
    first = 0
    for table in read_tables(source):
        wanted = chosen[first:first + len(table)].copy()
        texts = table["text"]
        changed = [number for number in np.flatnonzero(wanted).tolist() if first + number in dropped] if dropped else []
        if changed:
            values = texts.to_pylist()
            for number in changed:
                reasons, kept = dropped[first + number], []
                for line, text in enumerate(values[number].split("\n")):
                    if line in reasons:
                        rejects.append({"id": table["id"][number].as_py(), "line": line + 1, "part": part,
                                        "rule": "overlap", "reason": reasons[line], "text": text})
                    else:
                        kept.append(text)
                values[number] = "\n".join(kept)
                wanted[number] = bool(kept)
            table = table.set_column(table.column_names.index("text"), CLEANED.field("text"), [values])
        yield table.filter(pa.array(wanted))
        first += len(wanted)


def _report(out: Path, parts: dict[str, Part], rejects: Sequence[Row]) -> Report:
    report = Report()
    columns = {part: {"words": own.view.rows("words"), "characters": own.view.rows("characters"),
                      "lines": own.view.counts("lines")} for part, own in parts.items()}
    sizes = {part: int(found["words"].sum()) for part, found in columns.items()}
    report.count("documents", sum(len(own.view) for own in parts.values()), "documents in the three parts", "documents")
    report.count("words", sum(sizes.values()), "words in the three parts", "words")
    for part, own in parts.items():
        report.count(f"documents_{part}", len(own.view), f"documents in {part}", "documents")
        report.count(f"lines_{part}", int(columns[part]["lines"].sum()), f"lines in {part}", "lines")
        report.count(f"words_{part}", sizes[part], f"words in {part}", "words")
        report.count(f"characters_{part}", int(columns[part]["characters"].sum()), f"characters in {part}",
                     "characters")
    report.count("lines_rejected_overlap", len(rejects), "lines that share text with held-out lines", "lines")
    report.count("words_rejected_overlap", sum(len(words(row["text"])) for row in rejects),
                 "words in lines that share text with held-out lines", "words")
    report.samples["rejected"] = [{"part": row["part"], "reason": row["reason"], "text": row["text"][:_EXCERPT]}
                                  for row in rejects[:_SAMPLES]]
    tallies = {}
    for column in ("source", "register"):
        found: dict[str, dict[str, DocumentsAndWords]] = {}
        for part, own in parts.items():
            encoded = read_table(own.path, [column])[column].combine_chunks().dictionary_encode()
            at, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
            for name, documents, words_of in zip(names, np.bincount(at, minlength=len(names)).tolist(), np.bincount(
                    at, columns[part]["words"], len(names)).tolist(), strict=True):
                found.setdefault(name, {})[part] = DocumentsAndWords(documents=documents, words=int(words_of))
        tallies[column] = dict(sorted(found.items()))
        report.samples[f"parts by {column}"] = [
            {column: name, **{f"{part} {unit}": getattr(row[part], unit) if part in row else 0 for part in PARTS
                              for unit in ("documents", "words")}} for name, row in sorted(found.items())]
    report.set_result(SplitsResult(parts_by_source=tallies["source"], parts_by_register=tallies["register"]))
    bars(out / "parts.png", "Words by part", list(PARTS), [sizes[part] for part in PARTS], "words")
    report.plots["Words by part"] = "parts.png"
    return report
